package otlp

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// KeyID is the place of an attribute key in its Keys.
type KeyID uint16

// Keys is an immutable set of attribute keys. It is safe for concurrent use; nil is the empty set.
//
// Most attributes of a span are not asked for, so Find is built to say no: a key's length and last eight bytes
// choose a slot in a table that is at most a quarter full, and the key itself is compared only where both are
// those of a member. Last bytes, because instrumentations share their first ones ("gen_ai.usage.").
//
// Patterns stand for keys with a number in them, which instrumentations write for lists ("documents.0.score"). They
// are asked when no key is equal, and a word of bits by their last eight bytes says no for nearly all.
type Keys struct {
	names    []string  // keys, then patterns
	slots    []keySlot // open addressing, a power of two
	shift    uint      // 64 - log2(len(slots))
	patterns []keyPattern
	tails    uint64 // a bit per pattern, by its tail
}

// keyPattern is a pattern cut at its star.
type keyPattern struct {
	head, rest string
	tail       uint64 // of rest
	id         KeyID
}

type keySlot struct {
	tail uint64
	size int32 // length of the key; -1: the slot is empty
	id   KeyID
}

// NewKeys makes a set. A key's KeyID is its index in keys; a key that comes again is left out, and those after
// it move up. Patterns are counted on after the keys: each has one star, which stands for a decimal number of up to
// six digits, and at least eight bytes after it. A key that is in keys is never taken for a pattern's.
// NewKeys panics when there are more keys than a KeyID can count, or when a pattern has another form, which is the
// caller's to see to.
func NewKeys(keys []string, patterns ...string) *Keys {
	if len(keys)+len(patterns) > math.MaxUint16 {
		panic(fmt.Sprintf("otlp: %d attribute keys, at most %d are possible", len(keys)+len(patterns), math.MaxUint16))
	}
	logSize := bits.Len(uint(4*len(keys))) + 1
	k := &Keys{slots: make([]keySlot, 1<<logSize), shift: uint(64 - logSize)}
	for i := range k.slots {
		k.slots[i].size = -1
	}
	for _, name := range keys {
		k.add(name)
	}
	for _, pattern := range patterns {
		k.addPattern(pattern)
	}
	return k
}

func (k *Keys) addPattern(pattern string) {
	head, rest, found := strings.Cut(pattern, "*")
	if !found || len(rest) < 8 || strings.Contains(rest, "*") {
		panic(fmt.Sprintf("otlp: %q is no pattern of a key", pattern))
	}
	p := keyPattern{head: head, rest: rest, tail: keyTail([]byte(rest)), id: KeyID(len(k.names))}
	k.names, k.patterns, k.tails = append(k.names, pattern), append(k.patterns, p), k.tails|tailBit(p.tail)
}

// tailBit is the bit of Keys.tails for a tail.
func tailBit(tail uint64) uint64 { return 1 << (tail * spread >> 58) }

func (k *Keys) add(name string) {
	if _, known := k.Find([]byte(name)); known {
		return
	}
	tail := keyTail([]byte(name))
	i := k.slot(tail, len(name))
	for k.slots[i].size >= 0 {
		i = (i + 1) & (len(k.slots) - 1)
	}
	k.slots[i] = keySlot{tail: tail, size: int32(len(name)), id: KeyID(len(k.names))}
	k.names = append(k.names, name)
}

// Find returns the KeyID of key if the set has it. It does not allocate and does not keep key.
func (k *Keys) Find(key []byte) (KeyID, bool) {
	if k == nil {
		return 0, false
	}
	tail := keyTail(key)
	for i := k.slot(tail, len(key)); ; i = (i + 1) & (len(k.slots) - 1) {
		s := &k.slots[i]
		if s.size < 0 {
			if k.tails&tailBit(tail) == 0 {
				return 0, false
			}
			return k.findPattern(key, tail)
		}
		if s.tail == tail && int(s.size) == len(key) && k.names[s.id] == string(key) {
			return s.id, true
		}
	}
}

// findPattern returns the pattern that key fits.
func (k *Keys) findPattern(key []byte, tail uint64) (KeyID, bool) {
	const longest = 6 // digits
	for i := range k.patterns {
		p := &k.patterns[i]
		digits := len(key) - len(p.head) - len(p.rest)
		if p.tail == tail && digits > 0 && digits <= longest && string(key[:len(p.head)]) == p.head &&
			string(key[len(key)-len(p.rest):]) == p.rest && isNumber(key[len(p.head):len(p.head)+digits]) {
			return p.id, true
		}
	}
	return 0, false
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Len returns the number of keys and patterns in the set.
func (k *Keys) Len() int {
	if k == nil {
		return 0
	}
	return len(k.names)
}

// Name returns the key or pattern that id stands for. It panics when id is not of this set.
func (k *Keys) Name(id KeyID) string { return k.names[id] }

// slot returns where the search for a key starts.
func (k *Keys) slot(tail uint64, size int) int {
	return int((tail + uint64(size)) * spread >> k.shift)
}

// spread is 2^64 over the golden ratio: it spreads a product's high bits.
const spread = 0x9e3779b97f4a7c15

// keyTail packs the last eight bytes of key, or all of a shorter one, into a word.
func keyTail(key []byte) uint64 {
	if n := len(key); n >= 8 {
		return binary.LittleEndian.Uint64(key[n-8:])
	}
	var tail uint64
	for _, c := range key {
		tail = tail<<8 | uint64(c)
	}
	return tail
}
