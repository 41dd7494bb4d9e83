package tailsampling

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailwise/tailwise/internal/otlp"
)

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
