package sampler

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/otlp"
)

// inBubble runs a test whose time is its own.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func TestEngine_KeepsTheWholeTraceAndDropsTheOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		good, bad := traceID(1), traceID(2)
		r.send(request(bad, spec{name: "tool", parent: "root", failed: true}))
		r.send(request(good, spec{name: "root"}))
		r.send(request(bad, spec{name: "root"}, spec{name: "llm", parent: "root"}))
		r.pass(DefaultSettle + time.Second)

		if got, want := r.sink.got(bad), []string{"llm", "root", "tool"}; !slices.Equal(got, want) {
			t.Errorf("kept trace: got spans %v, want %v", got, want)
		}
		if got := r.sink.got(good); len(got) != 0 {
			t.Errorf("dropped trace: got spans %v, want none", got)
		}
		r.pass(time.Second)
		kept, dropped := r.row(bad), r.row(good)
		if kept.Verdict != ledger.Keep || !slices.Equal(kept.Rules, []string{"errors"}) || kept.Probability != 1 || kept.Exported == nil {
			t.Errorf("row of the kept trace: got %+v, want keep by errors, probability 1, exported", kept)
		}
		if dropped.Verdict != ledger.Drop || !slices.Equal(dropped.Rules, []string{"otherwise"}) || dropped.Exported != nil {
			t.Errorf("row of the dropped trace: got %+v, want drop by otherwise", dropped)
		}
		if got := r.engine.live.total.Load(); got != 0 {
			t.Errorf("live bytes after everything is answered: got %d, want 0", got)
		}
	})
}

func TestEngine_CountsAResentSpanOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		id := traceID(1)
		again := request(id, spec{name: "root", failed: true}, spec{name: "llm", parent: "root"})
		r.send(again)
		r.send(again)
		// Some libraries use a span id twice: other bytes are another span.
		r.send(request(id, spec{name: "llm", parent: "root", attrs: map[string]any{"other": true}}))
		r.pass(DefaultSettle + time.Second)
		if got, want := r.sink.got(id), []string{"llm", "llm", "root"}; !slices.Equal(got, want) {
			t.Errorf("got spans %v, want %v", got, want)
		}
		r.send(again) // after it has left
		r.pass(DefaultSettle + time.Second)
		if got := r.sink.count(); got != 3 {
			t.Errorf("spans at the backend after a resend: got %d, want 3", got)
		}
		if got := r.engine.Status(context.Background()).DuplicateSpans; got != 4 {
			t.Errorf("duplicates counted: got %d, want 4", got)
		}
	})
}

// lateSpansFollow sends a late span of a kept and of a dropped trace, and checks that each goes the way of its trace.
func (r *rig) lateSpansFollow(kept, dropped otlp.TraceID) {
	r.t.Helper()
	r.send(request(kept, spec{name: "late", parent: "root"}))
	r.send(request(dropped, spec{name: "late", parent: "root", failed: true}))
	r.pass(DefaultIdle + 2*time.Second)
	if got, want := r.sink.got(kept), []string{"late", "root"}; !slices.Equal(got, want) {
		r.t.Errorf("kept trace: got spans %v, want %v", got, want)
	}
	if got := r.sink.got(dropped); len(got) != 0 {
		r.t.Errorf("dropped trace: got spans %v, want none", got)
	}
	r.row(kept)
	r.row(dropped)
}

func TestEngine_LateSpansFollowTheVerdict(t *testing.T) {
	for _, test := range []struct {
		name    string
		restart bool
	}{{"live", false}, {"after a restart", true}} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, errorsOnly)
				defer func() { r.close() }()
				kept, dropped := traceID(1), traceID(2)
				r.send(request(kept, spec{name: "root", failed: true}))
				r.send(request(dropped, spec{name: "root"}))
				r.pass(DefaultSettle + 2*time.Second)
				if test.restart {
					r.reopen()
					r.pass(time.Second)
				}
				r.lateSpansFollow(kept, dropped)
			})
		})
	}
}

// The ledger answers when the cache of recent verdicts has forgotten.
func TestEngine_LateSpansFollowAVerdictFoundInTheLedger(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		kept, dropped := traceID(1), traceID(2)
		r.send(request(kept, spec{name: "root", failed: true}))
		r.send(request(dropped, spec{name: "root"}))
		r.pass(DefaultSettle + 2*time.Second)
		for _, s := range r.engine.shards {
			s.in <- forgetMessage{}
		}
		r.lateSpansFollow(kept, dropped)
	})
}

