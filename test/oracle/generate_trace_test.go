package oracle

import (
	"math"
	"math/rand/v2"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// traceMaker makes requests of random spans. They are put together as protobuf messages rather than as pdata, so that
// what senders leave out is left out, and keys may come twice.
type traceMaker struct {
	*rand.Rand
	keys, texts []string // nil: the pools that are shared with generated policies
	spansN      uint64
}

func newTraceMaker(r *rand.Rand) *traceMaker {
	return &traceMaker{Rand: r, keys: keys, texts: texts[:7]}
}

type traceID [16]byte

func (m *traceMaker) id() (id traceID) {
	for i := range id {
		id[i] = byte(m.Uint32())
	}
	return id
}

// requests spreads the spans of traces over requests, of which each has several resources and scopes.
func (m *traceMaker) requests(ids []traceID, n int) [][]byte {
	all := make([]*trace.TracesData, n)
	for i := range all {
		all[i] = &trace.TracesData{}
		for range 1 + m.IntN(3) {
			all[i].ResourceSpans = append(all[i].ResourceSpans, m.resourceSpans())
		}
	}
	for _, id := range ids {
		state := m.state()
		for range 1 + m.IntN(5)*m.IntN(2) {
			request := pick(m.Rand, all)
			scope := pick(m.Rand, pick(m.Rand, request.ResourceSpans).ScopeSpans)
			if chance(m.Rand, 0.2) {
				state = m.state()
			}
			scope.Spans = append(scope.Spans, m.span(id, state))
		}
	}
	bodies := make([][]byte, n)
	for i, request := range all {
		body, err := proto.Marshal(request)
		if err != nil {
			panic(err)
		}
		bodies[i] = body
	}
	return bodies
}

func (m *traceMaker) resourceSpans() *trace.ResourceSpans {
	rs := &trace.ResourceSpans{SchemaUrl: pick(m.Rand, []string{"", "", "https://example.test/1"})}
	if chance(m.Rand, 0.9) {
		rs.Resource = &resource.Resource{Attributes: m.attributes(2), DroppedAttributesCount: uint32(m.IntN(2))}
	}
	for range 1 + m.IntN(2) {
		ss := &trace.ScopeSpans{}
		if chance(m.Rand, 0.8) {
			ss.Scope = &common.InstrumentationScope{Name: pick(m.Rand, []string{"", "lib"}), Version: "1", Attributes: m.attributes(1)}
		}
		rs.ScopeSpans = append(rs.ScopeSpans, ss)
	}
	return rs
}

func (m *traceMaker) span(id traceID, state string) *trace.Span {
	m.spansN++
	s := &trace.Span{
		TraceId: id[:], SpanId: []byte{1, 2, 3, byte(m.spansN >> 24), byte(m.spansN >> 16), byte(m.spansN >> 8), byte(m.spansN), 9},
		TraceState: state, Name: pick(m.Rand, m.texts), Kind: trace.Span_SpanKind(m.IntN(6)),
		Attributes: m.attributes(4), Flags: uint32(pick(m.Rand, []int{0, 0, 1, 2, 3, 0x101, 0x100})),
	}
	s.StartTimeUnixNano, s.EndTimeUnixNano = m.times()
	if chance(m.Rand, 0.7) {
		s.ParentSpanId = []byte{9, 9, 9, 9, 9, 9, 9, 9}
	} else if chance(m.Rand, 0.2) {
		s.ParentSpanId = make([]byte, 8)
	}
	if chance(m.Rand, 0.7) {
		s.Status = &trace.Status{Code: trace.Status_StatusCode(m.IntN(3)), Message: pick(m.Rand, m.texts)}
	}
	for range m.IntN(3) * m.IntN(2) {
		s.Events = append(s.Events, &trace.Span_Event{Name: pick(m.Rand, m.texts), TimeUnixNano: uint64(m.IntN(2)), Attributes: m.attributes(2)})
	}
	if chance(m.Rand, 0.2) {
		s.Links = append(s.Links, &trace.Span_Link{TraceId: id[:], SpanId: s.SpanId, TraceState: "a=b", Attributes: m.attributes(1), Flags: 1})
	}
	return s
}

// times makes start and end, odd ones too.
func (m *traceMaker) times() (start, end uint64) {
	const base, millisecond = uint64(1_700_000_000_000_000_000), uint64(1_000_000)
	start = base + uint64(m.IntN(7))*millisecond*pick(m.Rand, []uint64{1, 5, 1000})
	end = start + pick(m.Rand, []uint64{0, 1, millisecond - 1, millisecond, 5 * millisecond, 10 * millisecond, 1000 * millisecond, 5001 * millisecond})
	switch m.IntN(12) {
	case 0:
		start = 0
	case 1:
		end = 0
	case 2:
		start, end = end, start
	case 3:
		start, end = 0, 0
	case 4:
		start, end = pick(m.Rand, []uint64{1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}), pick(m.Rand, []uint64{1, math.MaxInt64, math.MaxUint64})
	}
	return start, end
}

func (m *traceMaker) state() string {
	return pick(m.Rand, []string{
		"", "", "", "key=value", "key=value1,vendor=x", "vendor=value", "key=value,key=value", "key=", "=value", "ot=th:8;rv:abcdefabcdefab",
		"a@b=value", "key=value,,vendor=value", " key=value", "KEY=value", "key=" + stateTexts[len(stateTexts)-1], "key=" + stateTexts[len(stateTexts)-2],
	})
}

func (m *traceMaker) attributes(most int) []*common.KeyValue {
	list := make([]*common.KeyValue, m.IntN(most+1))
	for i := range list {
		list[i] = &common.KeyValue{Key: pick(m.Rand, m.keys), Value: m.value(1)}
	}
	return list
}

func (m *traceMaker) value(depth int) *common.AnyValue {
	switch m.IntN(10) {
	case 0, 1, 2:
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: pick(m.Rand, m.texts)}}
	case 3, 4:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: pick(m.Rand, integers)}}
	case 5:
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: pick(m.Rand, append(doubles, math.NaN(), math.Inf(1)))}}
	case 6:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: chance(m.Rand, 0.5)}}
	case 7:
		return &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte(pick(m.Rand, texts))}}
	case 8:
		if depth > 0 {
			return m.nested()
		}
		return nil
	}
	return &common.AnyValue{}
}

func (m *traceMaker) nested() *common.AnyValue {
	if chance(m.Rand, 0.5) {
		return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{m.value(0), {}}}}}
	}
	list := &common.KeyValueList{Values: []*common.KeyValue{{Key: "inner", Value: m.value(0)}}}
	return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: list}}
}
