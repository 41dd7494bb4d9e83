package otlp

import "math"

// maxDepth bounds how deep attribute values may nest. Decoders recurse into them, so a deeper one would be
// accepted here only to exhaust the stack of whoever decodes it later. Real payloads stay under fifty.
const maxDepth = 1000

// Walk fills x with what it finds in body, an ExportTraceServiceRequest or TracesData, and the attributes of
// resources, scopes, spans and events whose key is in keys. It is one pass that decodes nothing, and allocates
// only to grow the slices of x. The index refers to body by offset and does not keep it. After an error x holds
// nothing of use.
//
// What Walk accepts the Collector's decoder (pdata) accepts, so that what was acknowledged can be exported, and
// it reads the same from it: every message is checked to its leaves, unknown fields are passed over, of a field
// that comes again the last counts, and text need not be UTF-8. It differs from pdata in these:
//
//   - A span whose trace id is not 16 bytes or all zero, whose span id is not 8 bytes or all zero, whose parent
//     span id is neither empty nor 8 bytes, or one of whose links has an id of the wrong length, is left out
//     and counted in x.RejectedN. pdata refuses the request for a wrong length and lets zero ids pass.
//   - Attribute values that nest deeper than 1000 are malformed, as is a body of 4 GiB or more.
//   - Where a second Resource stands in a ResourceSpans, or a second InstrumentationScope in a ScopeSpans, the
//     last replaces the first; pdata merges them. No known sender writes two.
//   - scope_spans under their number of 2022 (1000) count if the ResourceSpans has no others, as in every
//     Collector receiver; where it has, receivers drop them, and Walk counts their spans in x.RejectedN.
//   - Groups are read as pdata reads them, which refuses those that hold a value.
//
// The error is a *MalformedError.
func (x *Index) Walk(body []byte, keys *Keys) error {
	x.Reset()
	if uint64(len(body)) > math.MaxUint32 {
		return &MalformedError{Offset: math.MaxUint32, What: "request: longer than 4 GiB"}
	}
	w := walk{x: x, keys: keys}
	if !w.request(body) {
		return w.err
	}
	return nil
}

// walk is one Walk under way. Its methods each read one message, which starts at pos and ends where b ends, and
// return false once err is set.
type walk struct {
	x    *Index
	keys *Keys
	err  *MalformedError
}

// fail notes that the field of message at pos cannot be read, and returns false.
func (w *walk) fail(message string, b []byte, pos int) bool {
	w.err = &MalformedError{Offset: pos, What: message + ": " + describe(b, pos)}
	return false
}

// wires lists the wire types of a message's fields by number, from 1; anyWire where the message has no such
// field. A known field with another wire type is a fault.
type wires []uint8

const anyWire = 0xff

// allow tells whether a field with this tag may stand in the message.
func (t wires) allow(tag uint64) bool {
	num := tag >> 3
	return num >= uint64(len(t)) || t[num] == anyWire || t[num] == uint8(tag&7)
}

var (
	requestWires       = wires{anyWire, wireLen}
	resourceSpansWires = wires{anyWire, wireLen, wireLen, wireLen}
	scopeSpansWires    = wires{anyWire, wireLen, wireLen, wireLen}
	resourceWires      = wires{anyWire, wireLen, wireVarint, wireLen}
	entityRefWires     = wires{anyWire, wireLen, wireLen, wireLen, wireLen}
	scopeWires         = wires{anyWire, wireLen, wireLen, wireLen, wireVarint}
)

// request reads the whole body.
func (w *walk) request(b []byte) bool {
	for pos := 0; pos < len(b); {
		tag, val, next := readField(b, pos)
		if next < 0 || !requestWires.allow(tag) {
			return w.fail("request", b, pos)
		}
		if tag == 1<<3|wireLen && !w.resourceSpans(b[:next], int(val)) {
			return false
		}
		pos = next
	}
	return true
}

const oldScopeSpans = 1000 // field number of scope_spans while they were instrumentation libraries

