package agent

import (
	"bytes"
	"math"

	"github.com/tailwise/tailwise/internal/otlp"
)

// reading is one span being folded.
type reading struct {
	plan  *Plan
	facts *Facts
	x     *otlp.Index
	body  []byte
	in    *Interner
	span  *otlp.Span

	dialects dialectSet
	dialect  Dialect  // the one of dialects that is preferred
	saidKind SpanKind // what the attribute for roleKind says
	wouldBe  SpanKind // what the attribute that was looked at last would say
	kind     SpanKind
	failed   bool

	texts   [roleInput]found
	numbers [numbersN]numeral
	members [8]otlp.Attr // what JSON objects said, for texts to refer to
	membern int
	retrieved
	bad     [8]otlp.KeyID // keys whose values mean nothing
	badN    int
	scratch [24]byte
	word    [48]byte
}

// found is the attribute that speaks for a role on this span: of the nearest place, then of the first alias.
type found struct {
	at    int32 // in Index.Attrs, from 1; below zero in reading.members, from -1; 0: none
	alias uint16
	place place
}

// numeral is what speaks for a role that is a number.
type numeral struct {
	value float64
	alias uint16 // 0: none
}

// place is where an attribute stands, from the nearest to the span to the farthest.
type place uint8

const (
	onSpan place = iota
	onScope
	onResource
)

// attr returns the attribute that speaks for a role; nil if none does.
func (r *reading) attr(as role) *otlp.Attr {
	switch at := r.texts[as].at; {
	case at > 0:
		return &r.x.Attrs[at-1]
	case at < 0:
		return &r.members[-at-1]
	}
	return nil
}

// text returns what speaks for a role as text; nil if nothing does. It is good until the next call.
func (r *reading) text(as role) []byte {
	a := r.attr(as)
	if a == nil {
		return nil
	}
	return unquote(textOf(a, r.body, r.scratch[:]))
}

// number returns what speaks for a role that is a number, and false if nothing does.
func (r *reading) number(as role) (float64, bool) {
	n := &r.numbers[as-roleInput]
	return n.value, n.alias != 0
}

// scan looks at everything that is said of the span.
func (r *reading) scan() {
	s := r.span
	scope := &r.x.Scopes[s.Scope]
	own := otlp.Run{From: s.Attrs.From, To: s.OwnTo}
	events := otlp.Run{From: s.OwnTo, To: s.Attrs.To}
	about := r.x.Resources[scope.Resource].Attrs
	r.dialects = r.in.dialectsOf(scope.Name.In(r.body))
	bare := r.scanRoles(own, onSpan, false)
	r.scanEvents(events)
	r.scanRoles(scope.Attrs, onScope, false)
	r.scanRoles(about, onResource, false)
	if bare {
		r.scanRoles(own, onSpan, true)
	}
	r.dialect = r.dialects.first()
	if len(r.plan.attrs) > 0 {
		r.scanAttrs(own, events, scope.Attrs, about)
	}
}

// scanRoles notes which attributes of a run speak for the built-in facts. Keys that are bare wait until the span's
// dialects are known; it tells whether there were any.
func (r *reading) scanRoles(run otlp.Run, at place, bare bool) (more bool) {
	for i := run.From; i < run.To; i++ {
		a := &r.x.Attrs[i]
		m := &r.plan.means[a.Key]
		if m.bare != bare || bare && !r.dialects.has(m.dialect) {
			more = more || m.bare
			continue
		}
		if at == onSpan {
			r.dialects |= 1 << m.dialect
		}
		switch {
		case m.members != nil:
			if at == onSpan {
				r.scanMembers(a, m)
			}
		case m.role == roleNone || m.role == roleMark || at != onSpan && (m.role < roleAgent || m.role.isNumber()):
			// What a span did is said on the span.
		case m.role.isNumber():
			r.noteNumber(m.role, m.alias, a, a.Key)
		default:
			r.noteText(m, m.role, m.alias, a, int32(i)+1, at)
		}
	}
	return more
}

// scanEvents reads what stands on the span's events: exceptions, why a model stopped, and the documents of
// some vector databases.
func (r *reading) scanEvents(run otlp.Run) {
	for i := run.From; i < run.To; i++ {
		a := &r.x.Attrs[i]
		switch m := &r.plan.means[a.Key]; m.role {
		case roleException, roleFinish:
			r.noteText(m, m.role, m.alias, a, int32(i)+1, onSpan)
		case roleScore, roleDistance:
			r.noteNumber(m.role, m.alias, a, a.Key)
		}
	}
}

// scanMembers reads a JSON object.
func (r *reading) scanMembers(a *otlp.Attr, m *meaning) {
	if a.Type != otlp.ValueString {
		r.invalid(a.Key)
		return
	}
	for scan := scanJSON(r.body, a.Val); ; {
		path, v, ok := scan.next()
		if !ok {
			return
		}
		for i := range m.members {
			if said := &m.members[i]; said.fits(path) {
				r.noteMember(m, said, &v, a.Key)
				break
			}
		}
	}
}

func (m *aliased) fits(path []byte) bool {
	if n := len(m.path) - 1; m.path[n] == '*' {
		return len(path) > n && string(path[:n]) == m.path[:n] && bytes.IndexByte(path[n:], '.') < 0
	}
	return string(path) == m.path
}

func (r *reading) noteMember(m *meaning, said *aliased, v *otlp.Attr, key otlp.KeyID) {
	v.Key = key
	if said.role.isNumber() {
		r.noteNumber(said.role, said.alias, v, key)
		if said.also != roleNone {
			r.noteNumber(said.also, said.alias, v, key)
		}
		return
	}
	if r.membern < len(r.members) {
		r.members[r.membern] = *v
		r.membern++
		r.noteText(m, said.role, said.alias, v, -int32(r.membern), onSpan)
	}
}

// noteText lets an attribute speak for a role if none that goes before it does.
func (r *reading) noteText(m *meaning, as role, alias uint16, a *otlp.Attr, at int32, where place) {
	have := &r.texts[as]
	if have.at != 0 && (have.place < where || have.place == where && have.alias <= alias) || !r.usable(m, as, a) {
		return
	}
	*have = found{at: at, place: where, alias: alias}
	if as == roleKind {
		r.saidKind = r.wouldBe
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
		if m.words == nil {
			return r.reasonsOf(a) != 0
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

// whole cuts a number to a whole one, which fits as those that are too large were not taken.
func whole(v float64) int64 { return int64(math.Trunc(v)) }
