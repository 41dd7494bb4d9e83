package policy

import (
	"sort"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// position is a place in the policy file, counted from 1 in characters.
type position struct{ line, column int }

// of returns where a node starts.
func of(n *yaml.Node) position { return position{n.Line, n.Column} }

// source is the text of a policy file, to find places in.
type source struct {
	text  []rune
	lines []int // where each line starts in text
}

func newSource(text []byte) *source {
	s := &source{text: []rune(string(text)), lines: []int{0}}
	for i, c := range s.text {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// position turns a place in the text into line and column.
func (s *source) position(at int) position {
	line := sort.SearchInts(s.lines, at+1)
	return position{line: line, column: at - s.lines[line-1] + 1}
}

// locator returns a function that says where in the file a line and column of the scalar n stand; both count from
// zero. YAML writes one text in five styles, so the scalar's value is matched with the file character by character:
// whatever stands between (quotes, escapes, indentation, folded line ends) is stepped over. Where that does not work
// out, every place is where the scalar starts.
func (s *source) locator(n *yaml.Node) func(line, column int) position {
	value := []rune(n.Value)
	places := s.match(n, value)
	return func(line, column int) position {
		if places == nil {
			return of(n)
		}
		at := column
		for i, c := range value {
			if line == 0 {
				at += i
				break
			}
			if c == '\n' {
				line--
			}
		}
		at = max(0, min(at, len(value)))
		if at == len(value) {
			return s.position(places[at-1] + 1)
		}
		return s.position(places[at])
	}
}

// match returns where each character of value, which n holds, stands in the text, or nil if it cannot be told.
func (s *source) match(n *yaml.Node, value []rune) []int {
	if n.Line < 1 || n.Line > len(s.lines) || len(value) == 0 {
		return nil
	}
	m := matcher{text: s.text, at: s.lines[n.Line-1] + n.Column - 1, style: n.Style}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		if n.Line == len(s.lines) {
			return nil
		}
		m.at = s.lines[n.Line]
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		m.at++
	}
	places := make([]int, 0, len(value))
	for _, c := range value {
		at, ok := m.next(c)
		if !ok {
			return nil
		}
		places = append(places, at)
	}
	return places
}

// matcher steps through the text of one scalar.
type matcher struct {
	text  []rune
	at    int
	style yaml.Style
}

// next finds the next character of the value, and steps over it.
func (m *matcher) next(c rune) (at int, ok bool) {
	if unicode.IsSpace(c) {
		// Blanks may be folded, so any stands for any; letters set the place right again.
		at = min(m.at, len(m.text)-1)
		switch {
		case m.is(0, c):
			m.at++
		case m.escaped() && !m.is(1, '\n'):
			m.at += escapeLen(m.text[m.at:])
		}
		return at, true
	}
	for m.at < len(m.text) && (unicode.IsSpace(m.text[m.at]) || m.escaped() && m.is(1, '\n')) {
		m.at++
	}
	at = m.at
	switch {
	case m.escaped():
		m.at += escapeLen(m.text[m.at:])
		return at, m.at <= len(m.text)
	case m.style&yaml.SingleQuotedStyle != 0 && c == '\'' && m.is(1, '\''):
		m.at += 2
		return at, true
	}
	m.at++
	return at, at < len(m.text) && m.text[at] == c
}

// is tells whether c stands that many characters on.
func (m *matcher) is(on int, c rune) bool { return m.at+on < len(m.text) && m.text[m.at+on] == c }

// escaped tells whether an escape stands here.
func (m *matcher) escaped() bool { return m.style&yaml.DoubleQuotedStyle != 0 && m.is(0, '\\') }

// escapeLen is the length of the escape that text starts with.
func escapeLen(text []rune) int {
	if len(text) < 2 {
		return 2
	}
	if i := strings.IndexRune("xuU", text[1]); i >= 0 {
		return 2 + []int{2, 4, 8}[i]
	}
	return 2
}
