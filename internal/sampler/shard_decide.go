package sampler

import (
	"context"
	"errors"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/wal"
)

// decideBatch is the largest number of traces that one verdict record decides.
const decideBatch = 1024

// deadline says when an open trace is due, by the engine's clock: when its root has ended and nothing more came for
// Settle; when nothing came for Idle; at the latest MaxWait after its first span. With DecisionWait it is that long
// after the first span, as the Collector's tail_sampling has it.
func (s *shard) deadline(t *trace) int64 {
	d := &s.engine.cfg.Decide
	if d.DecisionWait > 0 {
		return t.first + int64(d.DecisionWait)
	}
	quiet := d.Idle
	if t.rooted {
		quiet = d.Settle
	}
	return min(t.last+int64(quiet), t.first+int64(d.MaxWait))
}

// decideDue decides the traces whose time has come, and at the memory bound the oldest.
func (s *shard) decideDue() {
	if !s.live {
		return // a verdict may be waiting in the part of the log that is not delivered yet
	}
	now := s.engine.clock.Now()
	batch := make([]*trace, 0, 64)
	take := func(t *trace, early bool) {
		s.due.remove(t)
		s.order.remove(t)
		t.phase, t.early = deciding, early
		s.deciding += t.memory
		if batch = append(batch, t); len(batch) == decideBatch {
			s.decide(batch, now)
			batch = batch[:0]
		}
	}
	for t := s.due.next(); t != nil && t.deadline <= now.UnixNano(); t = s.due.next() {
		if t.deadline = s.deadline(t); t.deadline > now.UnixNano() {
			s.due.set(t)
			continue
		}
		take(t, false)
	}
	for s.memory-s.deciding > s.engine.shardMemory && s.order.oldest != nil {
		take(s.order.oldest, true)
	}
	s.decide(batch, now)
}

// decide asks the policy about traces and appends the verdicts. They take effect when the log delivers them.
func (s *shard) decide(batch []*trace, now time.Time) {
	if len(batch) == 0 {
		return
	}
	force := s.engine.policy.Load()
	decisions := make([]*decision, 0, len(batch))
	inputs := make([]policy.Input, 0, len(batch))
	asked := make([]*trace, 0, len(batch))
	for _, t := range batch {
		if d := s.follow(t, now); d != nil {
			decisions = append(decisions, d)
			continue
		}
		s.refresh(t, force)
		inputs = append(inputs, policy.Input{Facts: t.facts, TraceID: t.id, TraceState: t.traceState})
		asked = append(asked, t)
	}
	verdicts := force.policy.Decide(inputs, force.state, now, force.since)
	for i, v := range verdicts {
		s.engine.metrics.faults(v.Faults)
		decisions = append(decisions, s.decision(asked[i], &v, force, now))
	}
	s.appendVerdicts(decisions)
}

// appendVerdicts writes decisions into the log without waiting for them.
func (s *shard) appendVerdicts(decisions []*decision) {
	commit := s.engine.log.Append(&wal.Record{Kind: kindVerdicts, Body: encodeDecisions(decisions), Attachment: decisions})
	s.engine.background.Go(func() {
		if err := commit.Wait(); err != nil {
			s.engine.verdictsLost(s, decisions, err)
		}
	})
}

// undecideMessage returns traces to the open ones because their verdict did not get into the log.
type undecideMessage struct{ decisions []*decision }

func (m undecideMessage) apply(s *shard) {
	now := s.engine.clock.Now().UnixNano()
	for _, d := range m.decisions {
		if t := s.traces[d.trace]; t != nil && t.phase == deciding {
			s.deciding -= t.memory
			t.phase = open
			t.deadline = now + int64(retryVerdicts)
			s.order.push(t)
			s.due.set(t)
		}
	}
}

// retryVerdicts is how long traces wait whose verdict could not be written.
const retryVerdicts = time.Second

