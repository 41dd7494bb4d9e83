package sampler

import (
	"unsafe"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// verdictOf is what a shard remembers of a trace that left it: enough to let late spans follow, to know a resent span
// from a late one, and after a restart to know a copy of what the backend has from one that it is still owed.
type verdictOf struct {
	id       otlp.TraceID
	kept     *decision // nil: dropped, or the verdict is not known
	dropped  bool
	answered wal.Position // the backend has answered through here
	hashes   []uint64     // of the spans that left, for kept traces

	age uint64 // the cache's: which put it was
}

func (v *verdictOf) bytes() int {
	n := int(unsafe.Sizeof(*v)) + 64 // the map's share and the ring's slack
	if v.kept != nil {
		n += v.kept.bytes()
	}
	n += 8 * len(v.hashes)
	return n
}

// side is the queue that v stands in.
func (v *verdictOf) side() int {
	if v.dropped {
		return droppedSide
	}
	return keptSide
}

const (
	keptSide    = iota // and those of which only the backend's answer is known
	droppedSide        // not sampled, in the words of decision_cache
	sidesN
)

// decidedCache remembers the most recent verdicts of one shard, first in first out, within a budget of bytes and, where
// it is configured, of verdicts of each side. What it forgets, the filter and the ledger still know. Owned by the shard.
type decidedCache struct {
	budget int
	limits [sidesN]int // of verdicts; 0: the budget alone
	used   int
	puts   uint64
	byID   map[otlp.TraceID]*verdictOf
	sides  [sidesN]verdictQueue
}

func newDecidedCache(budget int, limits [sidesN]int) *decidedCache {
	return &decidedCache{budget: budget, limits: limits, byID: make(map[otlp.TraceID]*verdictOf)}
}

func (c *decidedCache) get(id otlp.TraceID) *verdictOf { return c.byID[id] }

// put remembers v; a newer verdict of the same trace takes the older one's place, and its turn to be forgotten unless
// it is of the other side.
func (c *decidedCache) put(v *verdictOf) {
	old := c.byID[v.id]
	if old != nil && old.side() == v.side() {
		c.used -= old.bytes()
		v.age = old.age
		*old = *v
	} else {
		if old != nil {
			c.sides[old.side()].take(old)
			c.used -= old.bytes()
		}
		c.puts++
		v.age = c.puts
		c.byID[v.id] = v
		c.sides[v.side()].push(v)
	}
	c.used += v.bytes()
	c.trim()
}

// trim forgets the oldest of a side that has too many, and then the oldest of all; never the last one.
func (c *decidedCache) trim() {
	for side, limit := range c.limits {
		for q := &c.sides[side]; limit > 0 && q.n > limit; {
			c.forget(q)
		}
	}
	for c.used > c.budget && len(c.byID) > 1 {
		kept, dropped := c.sides[keptSide].oldest(), c.sides[droppedSide].oldest()
		if dropped == nil || kept != nil && kept.age < dropped.age {
			c.forget(&c.sides[keptSide])
		} else {
			c.forget(&c.sides[droppedSide])
		}
	}
}

func (c *decidedCache) forget(q *verdictQueue) {
	v := q.oldest()
	q.take(v)
	c.used -= v.bytes()
	delete(c.byID, v.id)
}

// verdictQueue is a first-in-first-out queue from the middle of which entries may be taken, which leaves a nil.
type verdictQueue struct {
	entries []*verdictOf // by age from head on, without the nils; entries[head] is none
	head    int
	n       int
}

func (q *verdictQueue) push(v *verdictOf) {
	q.entries = append(q.entries, v)
	q.n++
}

func (q *verdictQueue) oldest() *verdictOf {
	if q.n == 0 {
		return nil
	}
	return q.entries[q.head]
}

// take removes v, which is in the queue.
func (q *verdictQueue) take(v *verdictOf) {
	at := q.head
	for q.entries[at] != v {
		at++
	}
	q.entries[at] = nil
	q.n--
	for q.head < len(q.entries) && q.entries[q.head] == nil {
		q.head++
	}
	if q.head > len(q.entries)/2 {
		q.entries = append(q.entries[:0], q.entries[q.head:]...)
		q.head = 0
	}
}
