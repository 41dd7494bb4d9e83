package sampler

import (
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/doctor"
	"github.com/tailwise/tailwise/internal/meter"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
	"github.com/tailwise/tailwise/internal/wal"
)

// shard owns the traces whose ids fall to it. One goroutine, run, holds all its state; everything else reaches it by
// message, so there is no lock on the way of a span.
//
// A shard never waits: it appends to the log and hands exports over without blocking, and only its own message queue
// is bounded (the sender waits: delivery, which then falls back to reading from disk). So no cycle can deadlock.
type shard struct {
	engine *Engine
	in     chan message

	// Owned by run; no other goroutine touches these.
	traces    map[otlp.TraceID]*trace
	due       deadlines
	order     arrivals
	decided   *decidedCache
	interner  *agent.Interner
	recorder  *meter.Recorder // nil: nobody counts traffic
	examiner  *doctor.Examiner
	free      []*trace // released traces, with their slices
	freeFacts []*agent.Facts
	freeFolds []*tailsampling.Fold
	json      []byte   // facts as they are written; a decision has its own
	touched   []*trace // by the record being folded
	round     uint64
	live      bool // everything that was in the log at the start has been delivered: deadlines count, exports flow
	memory    int  // of all traces
	undecided int  // of those that are open: what deciding early can free
	openN     int  // number of those
	waiting   int  // number of kept traces that the backend has not answered for
	asideN    int  // number of kept traces that the backend refused for good

	// examineSpan and countSpan, made once.
	examineOnly, examineAndCount func(*agent.Span) bool

	// Whether deadlines count: see catchUp.
	caught  bool
	handled uint64 // messages
	goal    uint64 // of handled, at which everything that waited at the last tick is done
	reach   uint64 // position of the log that must have been delivered, likewise

	examinedIn int64 // Unix second of the examinations that examined counts
	examined   int

	// Published for others.
	applied atomic.Uint32 // the last sealed segment whose records have all taken effect here
	stats   shardStats
}

// shardStats are the figures that metrics and the status page read.
type shardStats struct {
	open, undecided, pending, aside, memory atomic.Int64
}

// message is something that a shard's goroutine does with the shard.
type message interface{ apply(s *shard) }

// shardQueue bounds the messages that wait for a shard; the sender waits when it is full.
const shardQueue = 256

// freeLimit bounds the released traces that a shard keeps for reuse.
const freeLimit = 1024

func newShard(e *Engine, decidedBudget int) *shard {
	s := &shard{
		engine:   e,
		in:       make(chan message, shardQueue),
		traces:   make(map[otlp.TraceID]*trace),
		decided:  newDecidedCache(decidedBudget, rememberedVerdicts(&e.cfg)),
		interner: new(agent.Interner),
		examiner: e.doctor.NewExaminer(),
	}
	s.examineOnly, s.examineAndCount = s.examineSpan, s.countSpan
	if e.meter != nil {
		s.recorder = e.meter.NewRecorder()
	}
	return s
}

// rememberedVerdicts is how many verdicts of either side one shard remembers, where that is configured.
func rememberedVerdicts(cfg *Config) (limits [sidesN]int) {
	for side, n := range [sidesN]int{keptSide: cfg.Decide.SampledCacheSize, droppedSide: cfg.Decide.NonSampledCacheSize} {
		if n > 0 {
			limits[side] = (n-1)/cfg.Shards + 1
		}
	}
	return limits
}

// run is the shard's goroutine. It ends at quit, after the messages that are there.
func (s *shard) run(tick <-chan time.Time, quit <-chan struct{}) {
	for {
		select {
		case m := <-s.in:
			m.apply(s)
			s.handled++
		case <-tick:
			s.catchUp()
			s.decideDue()
		case <-quit:
			for len(s.in) > 0 {
				(<-s.in).apply(s)
			}
			return
		}
		s.publish()
	}
}

// liveMessage tells the shard that the log's old part has been delivered.
type liveMessage struct{}

func (liveMessage) apply(s *shard) {
	s.live = true
	for _, t := range s.traces {
		if t.phase == pending {
			s.export(t)
		}
	}
}

// sealedMessage tells the shard that it has seen all of a segment.
type sealedMessage struct{ segment wal.SegmentID }

func (m sealedMessage) apply(s *shard) { s.applied.Store(uint32(m.segment)) }

