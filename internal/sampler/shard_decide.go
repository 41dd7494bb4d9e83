package sampler

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/wal"
)

// decideBatch is the largest number of traces that one verdict record decides.
const decideBatch = 1024

// deadline says when an open trace is due, by the engine's clock: when its root has ended and nothing more came for
// Settle; when nothing came for Idle; at the latest MaxWait after its first span. With DecisionWait it is that long
// after the first span, or DecisionWaitAfterRootReceived after the first root, as the Collector's tail_sampling has it.
// A trace that is given up is due at once.
func (s *shard) deadline(t *trace) int64 {
	d := &s.engine.cfg.Decide
	if t.abandoned != "" {
		return t.first
	}
	if d.DecisionWait > 0 {
		due := t.first + int64(d.DecisionWait)
		if d.DecisionWaitAfterRootReceived > 0 && t.rootAt > 0 {
			due = min(due, t.rootAt+int64(d.DecisionWaitAfterRootReceived))
		}
		return due
	}
	quiet := d.Idle
	if t.rooted {
		quiet = d.Settle
	}
	return min(t.last+int64(quiet), t.first+int64(d.MaxWait))
}

// decideDue decides the traces whose time has come, and at the bounds of memory and of num_traces the oldest.
func (s *shard) decideDue() {
	if !s.live {
		return // a verdict may be waiting in the part of the log that is not delivered yet
	}
	now := s.engine.clock.Now()
	batch := make([]*trace, 0, 64)
	take := func(t *trace, early bool) {
		s.take(t)
		t.early = early
		if batch = append(batch, t); len(batch) == decideBatch {
			s.decide(batch, now)
			batch = batch[:0]
		}
	}
	for t := s.due.next(); s.caught && t != nil && t.deadline <= now.UnixNano(); t = s.due.next() {
		if t.deadline = s.deadline(t); t.deadline > now.UnixNano() {
			s.due.set(t)
			continue
		}
		take(t, false)
	}
	// Bounded, as a trace whose verdict cannot be reached comes back.
	for n := len(s.due); n > 0 && s.crowded() && s.order.oldest != nil; n-- {
		take(s.order.oldest, true)
	}
	s.decide(batch, now)
}

// take makes an open trace one whose verdict is on the way.
func (s *shard) take(t *trace) {
	s.due.remove(t)
	s.order.remove(t)
	s.setPhase(t, deciding)
}

// crowded says that open traces hold more memory than they may, or that there are too many. Which shard a trace falls to
// is chance, so one shard may hold more than its share of NumTraces as long as all together do not; but when all
// together do, at least one holds more than its share.
func (s *shard) crowded() bool {
	if s.undecided > s.engine.shardMemory {
		return true
	}
	limit := s.engine.cfg.Decide.NumTraces
	if limit == 0 || s.openN <= limit/len(s.engine.shards) {
		return false
	}
	all := s.openN
	for _, other := range s.engine.shards {
		if other != s {
			all += int(other.stats.undecided.Load())
		}
	}
	return all > limit
}

// catchUp looks, once a tick, whether everything that was acknowledged by the tick before has taken effect here. While it
// has not, spans of traces that seem due may be waiting in the log, so deadlines do not count.
func (s *shard) catchUp() {
	s.caught = s.handled >= s.goal && s.engine.delivered.Load() >= s.reach
	if s.caught {
		s.goal, s.reach = s.handled+uint64(len(s.in)), s.engine.committed.Load()
	}
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
		d, err := s.follow(t, now)
		if err == nil && d == nil {
			err = s.refresh(t, force)
		}
		switch {
		case err != nil:
			s.engine.logger.Error("decide a trace; trying again", traceField(t.id), zap.Error(err))
			s.reopen(t, now)
		case d != nil:
			decisions = append(decisions, d)
		case t.abandoned != "":
			decisions = append(decisions, s.decision(t, &policy.Verdict{Rules: []string{t.abandoned}}, force, now))
		default:
			inputs = append(inputs, policy.Input{
				Facts: t.facts, TraceID: t.id, TraceState: t.traceState, Fold: t.fold,
				Traces: func() (ptrace.Traces, error) { return s.engine.decode(t) },
			})
			asked = append(asked, t)
		}
	}
	verdicts := force.policy.Decide(inputs, force.state, now, force.since)
	for i, v := range verdicts {
		if v.Err != nil {
			s.engine.logger.Error("decide a trace; trying again", traceField(asked[i].id), zap.Error(v.Err))
			s.reopen(asked[i], now)
			continue
		}
		s.engine.metrics.faults(v.Faults)
		decisions = append(decisions, s.decision(asked[i], &v, force, now))
	}
	if len(decisions) > 0 {
		s.appendVerdicts(decisions)
	}
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
	now := s.engine.clock.Now()
	for _, d := range m.decisions {
		if t := s.traces[d.trace]; t != nil && t.phase == deciding {
			s.reopen(t, now)
		}
	}
}

