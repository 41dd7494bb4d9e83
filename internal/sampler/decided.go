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
}

func (v *verdictOf) bytes() int {
	n := int(unsafe.Sizeof(*v)) + 64 // the map's share and the ring's slack
	if v.kept != nil {
		n += v.kept.bytes()
	}
	n += 8 * len(v.hashes)
	return n
}

// decidedCache remembers the most recent verdicts of one shard, first in first out, within a budget of bytes. What it
// forgets, the filter and the ledger still know. Owned by the shard.
type decidedCache struct {
	budget int
	used   int
	byID   map[otlp.TraceID]*verdictOf
	order  []*verdictOf // order[head:] from the oldest on
	head   int
}

func newDecidedCache(budget int) *decidedCache {
	return &decidedCache{budget: budget, byID: make(map[otlp.TraceID]*verdictOf)}
}

func (c *decidedCache) get(id otlp.TraceID) *verdictOf { return c.byID[id] }

// put remembers v; a newer verdict of the same trace takes the older one's place.
func (c *decidedCache) put(v *verdictOf) {
	if old := c.byID[v.id]; old != nil {
		c.used -= old.bytes()
		*old = *v
	} else {
		c.byID[v.id] = v
		c.order = append(c.order, v)
	}
	c.used += v.bytes()
	for c.used > c.budget && c.head < len(c.order)-1 {
		c.forgetOldest()
	}
}

func (c *decidedCache) forgetOldest() {
	oldest := c.order[c.head]
	c.order[c.head] = nil
	c.head++
	c.used -= oldest.bytes()
	delete(c.byID, oldest.id)
	if c.head > len(c.order)/2 {
		c.order = append(c.order[:0], c.order[c.head:]...)
		c.head = 0
	}
}
