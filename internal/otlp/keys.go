package otlp

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// KeyID is the place of an attribute key in its Keys.
type KeyID uint16

// Keys is an immutable set of attribute keys. It is safe for concurrent use; nil is the empty set.
//
// Most attributes of a span are not asked for, so Find is built to say no: a key's length and last eight bytes
// choose a slot in a table that is at most a quarter full, and the key itself is compared only where both are
// those of a member. Last bytes, because instrumentations share their first ones ("gen_ai.usage.").
type Keys struct {
	names []string
	slots []keySlot // open addressing, a power of two
	shift uint      // 64 - log2(len(slots))
}

type keySlot struct {
	tail uint64
	size int32 // length of the key; -1: the slot is empty
	id   KeyID
}

// NewKeys makes a set. A key's KeyID is its index in keys; a key that comes again is left out, and those after
// it move up. It panics when there are more keys than a KeyID can count, which is the caller's to bound.
func NewKeys(keys []string) *Keys {
	if len(keys) > math.MaxUint16 {
		panic(fmt.Sprintf("otlp: %d attribute keys, at most %d are possible", len(keys), math.MaxUint16))
	}
	logSize := bits.Len(uint(4*len(keys))) + 1
	k := &Keys{slots: make([]keySlot, 1<<logSize), shift: uint(64 - logSize)}
	for i := range k.slots {
		k.slots[i].size = -1
	}
	for _, name := range keys {
		k.add(name)
	}
	return k
}

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
			return 0, false
		}
		if s.tail == tail && int(s.size) == len(key) && k.names[s.id] == string(key) {
			return s.id, true
		}
	}
}

// Len returns the number of keys in the set.
func (k *Keys) Len() int {
	if k == nil {
		return 0
	}
	return len(k.names)
}

// Name returns the key that id stands for. It panics when id is not of this set.
func (k *Keys) Name(id KeyID) string { return k.names[id] }

// slot returns where the search for a key starts.
func (k *Keys) slot(tail uint64, size int) int {
	const odd = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: spreads a product's high bits
	return int((tail + uint64(size)) * odd >> k.shift)
}

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
