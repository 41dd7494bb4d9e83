package agent

import (
	"bytes"
	"cmp"
	"math"
	"strconv"

	"github.com/tailwise/tailwise/internal/otlp"
)

// Kind says what a Value is.
type Kind uint8

// The kinds of Value, in the order in which values are sorted.
const (
	KindBool Kind = iota + 1
	KindInt
	KindFloat
	KindText
)

// Value is one scalar attribute value. Values are comparable; the zero Value is none.
type Value struct {
	text string
	bits uint64 // 0 or 1; an int64; math.Float64bits
	kind Kind
}

// Kind returns which of the methods below to ask.
func (v Value) Kind() Kind { return v.kind }

// Bool returns a KindBool.
func (v Value) Bool() bool { return v.bits != 0 }

// Int returns a KindInt.
func (v Value) Int() int64 { return int64(v.bits) }

// Float returns a KindFloat, which is finite.
func (v Value) Float() float64 { return math.Float64frombits(v.bits) }

// Text returns a KindText.
func (v Value) Text() string { return v.text }

// Any returns the value as a bool, int64, float64 or string; nil for the zero Value.
func (v Value) Any() any {
	switch v.kind {
	case KindBool:
		return v.Bool()
	case KindInt:
		return v.Int()
	case KindFloat:
		return v.Float()
	case KindText:
		return v.text
	}
	return nil
}

// compareValues orders values by kind, then by value.
func compareValues(a, b Value) int {
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind)
	}
	switch a.kind {
	case KindFloat:
		return cmp.Compare(a.Float(), b.Float())
	case KindText:
		return cmp.Compare(a.text, b.text)
	}
	return cmp.Compare(a.Int(), b.Int())
}

// valueOf reads a scalar attribute. It returns false for arrays, maps, bytes, what is not set, and numbers that are
// not finite.
func valueOf(a *otlp.Attr, body []byte, in *Interner) (Value, bool) {
	switch a.Type {
	case otlp.ValueString:
		return Value{kind: KindText, text: in.text(a.Val.In(body))}, true
	case otlp.ValueBool:
		return Value{kind: KindBool, bits: a.Num}, true
	case otlp.ValueInt:
		return Value{kind: KindInt, bits: a.Num}, true
	case otlp.ValueDouble:
		f := math.Float64frombits(a.Num)
		if f == 0 {
			f = 0 // minus zero is zero
		}
		return Value{kind: KindFloat, bits: math.Float64bits(f)}, !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return Value{}, false
}

// numberOf reads a finite number, however it was written: many instrumentations send numbers as text.
func numberOf(a *otlp.Attr, body []byte) (float64, bool) {
	switch a.Type {
	case otlp.ValueInt:
		return float64(int64(a.Num)), true
	case otlp.ValueDouble:
		f := math.Float64frombits(a.Num)
		return f, !math.IsNaN(f) && !math.IsInf(f, 0)
	case otlp.ValueString:
		return parseNumber(a.Val.In(body))
	}
	return 0, false
}

// parseNumber reads a decimal number, with blanks around it and at most one pair of quotes (a JSON scalar).
func parseNumber(b []byte) (float64, bool) {
	const longest = 40 // bytes; a float64 in full has 24
	if len(b) > longest {
		return 0, false
	}
	b = bytes.TrimSpace(b)
	if n := len(b); n >= 2 && b[0] == '"' && b[n-1] == '"' {
		b = bytes.TrimSpace(b[1 : n-1])
	}
	// ParseFloat also takes infinities, not-a-numbers, hexadecimals and underscores, which nobody means here.
	for _, c := range b {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	return f, err == nil
}
