package sampler

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

const samplesErrors = "policies: [{name: failing, type: status_code, status_code: {status_codes: [ERROR]}}]"

// needsSpans can be told from the spans alone: OTTL has to be asked.
const needsSpans = `policies: [{name: matching, type: ottl_condition, ottl_condition: {span: ['IsMatch(Concat([name, ""], ""), "^wanted") and attributes["n"] == 2']}}]`

func TestPolicies_DecideFromFoldsAndFromSpans(t *testing.T) {
	for _, tt := range []struct{ name, policy, reason string }{
		{"folds", samplesErrors, "failing"},
		{"spans", needsSpans, "matching"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, tt.policy)
				defer r.close()
				kept, dropped := traceID(1), traceID(2)
				r.send(request(kept, spec{name: "root"}))
				r.send(request(kept, spec{name: "wanted", parent: "root", failed: true, attrs: map[string]any{"n": 2}}))
				r.send(request(dropped, spec{name: "root"}))
				r.send(request(dropped, spec{name: "wanted", parent: "root", attrs: map[string]any{"n": 3}}))
				r.pass(DefaultSettle + 3*time.Second)
				if got := r.sink.got(kept); len(got) != 2 {
					t.Errorf("kept: got spans %v, want 2", got)
				}
				if got := r.sink.got(dropped); len(got) != 0 {
					t.Errorf("dropped: got spans %v, want none", got)
				}
				if row := r.row(kept); !slices.Equal(row.Rules, []string{tt.reason}) || row.Probability != 1 {
					t.Errorf("row: got rules %v and probability %v, want [%s] and 1", row.Rules, row.Probability, tt.reason)
				}
			})
		})
	}
}

// TestPolicies_SurviveARestart: the log is folded again as it was the first time, in its order.
func TestPolicies_SurviveARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, "policies: [{name: two, type: span_count, span_count: {min_spans: 2}}, "+needsSpans[len("policies: ["):])
		defer func() { r.close() }()
		r.send(request(traceID(1), spec{name: "root"}))
		r.send(request(traceID(2), spec{name: "root"}))
		r.pass(time.Second)
		r.reopen()
		r.send(request(traceID(1), spec{name: "child", parent: "root"}))
		r.pass(DefaultSettle + 3*time.Second)
		if got := r.sink.got(traceID(1)); len(got) != 2 {
			t.Errorf("of two spans: got %v, want both", got)
		}
		if got := r.sink.got(traceID(2)); len(got) != 0 {
			t.Errorf("of one span: got %v, want none", got)
		}
	})
}

// TestPolicies_ReloadFoldsOpenTracesAnew: whether policies: come, go or change, an open trace is decided by those in
// force at its deadline, over all of its spans.
func TestPolicies_ReloadFoldsOpenTracesAnew(t *testing.T) {
	byKey := `policies: [{name: keyed, type: numeric_attribute, numeric_attribute: {key: n, min_value: 2}}]`
	none := "rules: [{name: errors, when: errors > 0, keep: true}]"
	for _, tt := range []struct {
		name     string
		policies []string // one after another, a span of the trace before each change
		want     []string
	}{
		{"come", []string{none, byKey}, []string{"keyed"}},
		{"change", []string{samplesErrors, byKey}, []string{"keyed"}},
		{"go", []string{byKey, none}, []string{"otherwise"}},
		{"go and come", []string{byKey, none, byKey}, []string{"keyed"}},
		{"stay, of another name", []string{byKey, "policies: [{name: other, type: numeric_attribute, numeric_attribute: {key: n, min_value: 2}}]"}, []string{"other"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, tt.policies[0])
				defer r.close()
				r.send(request(traceID(1), spec{name: "root"}))
				r.send(request(traceID(1), spec{name: "child", parent: "root", attrs: map[string]any{"n": 2}}))
				for _, text := range tt.policies[1:] {
					r.pass(time.Second)
					if err := r.engine.ReloadPolicy(context.Background(), "policy.yaml", []byte(text)); err != nil {
						t.Fatal(err)
					}
					r.send(request(traceID(1), spec{name: "after " + text[:8], parent: "root"}))
				}
				r.pass(DefaultSettle + 3*time.Second)
				if row := r.row(traceID(1)); !slices.Equal(row.Rules, tt.want) {
					t.Errorf("got rules %v, want %v", row.Rules, tt.want)
				}
			})
		})
	}
}

// TestPolicies_LimitsByTheClock: what a limit has left depends on the engine's clock, and a reload does not fill it.
func TestPolicies_LimitsByTheClock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		limited := "policies: [{name: few, type: rate_limiting, rate_limiting: {spans_per_second: 1, burst_capacity: 2}}]"
		r := newRig(t, limited)
		defer r.close()
		kept := func() (n int) { return len(r.sink.spans) }
		for i := range 5 {
			r.send(request(traceID(1+i), spec{name: "root"}))
		}
		r.pass(DefaultSettle + 2*time.Second)
		if got := kept(); got != 2 {
			t.Errorf("of five traces at once: got %d, want the 2 of the burst", got)
		}
		if err := r.engine.ReloadPolicy(context.Background(), "policy.yaml", []byte("otherwise: {drop: true}\n"+limited)); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			r.send(request(traceID(11+i), spec{name: "root"}))
		}
		r.pass(DefaultSettle + 2*time.Second)
		if got := kept(); got != 4 {
			t.Errorf("of five more, a while later: got %d in all, want 4", got)
		}
	})
}

// TestPolicies_ADiskThatFailsPutsOffTheVerdict: a trace whose spans a policy needs and cannot have is decided when it can.
func TestPolicies_ADiskThatFailsPutsOffTheVerdict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		disk := durable.NewFaulty(durable.NewMem())
		r := newRig(t, needsSpans, func(c *Config) { c.FS = disk })
		defer r.close()
		r.send(request(traceID(1), spec{name: "wanted", attrs: map[string]any{"n": 2}}))
		disk.Add(durable.Rule{Op: durable.OpRead, Times: -1, Err: syscall.EIO})
		r.pass(DefaultSettle + 5*time.Second)
		if got := r.engine.Status(context.Background()).TracesOpen; got != 1 {
			t.Errorf("while the disk fails: got %d open traces, want 1", got)
		}
		disk.Clear()
		r.pass(5 * time.Second)
		if got := r.sink.got(traceID(1)); len(got) != 1 {
			t.Errorf("once it does not: got spans %v, want 1", got)
		}
	})
}

func TestPolicies_WarningsAreLogged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, "policies: [{name: all, type: and, and: {and_sub_policy: []}}]")
		defer r.close()
		if n := r.logs.FilterMessageSnippet("hardly meant").Len(); n != 1 {
			t.Errorf("at the start: got %d warnings, want 1", n)
		}
		if err := r.engine.ReloadPolicy(context.Background(), "policy.yaml", []byte("policies: []")); err != nil {
			t.Fatal(err)
		}
		if n := r.logs.FilterMessageSnippet("hardly meant").Len(); n != 2 {
			t.Errorf("after a reload: got %d warnings, want 2", n)
		}
	})
}