// forgetMessage empties a shard's cache of verdicts.
type forgetMessage struct{}

func (forgetMessage) apply(s *shard) { s.decided = newDecidedCache(s.decided.budget, s.decided.limits) }

func TestEngine_GoesOnAfterARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer func() { r.close() }()
		undecided, unexported := traceID(1), traceID(2)
		r.sink.fail(down)
		r.send(request(unexported, spec{name: "root", failed: true}))
		r.pass(DefaultSettle + time.Second)
		r.send(request(undecided, spec{name: "tool", parent: "root", failed: true}))
		r.reopen()
		r.sink.fail(nil)
		r.send(request(undecided, spec{name: "root"}))
		r.pass(2 * DefaultSettle)
		if got, want := r.sink.got(unexported), []string{"root"}; !slices.Equal(got, want) {
			t.Errorf("kept before the restart: got %v, want %v", got, want)
		}
		if got, want := r.sink.got(undecided), []string{"root", "tool"}; !slices.Equal(got, want) {
			t.Errorf("open at the restart: got %v, want %v", got, want)
		}
		r.row(undecided)
		r.row(unexported)
	})
}

func TestEngine_DecidesInTime(t *testing.T) {
	for _, test := range []struct {
		name   string
		decide DecideConfig
		spans  spec
		open   time.Duration // still undecided then
		closed time.Duration // decided then
	}{
		{"root and settled", DecideConfig{}, spec{name: "root", failed: true}, DefaultSettle - time.Second, DefaultSettle + time.Second},
		{"no root", DecideConfig{}, spec{name: "a", parent: "b", failed: true}, DefaultIdle - time.Second, DefaultIdle + time.Second},
		{"max wait", DecideConfig{MaxWait: time.Minute}, spec{name: "a", parent: "b", failed: true}, 59 * time.Second, 61 * time.Second},
		{"decision_wait", DecideConfig{DecisionWait: 30 * time.Second}, spec{name: "root", failed: true}, 29 * time.Second, 31 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, errorsOnly, func(c *Config) { c.Decide = test.decide })
				defer r.close()
				r.send(request(traceID(1), test.spans))
				r.pass(test.open)
				if got := r.sink.count(); got != 0 {
					t.Errorf("after %v: got %d spans at the backend, want 0", test.open, got)
				}
				r.pass(test.closed - test.open)
				if got := r.sink.count(); got != 1 {
					t.Errorf("after %v: got %d spans at the backend, want 1", test.closed, got)
				}
			})
		})
	}
}

func TestEngine_SetsARefusedTraceAsideAndRetriesWhenAsked(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer func() { r.close() }()
		id, other := traceID(1), traceID(2)
		r.sink.fail(func(int) error { return consumererror.NewPermanent(errors.New("the prompt was: secret")) })
		r.send(request(id, spec{name: "root", failed: true}))
		r.pass(DefaultSettle + 2*time.Second)
		r.sink.fail(nil)
		if row := r.row(id); row.Exported == nil || row.Exported.Refused == "" || strings.Contains(row.Exported.Refused, "secret") {
			t.Fatalf("row: got %+v, want it refused, without the backend's words", row.Exported)
		}
		r.reopen() // it stays aside, with its bytes
		r.send(request(other, spec{name: "root", failed: true}))
		r.pass(DefaultSettle + 2*time.Second)
		if got := r.sink.got(other); len(got) != 1 {
			t.Errorf("another trace: got %v, want its span: a refusal blocks nobody", got)
		}
		if got := r.sink.got(id); len(got) != 0 {
			t.Errorf("refused trace before the retry: got %v, want none", got)
		}
		if got := r.engine.retry(context.Background(), []otlp.TraceID{id}); got != 1 {
			t.Errorf("retried: got %d, want 1", got)
		}
		r.pass(2 * time.Second)
		if got := r.sink.got(id); len(got) != 1 {
			t.Errorf("refused trace after the retry: got %v, want its span", got)
		}
		if row := r.row(id); row.Exported == nil || row.Exported.Refused != "" {
			t.Errorf("row after the retry: got %+v, want exported", row.Exported)
		}
	})
}

func TestEngine_OneBadTraceTakesNoOthersWithIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Export.InFlight = 1 })
		defer r.close()
		r.sink.fail(down)
		for n := range 5 {
			r.send(request(traceID(n+1), spec{name: "root", failed: true}))
		}
		r.pass(DefaultSettle + time.Second)
		r.sink.fail(nil)
		r.sink.mu.Lock()
		r.sink.fault = nil
		r.sink.mu.Unlock()
		r.pass(2 * time.Minute)
		if got := r.sink.count(); got != 5 {
			t.Errorf("spans at the backend: got %d, want 5", got)
		}
	})
}

