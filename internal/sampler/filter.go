package sampler

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/tailwise/tailwise/internal/otlp"
)

// filter says of a trace id whether it was surely never decided, so that the ledger need not be asked about every new
// trace. It is two Bloom filters: ids go into the young one; when that is full the old one is emptied and becomes the
// young one. Safe for concurrent use.
//
// A wrong "maybe" costs one look-up in the ledger. A wrong "no", for ids older than both generations, makes a late
// fragment a trace of its own; the size says how far back that is.
type filter struct {
	generations [2]bloom
	young       atomic.Uint32
	capacity    int64
	ready       atomic.Bool // until the ledger's ids are in, every answer is maybe
}

// bitsPerID gives a false positive rate of about 1 in 100 with filterHashes hashes.
const (
	bitsPerID    = 10
	filterHashes = 6
)

type bloom struct {
	words []atomic.Uint64
	n     atomic.Int64
}

// newFilter makes a filter that takes the given number of bytes.
func newFilter(bytes int) *filter {
	words := max(bytes/2/8, 64)
	f := &filter{capacity: int64(words) * 64 / bitsPerID}
	for i := range f.generations {
		f.generations[i].words = make([]atomic.Uint64, words)
	}
	return f
}

func (f *filter) add(id otlp.TraceID) {
	young := f.young.Load()
	b := &f.generations[young]
	if b.n.Add(1) > f.capacity && f.young.CompareAndSwap(young, 1-young) {
		b = &f.generations[1-young]
		b.clear()
	}
	b.add(id)
}

// full reports whether the young generation takes no more ids without forgetting older ones.
func (f *filter) full() bool { return f.generations[f.young.Load()].n.Load() >= f.capacity }

func (f *filter) mayHave(id otlp.TraceID) bool {
	return !f.ready.Load() || f.generations[0].has(id) || f.generations[1].has(id)
}

// places calls do with each word and bit of id until do says stop. Double hashing: trace ids are random, so their two
// halves serve as the two hashes; a multiplication spreads those that are not.
func (b *bloom) places(id otlp.TraceID, do func(word int, bit uint64) bool) {
	const spread = 0x9E3779B97F4A7C15
	h1 := binary.LittleEndian.Uint64(id[:8]) * spread
	h2 := binary.LittleEndian.Uint64(id[8:])*spread | 1
	total := uint64(len(b.words)) * 64
	for i := range uint64(filterHashes) {
		h := (h1 + i*h2)
		h ^= h >> 32
		place := h % total
		if !do(int(place/64), 1<<(place%64)) {
			return
		}
	}
}

func (b *bloom) add(id otlp.TraceID) {
	b.places(id, func(word int, bit uint64) bool {
		b.words[word].Or(bit)
		return true
	})
}

func (b *bloom) has(id otlp.TraceID) bool {
	found := true
	b.places(id, func(word int, bit uint64) bool {
		found = b.words[word].Load()&bit != 0
		return found
	})
	return found
}

func (b *bloom) clear() {
	b.n.Store(1)
	for i := range b.words {
		b.words[i].Store(0)
	}
}
