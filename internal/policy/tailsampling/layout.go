package tailsampling

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// encoding says how the Collector writes a field.
type encoding uint8

const (
	absent     encoding = iota // not at all
	signed                     // varint of 32 bits, extended by its sign, unless zero
	unsigned                   // varint of 32 bits, unless zero
	eight                      // fixed64, unless zero
	four                       // fixed32, unless zero
	fourFar                    // the same with a tag of two bytes
	text                       // bytes, unless empty
	texts                      // bytes, as often as they come
	identity                   // bytes, empty or not; all zero is empty
	message                    // one message, there or not
	messages                   // messages, as often as they come
	oneText                    // the value of an AnyValue, of which the last counts: bytes
	oneBool                    // varint of one byte
	oneInt                     // varint
	oneIndex                   // varint of 32 bits, extended by its sign
	oneDouble                  // fixed64
	oneMessage                 // message
)

// layout says how the Collector writes a message: its fields by number. What is not there it forgets.
type layout [mostFields]struct {
	as    encoding
	inner *layout
}

const mostFields = 17

// layouts are the messages that sizes start from.
var layouts = newLayouts()

type topLayouts struct{ resource, scope, span layout }

func newLayouts() topLayouts {
	var value, array, keyValue, mapping, entity, event, link, status layout
	var top topLayouts
	value.set(oneText, nil, 1, 7)
	value.set(oneBool, nil, 2)
	value.set(oneInt, nil, 3)
	value.set(oneDouble, nil, 4)
	value.set(oneMessage, &array, 5)
	value.set(oneMessage, &mapping, 6)
	value.set(oneIndex, nil, 8)
	array.set(messages, &value, 1)
	mapping.set(messages, &keyValue, 1)
	keyValue.set(text, nil, 1)
	keyValue.set(message, &value, 2)
	keyValue.set(signed, nil, 3)
	entity.set(text, nil, 1, 2)
	entity.set(texts, nil, 3, 4)
	top.resource.set(messages, &keyValue, 1)
	top.resource.set(unsigned, nil, 2)
	top.resource.set(messages, &entity, 3)
	top.scope.set(text, nil, 1, 2)
	top.scope.set(messages, &keyValue, 3)
	top.scope.set(unsigned, nil, 4)
	event.set(eight, nil, 1)
	event.set(text, nil, 2)
	event.set(messages, &keyValue, 3)
	event.set(unsigned, nil, 4)
	link.set(identity, nil, 1, 2)
	link.set(text, nil, 3)
	link.set(messages, &keyValue, 4)
	link.set(unsigned, nil, 5)
	link.set(four, nil, 6)
	status.set(text, nil, 2)
	status.set(signed, nil, 3)
	top.span.set(identity, nil, 1, 2, 4)
	top.span.set(text, nil, 3, 5)
	top.span.set(signed, nil, 6)
	top.span.set(eight, nil, 7, 8)
	top.span.set(messages, &keyValue, 9)
	top.span.set(unsigned, nil, 10, 12, 14)
	top.span.set(messages, &event, 11)
	top.span.set(messages, &link, 13)
	top.span.set(message, &status, 15)
	top.span.set(fourFar, nil, 16)
	return top
}

func (l *layout) set(as encoding, inner *layout, fields ...int) {
	for _, f := range fields {
		l[f].as, l[f].inner = as, inner
	}
}

// size returns how many bytes the Collector would write for a message that a walk has checked.
func (l *layout) size(b []byte) int {
	var last [mostFields]int // sizes of fields of which the last counts
	total, one := 0, 0
	for f := range l {
		if l[f].as == identity || l[f].as == message {
			last[f] = field(0)
		}
	}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			break
		}
		b = b[n:]
		n = protowire.ConsumeFieldValue(num, typ, b)
		if n < 0 {
			break
		}
		value := b[:n]
		b = b[n:]
		if num >= mostFields || l[num].as == absent {
			continue
		}
		size := l.field(int(num), value)
		switch as := l[num].as; {
		case as == messages || as == texts:
			total += size
		case as >= oneText:
			one = size
		default:
			last[num] = size
		}
	}
	for _, size := range last {
		total += size
	}
	return total + one
}

// field returns how many bytes the Collector would write for a field, tag included, with that value on the wire.
func (l *layout) field(num int, value []byte) int {
	switch as := l[num].as; as {
	case oneBool:
		return 2
	case oneDouble:
		return 9
	case eight, four, fourFar:
		return fixedField(as, value)
	case signed, unsigned, oneInt, oneIndex:
		return numberField(as, value)
	}
	content, _ := protowire.ConsumeBytes(value)
	switch l[num].as {
	case message, messages, oneMessage:
		return field(l[num].inner.size(content))
	case identity:
		if allZero(content) {
			content = nil
		}
	case text:
		if len(content) == 0 {
			return 0
		}
	}
	return field(len(content))
}

func fixedField(as encoding, value []byte) int {
	switch {
	case allZero(value):
		return 0
	case as == fourFar:
		return 2 + len(value)
	}
	return 1 + len(value)
}

func numberField(as encoding, value []byte) int {
	v, _ := protowire.ConsumeVarint(value)
	switch as {
	case signed, oneIndex:
		v = uint64(int32(v))
	case unsigned:
		v = uint64(uint32(v))
	}
	if v == 0 && (as == signed || as == unsigned) {
		return 0
	}
	return 1 + varintSize(v)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
