package traffic

import (
	"encoding/binary"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"
)

// Encode returns traces as an OTLP ExportTraceServiceRequest with the fields of every message in ascending order, as
// SDKs send them. The Collector's own marshaler writes the same messages from the last field to the first, a value
// before its key: it reads the same, but what reads the wire meets another order than in life.
func Encode(td ptrace.Traces) []byte {
	var m ptrace.ProtoMarshaler
	dst := make([]byte, 0, m.TracesSize(td)+64)
	for _, rs := range td.ResourceSpans().All() {
		dst = nested(dst, 1, func(dst []byte) []byte {
			dst = nested(dst, 1, func(dst []byte) []byte { return appendAttributes(dst, 1, rs.Resource().Attributes()) })
			for _, ss := range rs.ScopeSpans().All() {
				dst = nested(dst, 2, func(dst []byte) []byte { return appendScopeSpans(dst, ss) })
			}
			return dst
		})
	}
	return dst
}

// nested appends a message field. The length goes in front once it is known, which moves the message by a few bytes;
// that costs less than working out the length first.
func nested(dst []byte, field protowire.Number, body func([]byte) []byte) []byte {
	dst = protowire.AppendTag(dst, field, protowire.BytesType)
	start := len(dst)
	dst = body(dst)
	n := len(dst) - start
	var length [binary.MaxVarintLen64]byte
	width := binary.PutUvarint(length[:], uint64(n))
	dst = append(dst, length[:width]...)
	copy(dst[start+width:], dst[start:start+n])
	copy(dst[start:], length[:width])
	return dst
}

func appendString(dst []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, field, protowire.BytesType), s)
}

func appendVarint(dst []byte, field protowire.Number, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), v)
}

func appendFixed64(dst []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(dst, field, protowire.Fixed64Type), v)
}

func appendScopeSpans(dst []byte, ss ptrace.ScopeSpans) []byte {
	dst = nested(dst, 1, func(dst []byte) []byte {
		dst = appendString(dst, 1, ss.Scope().Name())
		return appendString(dst, 2, ss.Scope().Version())
	})
	for _, span := range ss.Spans().All() {
		dst = nested(dst, 2, func(dst []byte) []byte { return appendSpan(dst, span) })
	}
	return dst
}

func appendSpan(dst []byte, s ptrace.Span) []byte {
	trace, id, parent := s.TraceID(), s.SpanID(), s.ParentSpanID()
	dst = appendString(dst, 1, string(trace[:]))
	dst = appendString(dst, 2, string(id[:]))
	if !parent.IsEmpty() {
		dst = appendString(dst, 4, string(parent[:]))
	}
	dst = appendString(dst, 5, s.Name())
	dst = appendVarint(dst, 6, uint64(s.Kind()))
	dst = appendFixed64(dst, 7, uint64(s.StartTimestamp()))
	dst = appendFixed64(dst, 8, uint64(s.EndTimestamp()))
	dst = appendAttributes(dst, 9, s.Attributes())
	for _, event := range s.Events().All() {
		dst = nested(dst, 11, func(dst []byte) []byte {
			dst = appendFixed64(dst, 1, uint64(event.Timestamp()))
			dst = appendString(dst, 2, event.Name())
			return appendAttributes(dst, 3, event.Attributes())
		})
	}
	// The status is there even when it is empty, as SDKs write it.
	dst = nested(dst, 15, func(dst []byte) []byte {
		dst = appendString(dst, 2, s.Status().Message())
		return appendVarint(dst, 3, uint64(s.Status().Code()))
	})
	return protowire.AppendFixed32(protowire.AppendTag(dst, 16, protowire.Fixed32Type), s.Flags())
}

func appendAttributes(dst []byte, field protowire.Number, m pcommon.Map) []byte {
	for key, value := range m.All() {
		dst = nested(dst, field, func(dst []byte) []byte {
			dst = appendString(dst, 1, key)
			return nested(dst, 2, func(dst []byte) []byte { return appendValue(dst, value) })
		})
	}
	return dst
}

// appendValue knows the kinds of values that the generator writes.
func appendValue(dst []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return protowire.AppendVarint(protowire.AppendTag(dst, 3, protowire.VarintType), uint64(v.Int()))
	case pcommon.ValueTypeDouble:
		return appendFixed64(dst, 4, math.Float64bits(v.Double()))
	case pcommon.ValueTypeSlice:
		return nested(dst, 5, func(dst []byte) []byte {
			for _, element := range v.Slice().All() {
				dst = nested(dst, 1, func(dst []byte) []byte { return appendValue(dst, element) })
			}
			return dst
		})
	case pcommon.ValueTypeStr:
		return protowire.AppendString(protowire.AppendTag(dst, 1, protowire.BytesType), v.Str())
	default:
		panic("traffic: no encoding for a value of type " + v.Type().String())
	}
}
