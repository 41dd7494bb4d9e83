package vault

import "encoding/binary"

// A level of an OTLP request says which of a message's fields lead to large values.
type level uint8

const (
	skipped level = iota
	largeValue
	requestLevel
	resourceSpansLevel
	scopeSpansLevel
	spanLevel
	eventLevel
	attributeLevel
	anyValueLevel
	arrayLevel
	mapLevel
)

// below says what is in field of a message of level l.
func (l level) below(field uint64) level {
	switch {
	case l == requestLevel && field == 1:
		return resourceSpansLevel
	case l == resourceSpansLevel && field == 2:
		return scopeSpansLevel
	case l == scopeSpansLevel && field == 2:
		return spanLevel
	case l == spanLevel && field == 9, l == eventLevel && field == 3, l == mapLevel && field == 1:
		return attributeLevel
	case l == spanLevel && field == 11:
		return eventLevel
	case l == attributeLevel && field == 2, l == arrayLevel && field == 1:
		return anyValueLevel
	case l == anyValueLevel && (field == 1 || field == 7):
		return largeValue
	case l == anyValueLevel && field == 5:
		return arrayLevel
	case l == anyValueLevel && field == 6:
		return mapLevel
	}
	return skipped
}

// maxNesting bounds how deep values within values are looked for.
const maxNesting = 32

// values calls found with each value of at least cutBlock bytes in the message at b[from:to]. What cannot be read is
// passed over: it is kept as it came, only not cut.
func values(b []byte, from, to int, l level, depth int, found func(from, to int)) {
	if depth > maxNesting {
		return
	}
	for pos := from; pos < to; {
		tag, n := binary.Uvarint(b[pos:to])
		if n <= 0 {
			return
		}
		pos += n
		switch tag & 7 {
		case 0:
			for pos < to && b[pos] >= 0x80 {
				pos++
			}
			pos++
		case 1:
			pos += 8
		case 5:
			pos += 4
		case 2:
			length, n := binary.Uvarint(b[pos:to])
			if n <= 0 || length > uint64(to-pos-n) {
				return
			}
			pos += n
			end := pos + int(length)
			if length >= cutBlock { // what is smaller holds nothing large
				switch next := l.below(tag >> 3); next {
				case skipped:
				case largeValue:
					found(pos, end)
				default:
					values(b, pos, end, next, depth+1, found)
				}
			}
			pos = end
		default:
			return
		}
	}
}
