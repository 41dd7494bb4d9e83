package otlp

import (
	"encoding/binary"
	"math"
)

// SpanHead is what can be told of a Span message without looking into its attributes' values.
type SpanHead struct {
	ID, Parent SpanID
	Start      uint64 // Unix nanoseconds
	TraceState []byte // aliases the message
}

const (
	spanTraceState = 3<<3 | wireLen
	attributeKey   = 1<<3 | wireLen
	attributeValue = 2<<3 | wireLen
)

// Head reads a Span message and calls attr with the key of each of its attributes. The message must be one that Walk
// has accepted; what cannot be read ends the reading.
func Head(span []byte, attr func(key []byte)) (h SpanHead) {
	for pos := 0; pos < len(span); {
		tag, val, next := readField(span, pos)
		if next < 0 {
			return h
		}
		switch tag {
		case 2<<3 | wireLen:
			copy(h.ID[:], span[val:next])
		case spanTraceState:
			h.TraceState = span[val:next]
		case 4<<3 | wireLen:
			copy(h.Parent[:], span[val:next])
		case 7<<3 | wireFixed64:
			h.Start = val
		case spanAttribute:
			attr(keyOf(span[val:next]))
		}
		pos = next
	}
	return h
}

// keyOf returns the key of a KeyValue message.
func keyOf(attr []byte) (key []byte) {
	for pos := 0; pos < len(attr); {
		tag, val, next := readField(attr, pos)
		if next < 0 {
			return key
		}
		if tag == attributeKey {
			if key = attr[val:next]; pos == 0 {
				return key // nobody writes two
			}
		}
		pos = next
	}
	return key
}

// AppendSpanWithout appends a Span message without those attributes whose keys drop says yes to, and without its trace
// state if state is true. The message must be one that Walk has accepted.
func AppendSpanWithout(dst, span []byte, drop func(key []byte) bool, state bool) []byte {
	for pos := 0; pos < len(span); {
		tag, val, next := readField(span, pos)
		if next < 0 {
			return append(dst, span[pos:]...)
		}
		if !(tag == spanTraceState && state) && !(tag == spanAttribute && drop(keyOf(span[val:next]))) {
			dst = append(dst, span[pos:next]...)
		}
		pos = next
	}
	return dst
}

// AppendSpanText appends a text attribute, as a field of a Span message. A message may go on after its end: what is
// appended to a span counts as if it had been written with it.
func AppendSpanText(dst []byte, key, value string) []byte {
	dst = appendSpanAttr(dst, key, nestedSize(len(value)))
	return append(appendHead(dst, byte(ValueString), len(value)), value...)
}

// AppendSpanInt appends a whole number as an attribute, as AppendSpanText does.
func AppendSpanInt(dst []byte, key string, value int64) []byte {
	var number [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(number[:], uint64(value))
	dst = append(appendSpanAttr(dst, key, 1+n), byte(ValueInt)<<3|wireVarint)
	return append(dst, number[:n]...)
}

// AppendSpanDouble appends a floating-point number as an attribute, as AppendSpanText does.
func AppendSpanDouble(dst []byte, key string, value float64) []byte {
	dst = append(appendSpanAttr(dst, key, 9), byte(ValueDouble)<<3|wireFixed64)
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(value))
}

// AppendSpanBool appends a truth value as an attribute, as AppendSpanText does.
func AppendSpanBool(dst []byte, key string, value bool) []byte {
	dst = append(appendSpanAttr(dst, key, 2), byte(ValueBool)<<3|wireVarint)
	if value {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendSpanTexts appends an array of texts as an attribute, as AppendSpanText does.
func AppendSpanTexts(dst []byte, key string, values []string) []byte {
	size := 0
	for _, v := range values {
		size += nestedSize(nestedSize(len(v)))
	}
	dst = appendHead(appendSpanAttr(dst, key, nestedSize(size)), byte(ValueArray), size)
	for _, v := range values {
		dst = appendHead(dst, 1, nestedSize(len(v)))
		dst = append(appendHead(dst, byte(ValueString), len(v)), v...)
	}
	return dst
}

// AppendSpanState appends a trace state, as a field of a Span message that has none.
func AppendSpanState(dst []byte, state string) []byte {
	return append(appendHead(dst, 3, len(state)), state...)
}

// appendSpanAttr begins an attribute whose AnyValue message has size bytes, which the caller appends.
func appendSpanAttr(dst []byte, key string, size int) []byte {
	dst = appendHead(dst, 9, nestedSize(len(key))+nestedSize(size))
	dst = append(appendHead(dst, 1, len(key)), key...)
	return appendHead(dst, attributeValue>>3, size)
}
