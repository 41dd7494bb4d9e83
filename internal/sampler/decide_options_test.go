package sampler

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/ledger"
)

// decideBy sets what a test is about.
func decideBy(d DecideConfig) func(*Config) { return func(c *Config) { c.Decide = d } }

const keepAll = "rules: [{name: all, keep: true, when: spans > 0}]\n"

func TestDecide_AfterTheRootWasReceived(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, keepAll, decideBy(DecideConfig{DecisionWaitAfterRootReceived: 5 * time.Second}))
		defer r.close()
		rooted, rootless, late := traceID(1), traceID(2), traceID(3)
		r.send(request(rooted, spec{name: "a", parent: "root"}))
		r.send(request(rootless, spec{name: "a", parent: "root"}))
		r.send(request(late, spec{name: "a", parent: "root"}))
		r.pass(10 * time.Second)
		r.send(request(rooted, spec{name: "root"}))
		r.pass(3 * time.Second)
		r.send(request(rooted, spec{name: "root2"})) // only the first root counts
		r.pass(3 * time.Second)
		if got, want := r.sink.got(rooted), []string{"a", "root", "root2"}; !slices.Equal(got, want) {
			t.Errorf("6 s after the first root: got spans %v, want %v", got, want)
		}
		r.pass(12 * time.Second)
		r.send(request(late, spec{name: "root"})) // 28 s: 5 s from here are later than decision_wait, 30 s
		if got := r.sink.got(rootless); got != nil {
			t.Errorf("28 s after the first span, no root: got spans %v, want none yet", got)
		}
		r.pass(3 * time.Second)
		for _, id := range [][16]byte{rootless, late} {
			if got := r.sink.got(id); len(got) == 0 {
				t.Errorf("trace %x, 31 s after the first span: got nothing, want it", id[0])
			}
		}
	})
}

func TestDecide_NumTracesDecidesTheOldestEarly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const limit, n = 10, 60
		r := newRig(t, keepAll, decideBy(DecideConfig{DecisionWait: time.Hour, NumTraces: limit}))
		defer r.close()
		for i := range n {
			r.send(request(traceID(i+1), spec{name: "root"}))
			r.pass(time.Second)
			if got := r.engine.Status(context.Background()).TracesOpen; got > limit {
				t.Fatalf("open after %d traces: got %d, want at most %d", i+1, got, limit)
			}
		}
		status := r.engine.Status(context.Background())
		if status.TracesOpen < limit/2 || status.Early != int64(n)-status.TracesOpen {
			t.Errorf("got %d open and %d early, want nearly %d open and the others early", status.TracesOpen, status.Early, limit)
		}
		if got := r.sink.got(traceID(1)); len(got) != 1 {
			t.Error("the oldest trace: not decided")
		}
		if got := r.sink.got(traceID(n)); len(got) != 0 {
			t.Error("the newest trace: decided while older ones were open")
		}
	})
}

func TestDecide_DropsATraceThatIsTooLarge(t *testing.T) {
	for _, test := range []struct {
		name    string
		restart bool
	}{{"live", false}, {"after a restart", true}} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, keepAll, decideBy(DecideConfig{DecisionWait: time.Minute, MaximumTraceSizeBytes: 3000}))
				defer func() { r.close() }()
				large, small := traceID(1), traceID(2)
				for _, name := range []string{"a", "b"} {
					r.send(request(large, spec{name: name, parent: "root", size: 1400}))
					r.send(request(small, spec{name: name, parent: "root", size: 1000}))
				}
				r.pass(time.Second)
				row := r.row(large)
				if row.Verdict != ledger.Drop || !slices.Equal(row.Rules, []string{ReasonOversize}) || row.Probability != 0 {
					t.Errorf("row of the large trace: got %+v, want drop by %s", row, ReasonOversize)
				}
				if test.restart {
					r.reopen()
				}
				r.send(request(large, spec{name: "root"}))
				r.pass(2 * time.Minute)
				if got := r.sink.got(large); got != nil {
					t.Errorf("the large trace: got spans %v, want none", got)
				}
				if got, want := r.sink.got(small), []string{"a", "b"}; !slices.Equal(got, want) {
					t.Errorf("the small trace: got spans %v, want %v", got, want)
				}
			})
		})
	}
}