func (w *walk) resourceSpans(b []byte, pos int) bool {
	x, start := w.x, pos
	id := uint32(len(x.Resources))
	x.Resources = append(x.Resources, Resource{})
	scopesN, oldN := 0, 0
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !resourceSpansWires.allow(tag) || tag>>3 == oldScopeSpans && tag&7 != wireLen {
			return w.fail("resource spans", b, pos)
		}
		ok := true
		switch tag >> 3 {
		case 1:
			ok = w.resource(b[:next], int(val), &x.Resources[id])
		case 2:
			scopesN++
			ok = w.scopeSpans(b[:next], int(val), id)
		case 3:
			x.Resources[id].Schema = between(int(val), next)
		case oldScopeSpans:
			oldN++
		}
		if !ok {
			return false
		}
		pos = next
	}
	return oldN == 0 || w.oldScopeSpans(b, start, id, scopesN == 0)
}

// oldScopeSpans reads the scope_spans of a ResourceSpans that stand under their old number. Unless they count,
// they are only checked, and their spans are rejected.
func (w *walk) oldScopeSpans(b []byte, pos int, resource uint32, count bool) bool {
	x := w.x
	scopesN, spansN, attrsN, linksN := len(x.Scopes), len(x.Spans), len(x.Attrs), len(x.Links)
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if tag>>3 == oldScopeSpans && !w.scopeSpans(b[:next], int(val), resource) {
			return false
		}
		pos = next
	}
	if !count {
		x.RejectedN += len(x.Spans) - spansN
		x.Scopes, x.Spans = x.Scopes[:scopesN], x.Spans[:spansN]
		x.Attrs, x.Links = x.Attrs[:attrsN], x.Links[:linksN]
	}
	return true
}

func (w *walk) resource(b []byte, pos int, r *Resource) bool {
	from := uint32(len(w.x.Attrs))
	r.Msg = between(pos, len(b))
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !resourceWires.allow(tag) {
			return w.fail("resource", b, pos)
		}
		if tag == 1<<3|wireLen && !w.attr(b[:next], int(val)) ||
			tag == 3<<3|wireLen && !w.leaf("entity ref", entityRefWires, b[:next], int(val)) {
			return false
		}
		pos = next
	}
	r.Attrs = Run{From: from, To: uint32(len(w.x.Attrs))}
	return true
}

// leaf checks a message that holds nothing Walk is after and no other message.
func (w *walk) leaf(message string, known wires, b []byte, pos int) bool {
	for pos < len(b) {
		tag, _, next := readField(b, pos)
		if next < 0 || !known.allow(tag) {
			return w.fail(message, b, pos)
		}
		pos = next
	}
	return true
}

func (w *walk) scopeSpans(b []byte, pos int, resource uint32) bool {
	x := w.x
	id := uint32(len(x.Scopes))
	x.Scopes = append(x.Scopes, Scope{Resource: resource})
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !scopeSpansWires.allow(tag) {
			return w.fail("scope spans", b, pos)
		}
		ok := true
		switch tag >> 3 {
		case 2:
			ok = w.span(b[:next], int(val), id)
		case 1:
			ok = w.scope(b[:next], int(val), &x.Scopes[id])
		case 3:
			x.Scopes[id].Schema = between(int(val), next)
		}
		if !ok {
			return false
		}
		pos = next
	}
	return true
}

func (w *walk) scope(b []byte, pos int, s *Scope) bool {
	from := uint32(len(w.x.Attrs))
	s.Msg, s.Name = between(pos, len(b)), Range{}
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !scopeWires.allow(tag) {
			return w.fail("scope", b, pos)
		}
		switch tag {
		case 1<<3 | wireLen:
			s.Name = between(int(val), next)
		case 3<<3 | wireLen:
			if !w.attr(b[:next], int(val)) {
				return false
			}
		}
		pos = next
	}
	s.Attrs = Run{From: from, To: uint32(len(w.x.Attrs))}
	return true
}

// between is the range of the body from one offset up to another.
func between(from, to int) Range { return Range{Off: uint32(from), Len: uint32(to - from)} }
