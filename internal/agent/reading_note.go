package agent

import (
	"bytes"

	"github.com/tailwise/tailwise/internal/otlp"
)

// noteText lets an attribute speak for a role if none that goes before it does.
func (r *reading) noteText(m *meaning, as role, alias uint16, a *otlp.Attr, at int32, where place) {
	have := &r.texts[as]
	if have.at != 0 && (have.place < where || have.place == where && have.alias <= alias) || !r.usable(m, as, a) {
		return
	}
	*have = found{at: at, place: where, alias: alias}
	switch as {
	case roleKind:
		r.saidKind = r.wouldBe
	case roleFinish:
		r.why = r.wouldSay
	}
}

// usable tells whether an attribute says what its role is about. What it does not say may stand under another key.
func (r *reading) usable(m *meaning, as role, a *otlp.Attr) bool {
	switch as {
	case roleArguments, roleResult, roleSystem, roleToolset, roleFirstContent, roleShape, roleMark:
		return a.Type != otlp.ValueEmpty
	case roleSession:
		return isSession(r.plainText(a))
	case roleStream:
		return a.Type == otlp.ValueBool || a.Type == otlp.ValueString
	case roleFinish:
		if r.wouldSay = r.reasonsOf(a); m.words == nil {
			return r.wouldSay != 0
		}
	}
	if m.words == nil {
		return len(r.plainText(a)) > 0
	}
	var known bool
	r.wouldBe, known = m.kindOf(r.wordOf(a))
	return known
}

// plainText reads a text, and counts as invalid what is none.
func (r *reading) plainText(a *otlp.Attr) []byte {
	switch a.Type {
	case otlp.ValueString, otlp.ValueInt:
		return unquote(textOf(a, r.body, r.scratch[:]))
	case otlp.ValueEmpty:
	default:
		r.invalid(a.Key)
	}
	return nil
}

// wordOf reads the first word of a text, or a truth value, in lower case: the AI SDK puts a function's name behind the
// operation.
func (r *reading) wordOf(a *otlp.Attr) []byte {
	if a.Type == otlp.ValueBool {
		if a.Num != 0 {
			return append(r.word[:0], "true"...)
		}
		return append(r.word[:0], "false"...)
	}
	word, _, _ := bytes.Cut(unquote(textOf(a, r.body, r.scratch[:])), []byte(" "))
	return lower(word, r.word[:], 0, 0)
}

// kindOf looks a word up in the row's dictionary.
func (m *meaning) kindOf(word []byte) (SpanKind, bool) {
	if k, known := m.words[string(word)]; known {
		return k, true
	}
	if len(word) == 0 {
		return 0, false
	}
	k, any := m.words["*"]
	return k, any
}

// noteNumber lets an attribute speak for a role that is a number.
func (r *reading) noteNumber(as role, alias uint16, a *otlp.Attr, key otlp.KeyID) {
	if a.Type == otlp.ValueEmpty {
		return
	}
	v, ok := numberOf(a, r.body)
	if !ok || v < as.least() || v > as.most() {
		r.invalid(key)
		return
	}
	switch as {
	case roleTopScore, roleScore, roleDistance:
		r.retrieved.add(as, v)
		return
	}
	r.used = r.used || as < roleTTFT
	have := &r.numbers[as-roleInput]
	switch {
	case as.adds():
		have.value, have.alias = have.value+v, 1
	case have.alias == 0 || alias < have.alias:
		have.value, have.alias = v, alias
	}
}

// unquote takes the quotes off a text that somebody wrote as JSON.
func unquote(b []byte) []byte {
	if n := len(b); n >= 2 && b[0] == '"' && b[n-1] == '"' {
		return b[1 : n-1]
	}
	return b
}

// retrieved is what one span says of the documents that it found.
type retrieved struct {
	top, least, near float64
	said             uint8 // bits: top, least, near
}

const (
	saidTop = 1 << iota
	saidLeast
	saidNear
)

func (d *retrieved) add(as role, v float64) {
	switch {
	case as == roleDistance:
		if d.said&saidNear == 0 || v < d.near {
			d.near, d.said = v, d.said|saidNear
		}
		return
	case as == roleScore && (d.said&saidLeast == 0 || v < d.least):
		d.least, d.said = v, d.said|saidLeast
	}
	if d.said&saidTop == 0 || v > d.top {
		d.top, d.said = v, d.said|saidTop
	}
}
