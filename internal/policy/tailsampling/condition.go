package tailsampling

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

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

// view is the span, and for conditions of events the event, that a condition is asked of.
type view struct {
	plan  *Plan
	x     *otlp.Index
	body  []byte
	span  *otlp.Span
	event []byte // the message of a span's event
}

// source is what a comparison reads.
type source uint8

const (
	spanAttr source = iota
	resourceAttr
	spanName
	spanKind
	spanStatus
	eventName
	eventAttr
)

// comparison compares something of the span with a constant.
type comparison struct {
	of   source
	slot int    // of the key of spanAttr and resourceAttr
	key  string // of eventAttr
	op   operator
	with scalar
}

func (c *comparison) holds(v *view) bool {
	is := c.read(v)
	return is.compare(c.op, &c.with)
}

// read returns what the comparison is about, unless it is listed. Of a key that comes again the first counts.
func (c *comparison) read(v *view) scalar {
	switch c.of {
	case spanAttr:
		return v.attr(c.slot, otlp.Run{From: v.span.Attrs.From, To: v.span.OwnTo})
	case resourceAttr:
		return v.attr(c.slot, v.x.Resources[v.x.Scopes[v.span.Scope].Resource].Attrs)
	case spanName:
		return scalar{kind: isText, text: v.span.Name.In(v.body)}
	case eventName:
		return scalar{kind: isText, text: lastBytes(v.event, eventNameField)}
	}
	return eventAttrOf(v.event, c.key)
}

func (v *view) attr(slot int, run otlp.Run) scalar {
	id := v.plan.ids[slot]
	for i := run.From; i < run.To; i++ {
		if a := &v.x.Attrs[i]; a.Key == id {
			return scalarOfAttr(a, v.body)
		}
	}
	return scalar{}
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

// Fields of the wire.
const (
	spanEventField = 11
	eventNameField = 2
	eventAttrField = 3
	keyField       = 1
	valueField     = 2
)

// eachBytes calls do for every length-delimited field of that number in a message that a walk has checked.
func eachBytes(message []byte, field protowire.Number, do func(value []byte)) {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return
		}
		message = message[n:]
		if n = protowire.ConsumeFieldValue(num, typ, message); n < 0 {
			return
		}
		if num == field && typ == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			do(value)
		}
		message = message[n:]
	}
}

// lastBytes returns the last length-delimited field of that number; nil if there is none.
func lastBytes(message []byte, field protowire.Number) (last []byte) {
	eachBytes(message, field, func(value []byte) { last = value })
	return last
}

// eventAttrOf returns the first attribute of an event with that key.
func eventAttrOf(event []byte, key string) (found scalar) {
	done := false
	eachBytes(event, eventAttrField, func(pair []byte) {
		if !done && string(lastBytes(pair, keyField)) == key {
			found, done = scalarOfValue(lastBytes(pair, valueField)), true
		}
	})
	return found
}
