package agent

import (
	"bytes"

	"github.com/tailwise/tailwise/internal/otlp"
)

// jsonScan walks the scalar members of a JSON object, those of nested objects too. Of arrays it says only that they
// are there. It reads a text leniently, Python's quotes included, allocates nothing, and ends at the first fault:
// instrumentations cut long values off.
type jsonScan struct {
	body     []byte
	pos, end uint32
	path     [96]byte // names of the objects around, and of the member, joined by dots
	ends     [8]uint8 // of path, by depth
	depth    int
}

// scannedBytes is how much of an object is read, so that what a span costs does not grow with what it carries. Usage and
// metadata have a few hundred bytes.
const scannedBytes = 16 << 10

// scanJSON starts a scan of the object that stands at r.
func scanJSON(body []byte, r otlp.Range) jsonScan {
	return jsonScan{body: body, pos: r.Off, end: r.Off + min(r.Len, scannedBytes)}
}

// next returns the next scalar member: its path, good until the next call, and its value as an attribute whose text
// refers to the body. Numbers are returned as text. Nulls, texts with escapes and names that are too long are passed
// over. It returns false at the end or at a fault.
func (s *jsonScan) next() (path []byte, value otlp.Attr, ok bool) {
	for s.blank() {
		switch c := s.body[s.pos]; c {
		case '{':
			if s.depth++; s.depth >= len(s.ends) {
				return nil, value, false
			}
			s.pos++
		case '}':
			if s.depth--; s.depth < 1 {
				return nil, value, false
			}
			s.pos++
		case ',':
			s.pos++
		case '"', '\'':
			fits, named := s.name()
			if !named || !fits && s.body[s.pos] == '{' {
				return nil, value, false
			}
			if s.body[s.pos] == '{' {
				continue
			}
			v, plain, whole := s.value()
			if !whole {
				return nil, value, false
			}
			if plain && fits {
				return s.path[:s.ends[s.depth]], v, true
			}
		default:
			return nil, value, false
		}
	}
	return nil, value, false
}

// blank skips white space, and returns false at the end.
func (s *jsonScan) blank() bool {
	for s.pos < s.end {
		switch s.body[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return true
		}
	}
	return false
}

// name reads a member's name into the path and stops at its value. It returns fits false where the path has no room.
func (s *jsonScan) name() (fits, ok bool) {
	text, _, ok := s.text()
	if !ok || s.depth < 1 || !s.blank() || s.body[s.pos] != ':' {
		return false, false
	}
	s.pos++
	n := int(s.ends[s.depth-1])
	if n > 0 && n < len(s.path) {
		s.path[n] = '.'
		n++
	}
	if fits = n+int(text.Len) <= len(s.path); fits {
		n += copy(s.path[n:], text.In(s.body))
	}
	s.ends[s.depth] = uint8(n)
	return fits, s.blank()
}

// text reads a string and stops behind it. It returns plain false if it has escapes.
func (s *jsonScan) text() (r otlp.Range, plain, ok bool) {
	start, quote := s.pos+1, s.body[s.pos]
	near := bytes.IndexByte(s.body[start:s.end], quote)
	if near < 0 {
		return r, false, false
	}
	if bytes.IndexByte(s.body[start:int(start)+near], '\\') < 0 { // as nearly all
		s.pos = start + uint32(near) + 1
		return otlp.Range{Off: start, Len: uint32(near)}, true, true
	}
	plain = true
	for i := start; i < s.end; i++ {
		switch s.body[i] {
		case '\\':
			plain = false
			i++
		case quote:
			s.pos = i + 1
			return otlp.Range{Off: start, Len: i - start}, plain, true
		}
	}
	return r, false, false
}

// value reads a value that is no object and stops behind it. It returns plain false for what next passes over.
func (s *jsonScan) value() (a otlp.Attr, plain, ok bool) {
	switch c := s.body[s.pos]; {
	case c == '"' || c == '\'':
		r, plain, ok := s.text()
		return otlp.Attr{Type: otlp.ValueString, Val: r}, plain, ok
	case c == '[':
		return otlp.Attr{Type: otlp.ValueArray}, true, s.array()
	}
	start := s.pos
	for s.pos < s.end && !bytes.ContainsRune([]byte(",}] \t\r\n"), rune(s.body[s.pos])) {
		s.pos++
	}
	word := otlp.Range{Off: start, Len: s.pos - start}
	switch string(word.In(s.body)) {
	case "null", "":
		return a, false, word.Len > 0
	case "true":
		return otlp.Attr{Type: otlp.ValueBool, Num: 1}, true, true
	case "false":
		return otlp.Attr{Type: otlp.ValueBool}, true, true
	}
	return otlp.Attr{Type: otlp.ValueString, Val: word}, true, true
}

// array passes over an array with all that is in it.
func (s *jsonScan) array() bool {
	for depth := 0; s.pos < s.end; s.pos++ {
		switch s.body[s.pos] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				s.pos++
				return true
			}
		case '"', '\'':
			if _, _, ok := s.text(); !ok {
				return false
			}
			s.pos--
		}
	}
	return false
}
