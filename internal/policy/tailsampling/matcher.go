package tailsampling

import (
	"hash/maphash"
	"regexp"
	"sync/atomic"
)

// matcher asks regular expressions. Those that look for nothing but literals are answered without their engine; of the
// others it remembers what they said of texts that come again. It is safe for concurrent use.
type matcher struct {
	literals    []literal
	expressions []*regexp.Regexp // the others
	memory      []remembered     // a power of two; a text has one place; empty where there are no expressions
}

// remembered is a place in a matcher's memory. A text is remembered when it comes for the second time in a row of those
// that share the place: of texts that never come again nothing is stored but the hash.
type remembered struct {
	seen atomic.Uint64 // hash of the last text that was asked for
	said atomic.Pointer[matched]
}

// matched is what the expressions say of a text. It is immutable.
type matched struct {
	text string
	ok   bool
}

// Bounds of a matcher's memory.
const (
	defaultMemory = 128  // texts; what cache_max_size is where it is not written
	mostMemory    = 4096 // texts
	longestText   = 256  // bytes; longer ones are asked for each time
)

var seed = maphash.MakeSeed()

// newMatcher makes a matcher that remembers about size texts. A memory changes no answer.
func newMatcher(expressions []*regexp.Regexp, size int) *matcher {
	m := new(matcher)
	for _, e := range expressions {
		if literals, ok := literalsOf(e.String()); ok {
			m.literals = append(m.literals, literals...)
			continue
		}
		m.expressions = append(m.expressions, e)
	}
	if len(m.expressions) == 0 {
		return m
	}
	if size <= 0 {
		size = defaultMemory
	}
	places := 1
	for places < min(size, mostMemory) {
		places *= 2
	}
	m.memory = make([]remembered, places)
	return m
}

// matches tells whether one of the expressions matches anywhere in text.
func (m *matcher) matches(text []byte) bool {
	for i := range m.literals {
		if m.literals[i].in(text) {
			return true
		}
	}
	if len(m.expressions) == 0 {
		return false
	}
	if len(text) > longestText {
		return m.ask(text)
	}
	hash := maphash.Bytes(seed, text)
	place := &m.memory[hash&uint64(len(m.memory)-1)]
	if said := place.said.Load(); said != nil && said.text == string(text) {
		return said.ok
	}
	ok := m.ask(text)
	if place.seen.Swap(hash) == hash {
		place.said.Store(&matched{text: string(text), ok: ok})
	}
	return ok
}

func (m *matcher) ask(text []byte) bool {
	for _, e := range m.expressions {
		if e.Match(text) {
			return true
		}
	}
	return false
}
