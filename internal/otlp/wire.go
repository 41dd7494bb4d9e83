package otlp

import (
	"encoding/binary"
	"fmt"
)

// Wire types of protobuf: the low three bits of a tag.
const (
	wireVarint     = 0
	wireFixed64    = 1
	wireLen        = 2
	wireGroupStart = 3
	wireGroupEnd   = 4
	wireFixed32    = 5
)

// A field is read from a slice that ends where its message ends and starts where the request starts, so that
// every position is an offset in the request and every bound is the slice's own. A position below zero means
// that the bytes cannot be read; describe tells why, later and slowly.

// varint reads a base-128 number: at most ten bytes, what does not fit in 64 bits is cut off.
func varint(b []byte, pos int) (v uint64, next int) {
	for shift := uint(0); shift < 64; shift += 7 {
		if uint(pos) >= uint(len(b)) {
			return 0, -1
		}
		c := b[pos]
		pos++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, pos
		}
	}
	return 0, -1
}

// piece reads the length at pos and returns where the bytes that it measures start and end. The caller has to
// see that they do not end beyond b; to is below zero if the length cannot be read or is far beyond.
func piece(b []byte, pos int) (from, to int) {
	if uint(pos) < uint(len(b)) && b[pos] < 0x80 {
		return pos + 1, pos + 1 + int(b[pos])
	}
	return longPiece(b, pos)
}

func longPiece(b []byte, pos int) (from, to int) {
	n, next := varint(b, pos)
	if next < 0 || n > uint64(len(b)-next) {
		return 0, -1
	}
	return next, next + int(n)
}

// readTag reads a tag in its plain form, the field number cut to 31 bits as decoders do.
func readTag(b []byte, pos int) (tag uint64, next int) {
	tag, next = varint(b, pos)
	num := int32(tag >> 3)
	if next < 0 || num <= 0 {
		return 0, -1
	}
	return uint64(num)<<3 | tag&7, next
}

// readField reads the field at pos: its tag, its value, and where the next field starts. The value of a
// length-delimited field is the offset of its first byte; its last is next-1. A group has none.
//
// Requires: pos < len(b).
func readField(b []byte, pos int) (tag, val uint64, next int) {
	tag = uint64(b[pos])
	if tag < 0x80 && tag >= 8 {
		pos++
	} else if tag, pos = readTag(b, pos); pos < 0 {
		return 0, 0, -1
	}
	switch tag & 7 {
	case wireLen:
		from, to := pos+1, 0
		if pos < len(b) && b[pos] < 0x80 {
			to = from + int(b[pos])
		} else {
			from, to = longPiece(b, pos)
		}
		if to > len(b) {
			return 0, 0, -1
		}
		return tag, uint64(from), to
	case wireFixed64:
		if len(b)-pos < 8 {
			return 0, 0, -1
		}
		return tag, binary.LittleEndian.Uint64(b[pos:]), pos + 8
	case wireVarint:
		if pos < len(b) && b[pos] < 0x80 {
			return tag, uint64(b[pos]), pos + 1
		}
	case wireGroupStart:
		return tag, 0, skipGroup(b, pos)
	}
	val, next = readScalar(b, pos, tag)
	return tag, val, next
}

// readScalar reads the number after a tag. A group's end and the two unused wire types are faults.
func readScalar(b []byte, pos int, tag uint64) (val uint64, next int) {
	switch tag & 7 {
	case wireVarint:
		return varint(b, pos)
	case wireFixed64:
		if len(b)-pos >= 8 {
			return binary.LittleEndian.Uint64(b[pos:]), pos + 8
		}
	case wireFixed32:
		if len(b)-pos >= 4 {
			return uint64(binary.LittleEndian.Uint32(b[pos:])), pos + 4
		}
	}
	return 0, -1
}

// skipGroup passes over a group whose start tag ends at pos. It follows pdata to the letter, as what it lets
// pass must be decodable when it is exported: a group may hold only groups, something must follow it in the
// message, field numbers of start and end are not compared, and at the first field with a value pdata takes
// the group for ended.
func skipGroup(b []byte, pos int) (next int) {
	for depth := 1; depth > 0; {
		tag, at := readTag(b, pos)
		if at < 0 || at >= len(b) {
			return -1
		}
		pos = at
		switch tag & 7 {
		case wireGroupStart:
			depth++
		case wireGroupEnd:
			depth--
		case wireLen:
			if _, next = piece(b, pos); next > len(b) {
				return -1
			}
			return next
		default:
			_, next = readScalar(b, pos, tag)
			return next
		}
	}
	return pos
}

// describe says what is wrong with the field at pos, which a walk of b has refused. It names numbers only.
func describe(b []byte, pos int) string {
	raw, value := varint(b, pos)
	if value < 0 {
		return "tag cut off or longer than 10 bytes"
	}
	tag, _ := readTag(b, pos)
	if tag == 0 {
		return fmt.Sprintf("field number %d", int32(raw>>3))
	}
	return fmt.Sprintf("field %d: %s", tag>>3, describeValue(b, pos, value, tag))
}

func describeValue(b []byte, field, value int, tag uint64) string {
	if _, _, next := readField(b, field); next >= 0 {
		return fmt.Sprintf("wire type %d", tag&7)
	}
	switch tag & 7 {
	case wireLen:
		n, at := varint(b, value)
		if at < 0 {
			return "length cut off or longer than 10 bytes"
		}
		return fmt.Sprintf("length %d beyond the message", n)
	case wireGroupStart, wireGroupEnd:
		return "group with contents, without end, or last in the message"
	case wireVarint:
		return "number cut off or longer than 10 bytes"
	case wireFixed32, wireFixed64:
		return "number cut off"
	}
	return fmt.Sprintf("wire type %d", tag&7)
}
