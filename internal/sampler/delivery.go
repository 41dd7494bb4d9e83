package sampler

import (
	"sync"
	"sync/atomic"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// delivery is one attempt to bring a kept trace, or late spans of it, to its backend. It may be several parcels: one
// for each route, and more where the trace is larger than an export may be. When all have been answered for, one mark
// goes into the log.
type delivery struct {
	shard    *shard
	trace    otlp.TraceID
	decision *decision
	through  wal.Position // the mark that the delivery earns
	first    bool         // nothing of the trace was delivered before
	whole    bool         // it is one parcel
	parcels  atomic.Int32 // not yet answered

	mu      sync.Mutex
	refused string // the first permanent refusal
	moved   bool   // references were out of date: nothing is marked, the shard hands over again
}

// parcel is the part of a delivery that goes out in one request.
type parcel struct {
	*delivery
	piece
}

func newDelivery(s *shard, t *trace) []parcel {
	d := &delivery{shard: s, trace: t.id, decision: t.decision, through: t.through()}
	d.first = t.answered == 0 && !t.decision.flags.has(flagLate)
	pieces := split(t.groups, t.spans, s.engine.cfg.Export.MaxBytes)
	d.whole = len(pieces) == 1
	d.parcels.Store(int32(len(pieces)))
	parcels := make([]parcel, len(pieces))
	for i := range pieces {
		parcels[i] = parcel{d, pieces[i]}
	}
	return parcels
}

// answer notes how one parcel fared, and says how the delivery stands: whether it has to be handed over again because
// references were out of date, and why the backend refused it, if it did.
func (d *delivery) answer(refused string, moved bool) (again bool, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moved = d.moved || moved
	if d.refused == "" {
		d.refused = refused
	}
	return d.moved, d.refused
}