func TestEngine_DecidesTheOldestEarlyAtTheMemoryBound(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Shards = 1 })
		defer r.close()
		r.engine.shardMemory = 100 << 10
		const n = 200
		for i := range n {
			r.send(request(traceID(i+1), spec{name: "a", parent: "b", failed: true}))
			r.pass(time.Second)
		}
		status := r.engine.Status(context.Background())
		if status.Early == 0 || status.TraceMemory > 110<<10 {
			t.Errorf("got %d decided early and %d bytes held, want some and at most the bound", status.Early, status.TraceMemory)
		}
		if got := r.sink.got(traceID(1)); len(got) != 1 {
			t.Error("the oldest trace was not decided first")
		}
		if got := r.sink.got(traceID(n)); len(got) != 0 {
			t.Error("the newest trace was decided early while older ones were open")
		}
	})
}

func TestEngine_RefusesAtTheDiskLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.DiskLimit = 64 << 20 })
		defer r.close()
		var refused *Refused
		sent := 0
		for ; refused == nil && sent < 100; sent++ {
			_, err := r.offer(request(traceID(sent+1), spec{name: "a", parent: "b", size: 1 << 20}))
			if err != nil && !errors.As(err, &refused) {
				t.Fatalf("got %v, want it taken or refused", err)
			}
			r.pass(time.Second)
		}
		if refused == nil || refused.RetryAfter <= 0 {
			t.Fatalf("after %d MiB: got %v, want a refusal with a delay", sent, refused)
		}
		if got := r.engine.log.Bytes(); got > 80<<20 {
			t.Errorf("log: got %d bytes, want about the limit of 64 MiB", got)
		}
	})
}

func TestEngine_RefusesWhenTheDataDirectoryIsGone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		if err := os.Rename(r.cfg.DataDir, r.cfg.DataDir+"-moved"); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		var refused *Refused
		if _, err := r.offer(request(traceID(1), spec{name: "root"})); !errors.As(err, &refused) || refused.Reason != reasonGone {
			t.Errorf("without the directory: got %v, want it refused because the directory is gone", err)
		}
		if err := os.Rename(r.cfg.DataDir+"-moved", r.cfg.DataDir); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		r.send(request(traceID(2), spec{name: "root"}))
	})
}

func TestEngine_MetadataTravelsWithTheData(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer func() { r.close() }()
		for i, tenant := range []string{"acme", "umbrella"} {
			if _, err := r.offer(request(traceID(i+1), spec{name: "root", failed: true}), KV{"x-tenant", []string{tenant}}); err != nil {
				t.Fatal(err)
			}
		}
		r.reopen()
		r.pass(DefaultSettle + 2*time.Second)
		slices.Sort(r.sink.tenants)
		if want := []string{"acme", "umbrella"}; !slices.Equal(r.sink.tenants, want) {
			t.Errorf("tenants at the backend: got %v, want %v", r.sink.tenants, want)
		}
	})
}

func TestEngine_CutsExportsToSize(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Export.MaxBytes = 10 << 10 })
		defer r.close()
		id := traceID(1)
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			r.send(request(id, spec{name: name, parent: "r", failed: true, size: 4 << 10}))
		}
		r.send(request(id, spec{name: "r"}))
		r.pass(DefaultSettle + 2*time.Second)
		if got := len(r.sink.got(id)); got != 7 {
			t.Errorf("spans at the backend: got %d, want 7", got)
		}
		if r.sink.calls < 3 {
			t.Errorf("requests: got %d, want at least 3 of 10 KiB for 24 KiB", r.sink.calls)
		}
	})
}

// The ledger outlives a log that somebody deleted, or that lost its end: what is decided then still gets its row.
func TestEngine_LedgerGoesOnWhenTheLogIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer func() { r.close() }()
		for n := range 20 {
			r.send(request(traceID(n+1), spec{name: "root", failed: true}))
		}
		r.pass(DefaultSettle + 2*time.Second)
		r.close()
		if err := os.RemoveAll(filepath.Join(r.cfg.DataDir, "wal")); err != nil {
			t.Fatal(err)
		}
		r.open()
		r.send(request(traceID(100), spec{name: "root", failed: true}))
		r.pass(DefaultSettle + 2*time.Second)
		r.row(traceID(100))
		r.row(traceID(1))
	})
}
