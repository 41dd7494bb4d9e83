package otlp

import (
	"math"
)

var (
	spanWires = wires{
		anyWire, wireLen, wireLen, wireLen, wireLen, wireLen, wireVarint, wireFixed64, wireFixed64,
		wireLen, wireVarint, wireLen, wireVarint, wireLen, wireVarint, wireLen, wireFixed32,
	}
	eventWires  = wires{anyWire, wireFixed64, wireLen, wireLen, wireVarint}
	linkWires   = wires{anyWire, wireLen, wireLen, wireLen, wireLen, wireVarint, wireFixed32}
	statusWires = wires{anyWire, anyWire, wireLen, wireVarint}
)

const (
	spanAttribute = 9<<3 | wireLen
	spanEvent     = 11<<3 | wireLen
	lastKind      = 5 // consumer
	lastStatus    = 2 // error
)

// span reads one span and keeps it if its ids are right.
func (w *walk) span(b []byte, pos int, scope uint32) bool {
	x := w.x
	hash := Hash(b[pos:]) // first, as it brings the span into the cache
	x.Spans = append(x.Spans, Span{})
	s := &x.Spans[len(x.Spans)-1]
	s.Scope, s.Msg, s.Hash = scope, between(pos, len(b)), hash
	s.Attrs.From, s.LinkTo.From = uint32(len(x.Attrs)), uint32(len(x.Links))
	idsOK, ok := w.spanFields(b, pos, s)
	if !ok {
		return false
	}
	if !idsOK || s.Trace == (TraceID{}) || s.ID == (SpanID{}) {
		x.Attrs, x.Links, x.Spans = x.Attrs[:s.Attrs.From], x.Links[:s.LinkTo.From], x.Spans[:len(x.Spans)-1]
		x.RejectedN++
		return true
	}
	s.Attrs.To, s.LinkTo.To = uint32(len(x.Attrs)), uint32(len(x.Links))
	return true
}

// spanFields fills s, all but the ends of its runs. It returns idsOK false when an id has a wrong length.
func (w *walk) spanFields(b []byte, pos int, s *Span) (idsOK, ok bool) {
	x, start, events, late := w.x, pos, false, false
	idsOK = true
	for pos < len(b) {
		if b[pos] == spanAttribute { // two thirds of all fields: spared the general case
			from, to := piece(b, pos+1)
			if uint(to) > uint(len(b)) {
				return false, w.fail("span", b, pos)
			}
			if late = late || events; !w.attr(b[:to], from) {
				return false, false
			}
			pos = to
			continue
		}
		tag, val, next := readField(b, pos)
		if next < 0 || !spanWires.allow(tag) {
			return false, w.fail("span", b, pos)
		}
		ok = true
		switch tag >> 3 {
		case 9: // with a tag longer than it needs to be
			late = late || events
			ok = w.attr(b[:next], int(val))
		case 1:
			idsOK = copyID(s.Trace[:], b[val:next]) && idsOK
		case 2:
			idsOK = copyID(s.ID[:], b[val:next]) && idsOK
		case 3:
			s.TraceState = between(int(val), next)
		case 4:
			idsOK = copyID(s.Parent[:], b[val:next]) && idsOK
		case 5:
			s.Name = between(int(val), next)
		case 6:
			s.Kind = enum(val, lastKind)
		case 7:
			s.Start = val
		case 8:
			s.End = val
		case 11:
			if !events {
				events, s.OwnTo = true, uint32(len(x.Attrs))
			}
			ok = w.event(b[:next], int(val))
		case 13:
			s.LinksN = min(s.LinksN, math.MaxUint16-1) + 1
			ok = w.link(b[:next], int(val), &idsOK)
		case 15:
			ok = w.status(b[:next], int(val), s)
		case 16:
			s.Flags = uint32(val)
		}
		if !ok {
			return false, false
		}
		pos = next
	}
	if !events {
		s.OwnTo = uint32(len(x.Attrs))
	}
	if late {
		w.reorder(b, start, s)
	}
	return idsOK, true
}

// reorder collects the attributes of a span again, its own first, for the rare sender that writes an event
// before an attribute. The span has been read through, so nothing can fail.
func (w *walk) reorder(b []byte, start int, s *Span) {
	w.x.Attrs = w.x.Attrs[:s.Attrs.From]
	for pos := start; pos < len(b); {
		tag, val, next := readField(b, pos)
		if tag == spanAttribute {
			w.attr(b[:next], int(val))
		}
		pos = next
	}
	s.OwnTo = uint32(len(w.x.Attrs))
	for pos := start; pos < len(b); {
		tag, val, next := readField(b, pos)
		if tag == spanEvent {
			w.event(b[:next], int(val))
		}
		pos = next
	}
}

// event reads an event for its attributes.
func (w *walk) event(b []byte, pos int) bool {
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !eventWires.allow(tag) {
			return w.fail("event", b, pos)
		}
		if tag == 3<<3|wireLen && !w.attr(b[:next], int(val)) {
			return false
		}
		pos = next
	}
	return true
}

// link reads a link, notes the trace that it names, and clears idsOK when an id has a wrong length.
func (w *walk) link(b []byte, pos int, idsOK *bool) bool {
	var trace TraceID
	var id SpanID
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !linkWires.allow(tag) {
			return w.fail("link", b, pos)
		}
		switch tag {
		case 1<<3 | wireLen:
			*idsOK = copyID(trace[:], b[val:next]) && *idsOK
		case 2<<3 | wireLen:
			*idsOK = copyID(id[:], b[val:next]) && *idsOK
		case 4<<3 | wireLen:
			if _, _, ok := w.keyValue(b[:next], int(val), 0); !ok {
				return false
			}
		}
		pos = next
	}
	if trace != (TraceID{}) {
		w.x.Links = append(w.x.Links, trace)
	}
	return true
}

func (w *walk) status(b []byte, pos int, s *Span) bool {
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !statusWires.allow(tag) {
			return w.fail("status", b, pos)
		}
		if tag == 3<<3|wireVarint {
			s.Status = enum(val, lastStatus)
		}
		pos = next
	}
	return true
}

// copyID fills id from the wire, where empty means zero, and tells whether it had the right length.
func copyID(id, wire []byte) bool {
	if len(wire) == 0 {
		clear(id)
		return true
	}
	return copy(id, wire) == len(id) && len(wire) == len(id)
}

// enum cuts an enumeration's number to 32 bits as decoders do, and makes 0 of what is not in 0..last.
func enum(val uint64, last uint32) uint8 {
	if uint32(val) > last {
		return 0
	}
	return uint8(val)
}
