package otlp

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// askedKeys are the keys that the tests walk for. Some end alike, some are short, one is empty.
var askedKeys = []string{
	"gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "session.id", "k", "", "message",
	"exception.message",
}

// agree walks body and lets the Collector's decoder read it, and fails unless both say the same of it, but for
// the differences that Walk documents. It returns what was found; ok is false if the body was refused.
func agree(t testing.TB, body []byte) (x Index, ok bool) {
	t.Helper()
	keys := NewKeys(askedKeys)
	err := x.Walk(body, keys)
	request := ptraceotlp.NewExportRequest()
	oracle := request.UnmarshalProto(body)
	switch {
	case err != nil:
		checkRefusal(t, body, err)
		if oracle == nil && !(strings.Contains(err.Error(), "nested") && deepest(request.Traces()) > maxDepth) {
			t.Fatalf("Walk refuses what pdata takes: %v\nbody %q", err, body)
		}
		return x, false
	case oracle != nil && (!strings.Contains(oracle.Error(), "ID length") || x.RejectedN == 0):
		t.Fatalf("Walk takes what pdata refuses: %v, with %d spans rejected\nbody %q", oracle, x.RejectedN, body)
	}
	checkIndex(t, &x, body)
	again := rebuild(t, &x, body)
	if oracle != nil {
		return x, true
	}
	o := &comparison{t: t, x: &x, body: body, keys: keys, merged: merges(body)}
	o.compare(request.Traces())
	if got, want := flatten(again, o.merged), flatten(request.Traces(), o.merged); !slices.Equal(got, want) {
		t.Fatalf("put together again: got\n%q\nwant\n%q\nbody %q", got, want, body)
	}
	return x, true
}

// checkRefusal checks what every error of Walk promises.
func checkRefusal(t testing.TB, body []byte, err error) {
	t.Helper()
	var m *MalformedError
	if !errors.As(err, &m) || !errors.Is(err, ErrMalformed) || m.Offset < 0 || m.Offset > len(body) || m.What == "" {
		t.Fatalf("Walk = %#v, want a MalformedError with a place in %d bytes", err, len(body))
	}
}

// checkIndex checks what is true of every index whatever it was made from.
func checkIndex(t testing.TB, x *Index, body []byte) {
	t.Helper()
	for i, s := range x.Spans {
		if got, want := s.Hash, Hash(s.Msg.In(body)); got != want {
			t.Fatalf("span %d: hash %x, want %x", i, got, want)
		}
		if s.Attrs.From > s.OwnTo || s.OwnTo > s.Attrs.To || int(s.Attrs.To) > len(x.Attrs) {
			t.Fatalf("span %d: attributes %v of %d, own to %d", i, s.Attrs, len(x.Attrs), s.OwnTo)
		}
		if s.Trace == (TraceID{}) || s.ID == (SpanID{}) || int(s.Scope) >= len(x.Scopes) {
			t.Fatalf("span %d: ids %x %x, scope %d of %d", i, s.Trace, s.ID, s.Scope, len(x.Scopes))
		}
	}
}

// groups makes one Group of each span of x.
func groups(x *Index, body []byte) []Group {
	var all []Group
	for _, s := range x.Spans {
		scope := x.Scopes[s.Scope]
		resource := x.Resources[scope.Resource]
		all = append(all, Group{
			Resource: resource.Msg.In(body), ResourceSchema: resource.Schema.In(body),
			Scope: scope.Msg.In(body), ScopeSchema: scope.Schema.In(body),
			Spans: [][]byte{s.Msg.In(body)},
		})
	}
	return all
}

// rebuild puts all spans of x together again and decodes them.
func rebuild(t testing.TB, x *Index, body []byte) ptrace.Traces {
	t.Helper()
	all := groups(x, body)
	out := AppendRequest([]byte("before"), all)
	if got, want := SizeRequest(all), len(out)-len("before"); got != want || !bytes.HasPrefix(out, []byte("before")) {
		t.Fatalf("SizeRequest = %d, AppendRequest appends %d bytes", got, want)
	}
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(out[len("before"):])
	if err != nil {
		t.Fatalf("pdata refuses the request put together again: %v\nbody %q", err, body)
	}
	if got, want := traces.SpanCount(), len(x.Spans); got != want {
		t.Fatalf("put together again: %d spans, want %d", got, want)
	}
	return traces
}