func (s *shard) publish() {
	s.stats.open.Store(int64(len(s.traces) - s.waiting - s.asideN))
	s.stats.undecided.Store(int64(s.openN))
	s.stats.aside.Store(int64(s.asideN))
	s.stats.pending.Store(int64(s.waiting))
	s.stats.memory.Store(int64(s.memory))
}

// shardOf says which of n shards owns a trace. Trace ids are random, but not everybody's: the product spreads ids
// that differ only in a few bits.
func shardOf(id *otlp.TraceID, n int) int {
	h := binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])
	return int((h * 0x9E3779B97F4A7C15) >> 33 % uint64(n))
}

// newTrace makes an open trace, from a released one if there is one. What is remembered of it, v, may be nil.
func (s *shard) newTrace(id otlp.TraceID, v *verdictOf, now int64) *trace {
	t := &trace{}
	if n := len(s.free); n > 0 {
		t, s.free = s.free[n-1], s.free[:n-1]
	}
	*t = trace{id: id, slot: -1, first: now, last: now, groups: t.groups[:0], spans: t.spans[:0]}
	s.traces[id] = t
	s.count(t, 1)
	if v == nil {
		return t
	}
	t.answered, t.sent = v.answered, slices.Clip(v.hashes)
	for _, h := range t.sent {
		t.remember(h)
	}
	if v.kept != nil {
		t.decision = v.kept
		s.setPhase(t, pending)
	}
	return t
}

// setPhase moves t on and keeps the shard's accounts of phases.
func (s *shard) setPhase(t *trace, p phase) {
	s.count(t, -1)
	t.phase = p
	s.count(t, 1)
}

func (s *shard) count(t *trace, n int) {
	switch t.phase {
	case open:
		s.undecided += n * t.memory
		s.openN += n
	case pending:
		s.waiting += n
	case aside:
		s.asideN += n
	}
}

// rememberedSpans is the largest number of spans of a kept trace by which resent ones are told from late ones after it
// left. Of a larger trace a resent span goes out once more.
const rememberedSpans = 4096

// finish ends a trace that nothing is owed for, and remembers what late spans need.
func (s *shard) finish(t *trace) {
	v := &verdictOf{id: t.id, kept: t.decision, dropped: t.dropped, answered: t.answered}
	if t.decision != nil && len(t.sent) <= rememberedSpans {
		v.hashes = t.sent
	}
	s.decided.put(v)
	s.retire(t)
}

// retire forgets a trace.
func (s *shard) retire(t *trace) {
	s.release(t.groups)
	s.due.remove(t)
	s.order.remove(t)
	s.dropFacts(t)
	s.count(t, -1)
	s.memory -= t.memory
	delete(s.traces, t.id)
	// An export may still read the slices of a kept trace; only an open trace's can be used again.
	if t.decision == nil && len(s.free) < freeLimit && cap(t.spans) <= 4*scanLimit && cap(t.groups) <= scanLimit {
		t.seen, t.sent = nil, nil
		s.free = append(s.free, t)
	}
}

// release says of groups that their bytes are needed no more.
func (s *shard) release(groups []group) {
	for len(groups) > 0 { // nearly all stand in one segment
		segment, bytes, n := groups[0].position.Segment(), int64(0), 0
		for ; n < len(groups) && groups[n].position.Segment() == segment; n++ {
			bytes += int64(groups[n].bytes)
		}
		s.engine.live.add(segment, -bytes)
		groups = groups[n:]
	}
}

func (s *shard) takeFacts() *agent.Facts {
	if n := len(s.freeFacts); n > 0 {
		f := s.freeFacts[n-1]
		s.freeFacts = s.freeFacts[:n-1]
		return f
	}
	return new(agent.Facts)
}

func (s *shard) dropFacts(t *trace) {
	s.dropFold(t)
	if t.facts == nil {
		return
	}
	if len(s.freeFacts) < freeLimit {
		t.facts.Reset()
		s.freeFacts = append(s.freeFacts, t.facts)
	}
	t.facts = nil
}

// charge brings the shard's account of a trace's memory up to date.
func (s *shard) charge(t *trace) {
	now := t.footprint()
	s.memory += now - t.memory
	if t.phase == open {
		s.undecided += now - t.memory
	}
	t.memory = now
}
