package sampler

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tailwise/tailwise/internal/otlp"
)

// metricsSink is a metrics pipeline.
type metricsSink struct {
	mu    sync.Mutex
	got   []pmetric.Metrics
	fault error
}

func (s *metricsSink) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

func (s *metricsSink) ConsumeMetrics(_ context.Context, m pmetric.Metrics) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, m)
	return s.fault
}

// total sums a metric over the series of what came last; -1: it is not in there, -2: nothing came.
func (s *metricsSink) total(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.got) == 0 {
		return -2
	}
	for _, m := range s.got[len(s.got)-1].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() != name {
			continue
		}
		var sum int64
		for _, p := range m.Sum().DataPoints().All() {
			sum += p.IntValue()
		}
		return sum
	}
	return -1
}

// first returns what came first.
func (s *metricsSink) first() pmetric.ResourceMetrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[0].ResourceMetrics().At(0)
}

func (s *metricsSink) n() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

func attachMetrics(t *testing.T, r *rig, id string, next consumer.Metrics) *MetricsOutlet {
	t.Helper()
	outlet, err := r.engine.AttachMetrics(id, next)
	if err != nil {
		t.Fatalf("attach metrics: %v", err)
	}
	return outlet
}

var call = map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 1}

// TestTraffic_CountsKeptAndDropped: what is kept and what is dropped counts alike, once, and goes out at every interval.
func TestTraffic_CountsKeptAndDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Resource = map[string]string{"service.name": "tw"} })
		defer r.close()
		var sink metricsSink
		outlet := attachMetrics(t, r, "tailwise", &sink)
		r.send(request(traceID(1), spec{name: "kept", failed: true, attrs: call}))
		dropped := request(traceID(2), spec{name: "dropped", attrs: call}, spec{name: "child", parent: "dropped"})
		r.send(dropped)
		r.send(dropped) // again
		r.pass(time.Minute)
		if got := sink.n(); got != 1 {
			t.Errorf("after an interval: got %d emissions, want 1", got)
		}
		for name, want := range map[string]int64{"tailwise.traces": 2, "tailwise.trace.errors": 1, "tailwise.llm.calls": 2, "tailwise.tokens": 22} {
			if got := sink.total(name); got != want {
				t.Errorf("%s: got %d, want %d", name, got, want)
			}
		}
		resource, _ := sink.first().Resource().Attributes().Get("service.name")
		if resource.Str() != "tw" {
			t.Errorf("resource: got %q, want tw", resource.Str())
		}
		r.pass(time.Minute)
		if got := sink.n(); got != 2 || sink.total("tailwise.traces") != 2 {
			t.Errorf("after another interval: got %d emissions with %d traces, want 2 with 2", got, sink.total("tailwise.traces"))
		}
		if err := outlet.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTraffic_RestartCountsNothingTwice: verdicts that the log holds took effect before; those of traces that were open
// come after.
func TestTraffic_RestartCountsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		r.send(request(traceID(1), spec{name: "kept", failed: true, attrs: call}))
		r.send(request(traceID(2), spec{name: "dropped", attrs: call}))
		r.pass(20 * time.Second)
		r.send(request(traceID(3), spec{name: "open", attrs: call}))
		r.reopen()
		defer r.close()
		var sink metricsSink
		outlet := attachMetrics(t, r, "tailwise", &sink)
		r.pass(time.Minute)
		if got := sink.total("tailwise.traces"); got != 1 {
			t.Errorf("traces after a restart: got %d, want 1, the one that was open", got)
		}
		if err := outlet.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTraffic_LateSpans: spans that come after the verdict follow it, are counted once, and make no trace.
func TestTraffic_LateSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		var sink metricsSink
		outlet := attachMetrics(t, r, "tailwise", &sink)
		r.send(request(traceID(1), spec{name: "dropped", attrs: call}))
		r.pass(20 * time.Second)
		for _, s := range r.engine.shards {
			s.in <- forgetMessage{}
		}
		r.send(request(traceID(1), spec{name: "late", parent: "dropped", attrs: call}))
		r.pass(12 * time.Minute)
		if traces, calls := sink.total("tailwise.traces"), sink.total("tailwise.llm.calls"); traces != 1 || calls != 2 {
			t.Errorf("got %d traces and %d calls, want 1 trace and 2 calls", traces, calls)
		}
		if err := outlet.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTraffic_Outlets: each pipeline gets everything, a pipeline that fails holds up no other, and the last figures go
// out when it is detached.
func TestTraffic_Outlets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		broken, sound := metricsSink{fault: errors.New("backend is down")}, metricsSink{}
		first, second := attachMetrics(t, r, "broken", &broken), attachMetrics(t, r, "sound", &sound)
		if _, err := r.engine.AttachMetrics("sound", &sound); !errors.Is(err, ErrAttached) {
			t.Errorf("attach the same again: got %v, want %v", err, ErrAttached)
		}
		r.send(request(traceID(1), spec{name: "a", attrs: call}))
		r.pass(time.Minute)
		if broken.total("tailwise.traces") != 1 || sound.total("tailwise.traces") != 1 {
			t.Errorf("got %d and %d traces, want 1 in both", broken.total("tailwise.traces"), sound.total("tailwise.traces"))
		}
		if r.logs.FilterMessageSnippet("send metrics of traffic").Len() == 0 {
			t.Error("the pipeline that fails: nothing is in the log about it")
		}
		r.send(request(traceID(2), spec{name: "b", attrs: call}))
		r.pass(20 * time.Second)
		for _, outlet := range []*MetricsOutlet{first, second, second} {
			if err := outlet.Detach(t.Context()); err != nil {
				t.Errorf("detach: %v", err)
			}
		}
		if got := sound.total("tailwise.traces"); got != 2 {
			t.Errorf("the last figures: got %d traces, want 2", got)
		}
		n := sound.n()
		r.pass(2 * time.Minute)
		if sound.n() != n {
			t.Errorf("after the end: got %d more, want none", sound.n()-n)
		}
	})
}

func TestTraffic_Disabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Traffic.Disabled = true })
		defer r.close()
		var sink metricsSink
		outlet := attachMetrics(t, r, "tailwise", &sink)
		r.send(request(traceID(1), spec{name: "a", attrs: call}))
		r.pass(2 * time.Minute)
		if err := outlet.Detach(t.Context()); err != nil || sink.n() != 0 {
			t.Errorf("switched off: got %d emissions, %v, want none", sink.n(), err)
		}
	})
}

// TestTraffic_ExemplarsAreKept: an example is a trace that can be looked up.
func TestTraffic_ExemplarsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		var sink metricsSink
		outlet := attachMetrics(t, r, "tailwise", &sink)
		r.send(request(traceID(1), spec{name: "kept", failed: true, attrs: call}))
		r.send(request(traceID(2), spec{name: "dropped", attrs: call}))
		r.pass(time.Minute)
		if err := outlet.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		var examples []string
		for _, m := range sink.first().ScopeMetrics().At(0).Metrics().All() {
			if !strings.HasSuffix(m.Name(), ".duration") {
				continue
			}
			for _, p := range m.ExponentialHistogram().DataPoints().All() {
				for _, e := range p.Exemplars().All() {
					examples = append(examples, hexOf(otlp.TraceID(e.TraceID())))
				}
			}
		}
		slices.Sort(examples)
		if got := slices.Compact(examples); !slices.Equal(got, []string{hexOf(traceID(1))}) {
			t.Errorf("exemplars: got %v, want the kept trace only", got)
		}
	})
}
