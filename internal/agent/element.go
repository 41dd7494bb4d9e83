package agent

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailwise/tailwise/internal/otlp"
)

// eachElement calls fn for every scalar in the array a, which is an ArrayValue message that the walk has checked.
// What cannot be read ends the walk through it.
func eachElement(a *otlp.Attr, body []byte, fn func(*otlp.Attr)) {
	const values = 1 // field of ArrayValue
	for pos, end := a.Val.Off, a.Val.Off+a.Val.Len; pos < end; {
		num, typ, n := protowire.ConsumeTag(body[pos:end])
		if n < 0 {
			return
		}
		pos += uint32(n)
		size := protowire.ConsumeFieldValue(num, typ, body[pos:end])
		if size < 0 {
			return
		}
		if num == values && typ == protowire.BytesType {
			_, head := protowire.ConsumeVarint(body[pos:end])
			if e, ok := scalar(body, pos+uint32(head), pos+uint32(size)); ok {
				fn(&e)
			}
		}
		pos += uint32(size)
	}
}

// scalar reads the AnyValue message at body[pos:end] if it is a string, a bool or a number.
func scalar(body []byte, pos, end uint32) (a otlp.Attr, ok bool) {
	for pos < end {
		num, typ, n := protowire.ConsumeTag(body[pos:end])
		if n < 0 {
			return a, false
		}
		pos += uint32(n)
		size := protowire.ConsumeFieldValue(num, typ, body[pos:end])
		if size < 0 {
			return a, false
		}
		a, ok = otlp.Attr{Type: otlp.ValueType(min(num, math.MaxUint8))}, true
		switch {
		case a.Type == otlp.ValueString && typ == protowire.BytesType:
			_, head := protowire.ConsumeVarint(body[pos:end])
			a.Val = otlp.Range{Off: pos + uint32(head), Len: uint32(size - head)}
		case (a.Type == otlp.ValueBool || a.Type == otlp.ValueInt) && typ == protowire.VarintType:
			a.Num, _ = protowire.ConsumeVarint(body[pos:end])
			if a.Type == otlp.ValueBool {
				a.Num = min(a.Num, 1)
			}
		case a.Type == otlp.ValueDouble && typ == protowire.Fixed64Type:
			a.Num, _ = protowire.ConsumeFixed64(body[pos:end])
		default:
			ok = false
		}
		pos += uint32(size)
	}
	return a, ok
}
