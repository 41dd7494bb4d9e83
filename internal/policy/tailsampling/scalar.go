package tailsampling

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailwise/tailwise/internal/otlp"
)

// operator compares.
type operator uint8

const (
	equal operator = iota
	unequal
	less
	atMost
	more
	atLeast
)

// scalarKind is the type of a scalar as OTTL sees it.
type scalarKind uint8

const (
	isNil scalarKind = iota
	isText
	isBool
	isInt
	isFloat
	isBytes // compared, empty ones are nil and others unlike anything
	isOther // an array or a map
)

// scalar is a value that is compared. The zero scalar is OTTL's nil.
type scalar struct {
	kind scalarKind
	bits uint64 // 0 or 1; an int64; math.Float64bits
	text []byte // of isText and isBytes
}

func scalarOfAttr(a *otlp.Attr, body []byte) scalar {
	switch a.Type {
	case otlp.ValueString:
		return scalar{kind: isText, text: a.Val.In(body)}
	case otlp.ValueBool:
		return scalar{kind: isBool, bits: a.Num}
	case otlp.ValueInt:
		return scalar{kind: isInt, bits: a.Num}
	case otlp.ValueDouble:
		return scalar{kind: isFloat, bits: a.Num}
	case otlp.ValueEmpty:
		return scalar{}
	case otlp.ValueBytes:
		return scalar{kind: isBytes, text: a.Val.In(body)}
	}
	return scalar{kind: isOther}
}

// scalarOfValue reads an AnyValue message, of which the last value counts.
func scalarOfValue(message []byte) (s scalar) {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return s
		}
		message = message[n:]
		if n = protowire.ConsumeFieldValue(num, typ, message); n < 0 {
			return s
		}
		value := message[:n]
		message = message[n:]
		switch otlp.ValueType(min(num, math.MaxUint8)) {
		case otlp.ValueString:
			text, _ := protowire.ConsumeBytes(value)
			s = scalar{kind: isText, text: text}
		case otlp.ValueBool:
			v, _ := protowire.ConsumeVarint(value)
			s = scalar{kind: isBool, bits: min(v, 1)}
		case otlp.ValueInt:
			v, _ := protowire.ConsumeVarint(value)
			s = scalar{kind: isInt, bits: v}
		case otlp.ValueDouble:
			v, _ := protowire.ConsumeFixed64(value)
			s = scalar{kind: isFloat, bits: v}
		case otlp.ValueArray, otlp.ValueMap:
			s = scalar{kind: isOther}
		case otlp.ValueBytes:
			text, _ := protowire.ConsumeBytes(value)
			s = scalar{kind: isBytes, text: text}
		}
	}
	return s
}

// written returns what is no text as IsMatch writes it; false where it is an array or a map, or fails.
func (s *scalar) written() ([]byte, bool) {
	switch s.kind {
	case isBool:
		return strconv.AppendBool(nil, s.bits != 0), true
	case isInt:
		return strconv.AppendInt(nil, int64(s.bits), 10), true
	case isBytes:
		return hex.AppendEncode(nil, s.text), true
	case isFloat:
		f := math.Float64frombits(s.bits)
		format := byte('f')
		if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
			format = 'e'
		}
		return strconv.AppendFloat(nil, f, format, -1, 64), !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return nil, false
}

// compare compares as OTTL does: nil with nil is equal; numbers by size, whatever their types; what cannot be compared
// is unequal and nothing else. with is no bytes.
func (s *scalar) compare(op operator, with *scalar) bool {
	switch {
	case with.kind == isNil && (s.kind == isNil || s.kind == isBytes && len(s.text) == 0):
		return op == equal || op == atMost || op == atLeast
	case s.kind == isFloat && with.kind == isInt:
		return ordered(math.Float64frombits(s.bits), float64(int64(with.bits)), op)
	case s.kind == isInt && with.kind == isFloat:
		return ordered(float64(int64(s.bits)), math.Float64frombits(with.bits), op)
	case s.kind != with.kind:
		return op == unequal
	}
	switch s.kind {
	case isText:
		if op == equal || op == unequal {
			return bytes.Equal(s.text, with.text) == (op == equal)
		}
		return ordered(bytes.Compare(s.text, with.text), 0, op)
	case isBool, isInt:
		return ordered(int64(s.bits), int64(with.bits), op)
	case isFloat:
		return ordered(math.Float64frombits(s.bits), math.Float64frombits(with.bits), op)
	}
	return op == unequal
}

func ordered[T cmp.Ordered](a, b T, op operator) bool {
	switch op {
	case equal:
		return a == b
	case unequal:
		return a != b
	case less:
		return a < b
	case atMost:
		return a <= b
	case more:
		return a > b
	}
	return a >= b
}
