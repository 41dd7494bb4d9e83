package agent

import (
	"bytes"

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
	why      reasons  // what the attribute for roleFinish says
	wouldSay reasons  // what the attribute that was looked at last would say
	kind     SpanKind
	failed   bool
	used     bool // it says something of tokens or cost

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