// merges tells whether a ResourceSpans or ScopeSpans of body has its resource or scope in two pieces, which
// pdata merges and Walk does not. Walk has accepted body.
func merges(body []byte) bool {
	found := false
	fields(body, 0, func(tag uint64, b []byte, pos int) {
		if tag != 1<<3|wireLen {
			return
		}
		resources := 0
		fields(b, pos, func(tag uint64, b []byte, pos int) {
			scopes := 0
			switch tag {
			case 1<<3 | wireLen:
				resources++
			case 2<<3 | wireLen, oldScopeSpans<<3 | wireLen:
				fields(b, pos, func(tag uint64, _ []byte, _ int) {
					if tag == 1<<3|wireLen {
						scopes++
					}
				})
			}
			found = found || scopes > 1
		})
		found = found || resources > 1
	})
	return found
}

// fields calls f for each length-delimited field of a message of an accepted body.
func fields(b []byte, pos int, f func(tag uint64, b []byte, pos int)) {
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if tag&7 == wireLen {
			f(tag, b[:next], int(val))
		}
		pos = next
	}
}

// flatten lists the valid spans of traces, each with its resource and scope unless merged, in protobuf: equal
// text means equal traces, but for what holds no spans.
func flatten(traces ptrace.Traces, merged bool) []string {
	var all []string
	for _, rs := range traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if s.TraceID().IsEmpty() || s.SpanID().IsEmpty() {
					continue
				}
				one := ptrace.NewTraces()
				oneResource := one.ResourceSpans().AppendEmpty()
				oneScope := oneResource.ScopeSpans().AppendEmpty()
				s.CopyTo(oneScope.Spans().AppendEmpty())
				oneResource.SetSchemaUrl(rs.SchemaUrl())
				oneScope.SetSchemaUrl(ss.SchemaUrl())
				if !merged {
					rs.Resource().CopyTo(oneResource.Resource())
					ss.Scope().CopyTo(oneScope.Scope())
				}
				text, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(one) // it has no errors to return
				all = append(all, string(text))
			}
		}
	}
	return all
}

// attr is an Attr with its value spelled out, to compare.
type attr struct {
	key KeyID
	typ ValueType
	num uint64
	val string
}

// wantAttrs lists the asked attributes of m.
func wantAttrs(keys *Keys, m pcommon.Map) []attr {
	var all []attr
	for key, v := range m.All() {
		id, asked := keys.Find([]byte(key))
		if !asked {
			continue
		}
		a := attr{key: id}
		switch v.Type() {
		case pcommon.ValueTypeStr:
			a.typ, a.val = ValueString, v.Str()
		case pcommon.ValueTypeBool:
			a.typ = ValueBool
			if v.Bool() {
				a.num = 1
			}
		case pcommon.ValueTypeInt:
			a.typ, a.num = ValueInt, uint64(v.Int())
		case pcommon.ValueTypeDouble:
			a.typ, a.num = ValueDouble, math.Float64bits(v.Double())
		case pcommon.ValueTypeSlice:
			a.typ, a.val = ValueArray, canonical(v)
		case pcommon.ValueTypeMap:
			a.typ, a.val = ValueMap, canonical(v)
		case pcommon.ValueTypeBytes:
			a.typ, a.val = ValueBytes, string(v.Bytes().AsRaw())
		}
		all = append(all, a)
	}
	return all
}

// canonical is a value as pdata writes it.
func canonical(v pcommon.Value) string {
	traces := ptrace.NewTraces()
	v.CopyTo(traces.ResourceSpans().AppendEmpty().Resource().Attributes().PutEmpty("v"))
	text, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(traces)
	return string(text)
}
