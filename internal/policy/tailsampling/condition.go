package tailsampling

import (
	"slices"

	"github.com/tailwise/tailwise/internal/otlp"
)

// condition is a condition of OTTL that can be told from the wire. Where it meets a value for which it cannot, or on
// which OTTL would fail, it is unclear, and OTTL itself has to be asked. It is a struct rather than an interface, as what
// is handed to an interface's method goes to the heap: a view a span.
type condition struct {
	kind  conditionKind
	parts []condition // of anyOf, allOf and negation
	comparison
	pattern *matcher // of matching
	among   uint8    // of listed: a bit for each value
}

// conditionKind says how a condition is made up.
type conditionKind uint8

const (
	compared conditionKind = iota
	matching               // IsMatch of what the comparison reads
	listed                 // a comparison of kind or status, each value of which was asked beforehand
	anyOf
	allOf
	negation // of its only part
	yes
	no
)

// truth is what is told of a condition.
type truth uint8

const (
	doesNotHold truth = iota
	holds
	unclear
)

func truthOf(yes bool) truth {
	if yes {
		return holds
	}
	return doesNotHold
}

// ask tells whether the condition holds for what v shows. It goes by the parts in OTTL's order: what comes after the
// part that settles it is unclear to nobody.
func (c *condition) ask(v *view) truth {
	switch c.kind {
	case anyOf, allOf:
		settles := truthOf(c.kind == anyOf)
		for i := range c.parts {
			if t := c.parts[i].ask(v); t == settles || t == unclear {
				return t
			}
		}
		return truthOf(c.kind == allOf)
	case negation:
		switch c.parts[0].ask(v) {
		case holds:
			return doesNotHold
		case doesNotHold:
			return holds
		}
		return unclear
	case yes, no:
		return truthOf(c.kind == yes)
	case matching:
		return c.match(v)
	case listed:
		value := v.span.Status
		if c.of == spanKind {
			value = v.span.Kind
		}
		return truthOf(c.among&(1<<value) != 0)
	}
	return truthOf(c.comparison.holds(v))
}

// listing asks a comparison of kind or status of each value.
func listing(c comparison) condition {
	l := condition{kind: listed, comparison: c}
	for value := range uint64(8) { // there are six kinds, and three codes
		if is := (scalar{kind: isInt, bits: value}); is.compare(c.op, &c.with) {
			l.among |= 1 << value
		}
	}
	return l
}

// match tells whether the pattern matches what is read, as IsMatch does: nothing matches nil, and what is no text is
// written as one.
func (c *condition) match(v *view) truth {
	switch is := c.read(v); is.kind {
	case isText:
		return truthOf(c.pattern.matches(is.text))
	case isNil:
		return doesNotHold
	default:
		text, ok := is.written()
		if !ok {
			return unclear
		}
		return truthOf(c.pattern.matches(text))
	}
}

// doubts tells whether the condition may be unclear.
func (c *condition) doubts() bool {
	return c.kind == matching || slices.ContainsFunc(c.parts, func(part condition) bool { return part.doubts() })
}

// conditionProbe is a condition with its places in folds.
type conditionProbe struct {
	condition
	told
	events bool // it is asked of events
}

// told is where a Fold has what a condition was.
type told struct {
	bit    bit  // it held for a span, or an event
	doubt  bit  // it was unclear for one, as far as it was asked
	doubts bool // there is a doubt
}

// conditions asks those that have not held yet.
func (p *Plan) conditions(f *Fold, x *otlp.Index, body []byte, s *otlp.Span) {
	v := view{plan: p, x: x, body: body, span: s}
	events := false
	for i := range p.shape.conditions {
		c := &p.shape.conditions[i]
		switch {
		case f.has(c.bit):
		case c.events:
			events = true
		default:
			f.note(&c.told, c.ask(&v))
		}
	}
	if events {
		p.eventConditions(f, &v)
	}
}

// eventConditions asks the conditions of events for each event of the span.
func (p *Plan) eventConditions(f *Fold, v *view) {
	eachBytes(v.span.Msg.In(v.body), spanEventField, func(event []byte) {
		v.event = event
		for i := range p.shape.conditions {
			if c := &p.shape.conditions[i]; c.events && !f.has(c.bit) {
				f.note(&c.told, c.ask(v))
			}
		}
	})
}

// note notes what a condition was.
func (f *Fold) note(at *told, t truth) {
	switch t {
	case holds:
		f.set(at.bit)
	case unclear:
		f.set(at.doubt)
	}
}
