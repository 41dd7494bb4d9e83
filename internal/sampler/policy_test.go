package sampler

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestReload_RefoldsOpenTracesForKeysThatWereNotCollected(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		id := traceID(1)
		r.send(request(id, spec{name: "root", attrs: map[string]any{"judge.score": 0.2}}))
		r.pass(time.Second)
		poor := "rules: [{name: poor, when: 'attr_min(\"judge.score\") < 0.5', keep: true}]"
		if err := r.engine.ReloadPolicy(context.Background(), "policy.yaml", []byte(poor)); err != nil {
			t.Fatal(err)
		}
		version := r.engine.policyView().Version
		r.pass(DefaultSettle + 2*time.Second)
		if got := r.sink.got(id); len(got) != 1 {
			t.Errorf("got spans %v, want the one with the poor score", got)
		}
		row := r.row(id)
		if !slices.Equal(row.Rules, []string{"poor"}) || row.PolicyVersion != version {
			t.Errorf("row: got rules %v of %s, want [poor] of %s", row.Rules, row.PolicyVersion, version)
		}
		uses, err := r.engine.ledger.PolicyUses(context.Background())
		if err != nil || len(uses) != 2 || uses[0].Version != version || string(uses[0].Text) != poor {
			t.Errorf("history of policies: got %v (%v), want both, the new one first", uses, err)
		}
	})
}

func TestReload_RefusesABrokenPolicyAndKeepsTheOldOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		before := r.engine.policyView().Version
		err := r.engine.ReloadPolicy(context.Background(), "policy.yaml", []byte("rules: [{name: x, when: erors > 0, keep: true}]"))
		if err == nil {
			t.Fatal("a policy with an unknown fact was taken")
		}
		if got := r.engine.policyView().Version; got != before {
			t.Errorf("policy in force: got %s, want %s", got, before)
		}
		r.send(request(traceID(1), spec{name: "root", failed: true}))
		r.pass(DefaultSettle + 2*time.Second)
		if got := r.sink.got(traceID(1)); len(got) != 1 {
			t.Errorf("under the old policy: got spans %v, want 1", got)
		}
	})
}

func TestCalibrate_KeepsEverythingForThatLong(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, "calibrate: 1h\n"+errorsOnly)
		defer func() { r.close() }()
		r.send(request(traceID(1), spec{name: "root"}))
		r.pass(30 * time.Minute)
		r.reopen() // does not begin it anew
		r.pass(31 * time.Minute)
		r.send(request(traceID(2), spec{name: "root"}))
		r.pass(DefaultSettle + 2*time.Second)
		if got := r.sink.got(traceID(1)); len(got) != 1 {
			t.Errorf("while calibrating: got spans %v, want 1", got)
		}
		if got := r.sink.got(traceID(2)); len(got) != 0 {
			t.Errorf("after calibrating: got spans %v, want none", got)
		}
	})
}

func TestChance_IsWrittenAndConsistent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, "rules: [{name: baseline, sample: 50%}]")
		defer r.close()
		const n = 400
		for i := range n {
			r.send(request(traceID(i+1), spec{name: "root", attrs: map[string]any{"session.id": "conversation-" + string(rune('a'+i%20))}}))
		}
		r.pass(DefaultSettle + 2*time.Second)
		bySession := make(map[string]int)
		for id, spans := range r.sink.spans {
			row := r.row(id)
			if row.Probability != 0.5 {
				t.Fatalf("probability: got %v, want 0.5", row.Probability)
			}
			bySession[row.Session]++
			if state := spans[0].TraceState().AsRaw(); len(state) < len("ot=th:8") || state[:3] != "ot=" {
				t.Fatalf("tracestate: got %q, want ot=... with th", state)
			}
		}
		for session, kept := range bySession {
			if kept != n/20 {
				t.Errorf("session %s: got %d of its %d traces, want all or none", session, kept, n/20)
			}
		}
		if len(bySession) == 0 || len(bySession) == 20 {
			t.Errorf("sessions kept: got %d of 20, want some", len(bySession))
		}
	})
}