// refresh folds t anew from the log when its facts lack what the policy asks for.
func (s *shard) refresh(t *trace, force *inForce) {
	if t.facts == nil {
		t.facts, t.plan = s.takeFacts(), force.plan
		t.refold = len(t.spans) > 0
	}
	if !t.refold && (t.plan == force.plan || t.plan.Covers(force.policy.Attrs())) {
		return
	}
	t.facts.Reset()
	t.plan, t.refold = force.plan, false
	if err := s.engine.refold(t, s.interner); err != nil {
		s.engine.damage("read a trace again before its verdict", err)
	}
}

// follow gives the verdict that a fragment has to follow because its trace was decided before, longer ago than the
// shard remembers. Nil: the trace is new, and so it is when the ledger cannot say.
func (s *shard) follow(t *trace, now time.Time) *decision {
	if !s.engine.filter.mayHave(t.id) {
		return nil
	}
	rows, err := s.engine.ledger.Trace(context.Background(), t.id)
	if err != nil {
		if !errors.Is(err, ledger.ErrNotFound) {
			s.engine.metrics.ledgerFault()
		}
		return nil
	}
	first := rows[len(rows)-1]
	return &decision{
		trace: t.id, verdict: first.Verdict, flags: flagLate, decidedAt: first.DecidedAt, start: first.Start,
		spansN: len(t.spans), probability: first.Probability, policyVersion: first.PolicyVersion,
		session: first.Session, retention: first.Retention, rules: first.Rules, facts: first.Facts,
	}
}

// decision renders what the policy said of t.
func (s *shard) decision(t *trace, v *policy.Verdict, force *inForce, now time.Time) *decision {
	d := &decision{
		trace: t.id, verdict: ledger.Drop, decidedAt: now.UTC(),
		start: time.Unix(0, int64(min(t.facts.Start(), 1<<63-1))).UTC(), duration: t.facts.Duration(),
		spansN: len(t.spans), probability: v.Probability, policyVersion: force.policy.Version(),
		session: t.facts.Session(), retention: v.Retention, rules: v.Rules, facts: t.facts.AppendJSON(nil),
	}
	if v.Keep {
		d.verdict = ledger.Keep
	}
	if v.Sampled {
		d.threshold, d.randomness = v.Threshold.TValue(), v.RV
	}
	if t.early {
		d.flags |= flagEarly
	}
	return d
}

// verdictsMessage is a verdict record's part for one shard.
type verdictsMessage struct{ decisions []*decision }

func (m verdictsMessage) apply(s *shard) {
	for _, d := range m.decisions {
		s.applyVerdict(d)
	}
}

// applyVerdict gives a verdict its effect. Live and after a restart it is the same: the record is durable now.
func (s *shard) applyVerdict(d *decision) {
	s.engine.filter.add(d.trace)
	if s.live {
		s.engine.metrics.verdict(d)
	}
	t := s.traces[d.trace]
	if t == nil { // after a restart: its spans are gone, which they may only be once nothing was owed for them
		s.remember(d.trace, d, nil, 0)
		return
	}
	if t.decision != nil {
		return // a carried copy has brought the verdict already
	}
	if t.phase == deciding {
		s.deciding -= t.memory
	}
	if d.verdict != ledger.Keep {
		s.remember(d.trace, d, nil, 0)
		s.retire(t)
		return
	}
	s.keep(t, d)
}

// keep makes a trace one that the backend is owed.
func (s *shard) keep(t *trace, d *decision) {
	s.due.remove(t)
	s.order.remove(t)
	s.dropFacts(t)
	t.phase, t.decision = pending, d
	s.waiting++
	s.charge(t)
	s.export(t)
}

// remember puts a verdict into the cache that late spans are held against.
func (s *shard) remember(id otlp.TraceID, d *decision, hashes []uint64, answered wal.Position) {
	v := &verdictOf{id: id, hashes: hashes, answered: answered}
	if d.verdict == ledger.Keep {
		v.kept = d
	}
	s.decided.put(v)
}
