package tailsampling

import (
	"hash/maphash"
	"regexp"
	"sync/atomic"
)

// matcher asks regular expressions, and remembers what they said of recent texts. It is safe for concurrent use.
type matcher struct {
	expressions []*regexp.Regexp
	memory      []atomic.Pointer[matched] // a power of two; a text has one place, which the last of those that share it holds
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
	if size <= 0 {
		size = defaultMemory
	}
	places := 1
	for places < min(size, mostMemory) {
		places *= 2
	}
	return &matcher{expressions: expressions, memory: make([]atomic.Pointer[matched], places)}
}

// matches tells whether one of the expressions matches anywhere in text.
func (m *matcher) matches(text []byte) bool {
	if len(text) > longestText {
		return m.ask(text)
	}
	place := &m.memory[maphash.Bytes(seed, text)&uint64(len(m.memory)-1)]
	if said := place.Load(); said != nil && said.text == string(text) {
		return said.ok
	}
	said := &matched{text: string(text), ok: m.ask(text)}
	place.Store(said)
	return said.ok
}

func (m *matcher) ask(text []byte) bool {
	for _, e := range m.expressions {
		if e.Match(text) {
			return true
		}
	}
	return false
}
