package sampler

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/wal"
)

// inForce is the policy that decides now, with all that goes with it. A reload swaps the whole.
type inForce struct {
	file   string
	policy *policy.Policy
	plan   *plan
	state  *policy.State
	from   time.Time
	since  time.Time // when calibration began
}

// BuiltInPolicy is the name under which the built-in policy is reported.
const BuiltInPolicy = "built-in policy"

// installPolicy puts the first policy in force.
func (e *Engine) installPolicy(ctx context.Context, file string, text []byte) error {
	if text == nil {
		file, text = BuiltInPolicy, policy.BuiltIn()
	}
	compiled, err := e.compile(file, text)
	if err != nil {
		return err
	}
	next, uses, err := e.prepare(ctx, file, compiled)
	if err != nil {
		return err
	}
	next.plan, next.state = newPlan(compiled, e.cfg.Facts), policy.NewState(compiled, next.from)
	e.policy.Store(next)
	e.warn(compiled)
	if len(uses) == 0 || uses[0].Version != compiled.Version() {
		e.recordPolicy(next)
	}
	return nil
}

// ReloadPolicy puts a new policy in force for every verdict from now on. When text does not compile the error says
// why, and the old policy stays.
func (e *Engine) ReloadPolicy(ctx context.Context, file string, text []byte) error {
	e.policyMu.Lock()
	defer e.policyMu.Unlock()
	compiled, err := e.compile(file, text)
	if err != nil {
		e.metrics.policyRefused()
		return err
	}
	old := e.policy.Load()
	if compiled.Version() == old.policy.Version() {
		return nil
	}
	next, _, err := e.prepare(ctx, file, compiled)
	if err != nil {
		return err
	}
	next.plan, next.state = old.plan, compiled.Carry(old.state, next.from)
	// Traces folded with a plan that lacks something are read again when they are decided; a plan that lacks nothing
	// serves on.
	if !old.plan.serves(compiled) {
		next.plan = newPlan(compiled, e.cfg.Facts)
	}
	e.policy.Store(next)
	e.warn(compiled)
	e.recordPolicy(next)
	e.logger.Info("a new policy is in force", zap.String("file", file), zap.String("version", compiled.Version()),
		zap.String("before", old.policy.Version()))
	return nil
}

// compile reads a policy with the options that stand outside of it.
func (e *Engine) compile(file string, text []byte) (*policy.Policy, error) {
	return policy.Compile(file, text, policy.SampleOnFirstMatch(e.cfg.Decide.SampleOnFirstMatch))
}

// warn logs what a policy that comes into force says and hardly anybody means.
func (e *Engine) warn(compiled *policy.Policy) {
	for _, w := range compiled.Warnings() {
		e.logger.Warn("the policy says what is hardly meant", zap.Error(w))
	}
}

// prepare dates a compiled policy by the clock and by the history of policies, which it returns. The caller adds plan and
// state.
func (e *Engine) prepare(ctx context.Context, file string, compiled *policy.Policy) (*inForce, []ledger.PolicyUse, error) {
	uses, err := e.ledger.PolicyUses(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read the history of policies: %w", err)
	}
	now := e.clock.Now().UTC()
	since := calibratingSince(uses, compiled.Calibrate(), now)
	return &inForce{file: file, policy: compiled, from: now, since: since}, uses, nil
}

// recordPolicy writes into the log, and so into the ledger, that a policy is in force.
func (e *Engine) recordPolicy(f *inForce) {
	use := &ledger.PolicyUse{Version: f.policy.Version(), Text: f.policy.Text(), From: f.from, Calibrate: f.policy.Calibrate()}
	e.appendForSure("policy", func() *wal.Record {
		return &wal.Record{Kind: kindPolicy, Body: encodePolicyUse(*use), Attachment: use}
	}, func() {})
}

// calibratingSince says when the present calibration began: with the first of the policies, back from the newest
// without a gap, that calibrate at all. So an edit of a rule does not begin it anew.
func calibratingSince(uses []ledger.PolicyUse, calibrate time.Duration, now time.Time) time.Time {
	since := now
	if calibrate == 0 {
		return since
	}
	for _, use := range uses {
		if use.Calibrate == 0 {
			break
		}
		since = use.From
	}
	return since
}