// reopen returns a trace to the open ones: its verdict could not be reached, or not written. The memory bound passes it
// over until then.
func (s *shard) reopen(t *trace, now time.Time) {
	s.setPhase(t, open)
	t.deadline = now.UnixNano() + int64(retryVerdicts)
	s.order.push(t)
	s.due.set(t)
}

// retryVerdicts is how long traces wait whose verdict could not be written.
const retryVerdicts = time.Second

// refresh folds t anew from the log when its facts lack what the policy asks for.
func (s *shard) refresh(t *trace, force *inForce) error {
	if t.facts == nil {
		s.begin(t, force.plan)
		t.refold = len(t.spans) > 0
	}
	if !t.refold && (t.plan == force.plan || t.plan.serves(force.policy)) {
		return nil
	}
	s.restart(t, force.plan)
	t.refold = true
	if err := s.engine.refold(t, s.interner); err != nil {
		return err
	}
	t.refold = false
	return nil
}

// follow gives the verdict that a fragment has to follow because its trace was decided before, longer ago than the
// shard remembers. Nil: the trace is new.
func (s *shard) follow(t *trace, now time.Time) (*decision, error) {
	if !s.engine.filter.mayHave(t.id) {
		return nil, nil
	}
	rows, err := s.engine.ledger.Trace(s.engine.life, t.id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		s.engine.metrics.ledgerFault()
		return nil, fmt.Errorf("look for an earlier verdict: %w", err)
	}
	first := rows[len(rows)-1]
	return &decision{
		trace: t.id, verdict: first.Verdict, flags: flagLate, decidedAt: first.DecidedAt, start: first.Start,
		spansN: len(t.spans), probability: first.Probability, policyVersion: first.PolicyVersion,
		session: first.Session, retention: first.Retention, rules: first.Rules, facts: first.Facts,
	}, nil
}

// decision renders what the policy said of t.
func (s *shard) decision(t *trace, v *policy.Verdict, force *inForce, now time.Time) *decision {
	s.json = t.facts.AppendJSON(s.json[:0])
	d := &decision{
		trace: t.id, verdict: ledger.Drop, decidedAt: now.UTC(),
		start: time.Unix(0, int64(min(t.facts.Start(), 1<<63-1))).UTC(), duration: t.facts.Duration(),
		spansN: len(t.spans), probability: v.Probability, policyVersion: force.policy.Version(),
		session: t.facts.Session(), retention: v.Retention, rules: slices.Clone(v.Rules), facts: slices.Clone(s.json),
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
	if s.live && t != nil && t.phase == deciding {
		s.observe(t, d)
	}
	switch {
	case t == nil:
		s.noteVerdict(d)
	case t.decision != nil: // a carried copy has brought the verdict already
	case d.verdict == ledger.Keep:
		s.keep(t, d)
	default:
		t.dropped = true
		s.finish(t)
	}
}

// noteVerdict remembers a verdict whose trace is not there, which happens after a restart: its spans are gone from where
// they first stood, because nothing was owed for them or because they were carried forward and come later in the log.
func (s *shard) noteVerdict(d *decision) {
	v := verdictOf{id: d.trace}
	if old := s.decided.get(d.trace); old != nil {
		v = *old
	}
	v.dropped = d.verdict != ledger.Keep
	if !v.dropped {
		v.kept = d
	}
	s.decided.put(&v)
}

// keep makes a trace one that the backend is owed.
func (s *shard) keep(t *trace, d *decision) {
	s.due.remove(t)
	s.order.remove(t)
	s.dropFacts(t)
	s.setPhase(t, pending)
	t.decision = d
	s.charge(t)
	s.export(t)
}