// The size is that of the trace as pdata has it, whatever else stands in its requests.
func TestWeigh_IsTheSizeOfResourceSpans(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, keepAll, func(c *Config) { c.Shards = 1 }, decideBy(DecideConfig{MaximumTraceSizeBytes: 1 << 20}))
		defer r.close()
		id, want := traceID(1), 0
		for i, size := range []int{0, 10, 127, 128, 5000} {
			one := request(id, spec{name: "a", size: size}, spec{name: "b", parent: "a", attrs: map[string]any{"n": i}})
			two := request(id, spec{name: "c", parent: "a", attrs: map[string]any{"n": i}})
			for _, td := range []ptrace.Traces{one, two} {
				rs := td.ResourceSpans().At(0)
				rs.SetSchemaUrl("") // not counted
				scope := rs.ScopeSpans().At(0)
				scope.CopyTo(rs.ScopeSpans().AppendEmpty())
				rs.ScopeSpans().At(1).Scope().SetName("another")
				for _, span := range rs.ScopeSpans().At(1).Spans().All() {
					span.SetName(span.Name() + "2")
				}
				want += new(ptrace.ProtoMarshaler).ResourceSpansSize(rs)
			}
			two.ResourceSpans().At(0).CopyTo(one.ResourceSpans().AppendEmpty())
			request(traceID(2), spec{name: "x", attrs: map[string]any{"n": i}}).ResourceSpans().MoveAndAppendTo(one.ResourceSpans())
			r.send(one)
			r.pass(time.Millisecond)
			got := make(chan int, 1)
			r.engine.shards[0].in <- askMessage(func(s *shard) { got <- s.traces[id].size.bytes })
			if got := <-got; got != want {
				t.Errorf("size after request %d: got %d, want %d", i+1, got, want)
			}
		}
	})
}

// askMessage looks at a shard from the inside.
type askMessage func(s *shard)

func (m askMessage) apply(s *shard) { m(s) }

func TestDecide_PendingTracesAtShutdown(t *testing.T) {
	for _, test := range []struct {
		name string
		drop bool
		want []string
	}{{"go on at the next start", false, []string{"root"}}, {"are dropped where that is asked for", true, nil}} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, keepAll, decideBy(DecideConfig{DecisionWait: 10 * time.Second, DropPendingTracesOnShutdown: test.drop}))
				defer func() { r.close() }()
				id := traceID(1)
				r.send(request(id, spec{name: "root"}))
				r.pass(time.Second)
				r.reopen()
				r.pass(time.Minute)
				if got := r.sink.got(id); !slices.Equal(got, test.want) {
					t.Errorf("got spans %v, want %v", got, test.want)
				}
				wantRules := []string{"all"}
				if test.drop {
					wantRules = []string{ReasonShutdown}
				}
				if got := r.row(id).Rules; !slices.Equal(got, wantRules) {
					t.Errorf("rules: got %v, want %v", got, wantRules)
				}
			})
		})
	}
}

// A late span follows its trace's verdict however few verdicts are remembered.
func TestDecide_SmallCaches(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Shards = 1 },
			decideBy(DecideConfig{DecisionWait: time.Second, SampledCacheSize: 1, NonSampledCacheSize: 2}))
		defer r.close()
		for n := range 10 {
			r.send(request(traceID(n+1), spec{name: "root", failed: n%2 == 0}))
			r.pass(2 * time.Second)
		}
		got := make(chan [sidesN]int, 1)
		r.engine.shards[0].in <- askMessage(func(s *shard) {
			got <- [sidesN]int{s.decided.sides[keptSide].n, s.decided.sides[droppedSide].n}
		})
		if got, want := <-got, [sidesN]int{1, 2}; got != want {
			t.Errorf("verdicts remembered, kept and dropped: got %v, want %v", got, want)
		}
		r.lateSpansFollow(traceID(1), traceID(2))
	})
}
