package meter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tailwise/tailwise/internal/meter"
)

func newMeter(maxSeries, users int) *meter.Meter {
	return meter.New(meter.Config{MaxSeries: maxSeries, Users: users, Resource: map[string]string{"service.name": "tailwise"}}, begun)
}

// support is a run with all that is counted: two steps, a call that was tried twice, a tool that another model asked for.
func support() []span {
	cost := func(usd float64) []any { return []any{"gen_ai.usage.cost", usd} }
	return []span{
		{id: 1, name: "invoke_agent support", start: 0, end: 16, attrs: run("support", "tenant.id", "acme", "feature.name", "refunds", "user.id", "u1")},
		{id: 2, parent: 1, start: 0, end: 1, failed: true, attrs: chat("small", 0, 0)},
		{id: 3, parent: 1, start: 2, end: 4, attrs: chat("small", 100, 10, append(cost(0.5), "gen_ai.usage.cache_read.input_tokens", 30)...)},
		{id: 4, parent: 1, start: 4, end: 6, attrs: tool("lookup")},
		{id: 5, parent: 1, start: 8, end: 12, attrs: chat("large", 200, 20, append(cost(0.25), "gen_ai.usage.reasoning.output_tokens", 5)...)},
		{id: 6, parent: 1, start: 12, end: 16, failed: true, attrs: tool("lookup")},
	}
}

func TestMeter_CountsActions(t *testing.T) {
	m := newMeter(100, 0)
	record(m.NewRecorder(), factsOf(t, support()...), meter.Trace{At: begun})
	got := lines(m.Metrics(begun))
	expect(t, "spending", append(about(got, "tailwise.cost"), about(got, "tailwise.tokens")...), []string{
		"tailwise.cost{agent=support,feature=refunds,model=large,tenant=acme} 0.25",
		"tailwise.cost{agent=support,feature=refunds,model=small,tenant=acme} 0.5",
		"tailwise.tokens{agent=support,feature=refunds,model=large,tenant=acme,type=input} 200",
		"tailwise.tokens{agent=support,feature=refunds,model=large,tenant=acme,type=output} 15",
		"tailwise.tokens{agent=support,feature=refunds,model=large,tenant=acme,type=reasoning} 5",
		"tailwise.tokens{agent=support,feature=refunds,model=small,tenant=acme,type=cache_read} 30",
		"tailwise.tokens{agent=support,feature=refunds,model=small,tenant=acme,type=input} 70",
		"tailwise.tokens{agent=support,feature=refunds,model=small,tenant=acme,type=output} 10",
	})
	expect(t, "models", about(got, "tailwise.llm"), []string{
		"tailwise.llm.calls{agent=support,model=large} 1",
		"tailwise.llm.calls{agent=support,model=small} 1",
		"tailwise.llm.duration{agent=support,model=large} 1 in 4s",
		"tailwise.llm.duration{agent=support,model=small} 1 in 2s",
		"tailwise.llm.errors{agent=support,model=large} 0",
		"tailwise.llm.errors{agent=support,model=small} 0",
		"tailwise.llm.retries{agent=support,model=small} 1",
	})
	expect(t, "tools by the model that asked", about(got, "tailwise.tool"), []string{
		"tailwise.tool.calls{agent=support,model=large,tool=lookup} 1",
		"tailwise.tool.calls{agent=support,model=small,tool=lookup} 1",
		"tailwise.tool.duration{agent=support,model=large,tool=lookup} 1 in 4s",
		"tailwise.tool.duration{agent=support,model=small,tool=lookup} 1 in 2s",
		"tailwise.tool.errors{agent=support,model=large,tool=lookup} 1",
		"tailwise.tool.errors{agent=support,model=small,tool=lookup} 0",
	})
	expect(t, "steps", about(got, "tailwise.step"), []string{
		"tailwise.step.calls{agent=support,step=1} 1", "tailwise.step.calls{agent=support,step=2} 1",
		"tailwise.step.duration{agent=support,step=1} 1 in 4s", "tailwise.step.duration{agent=support,step=2} 1 in 8s",
		"tailwise.step.errors{agent=support,step=1} 0", "tailwise.step.errors{agent=support,step=2} 1",
	})
	expect(t, "runs and traces", append(about(got, "tailwise.run"), about(got, "tailwise.trace")...), []string{
		"tailwise.run.calls{agent=support} 1", "tailwise.run.duration{agent=support} 1 in 16s", "tailwise.run.errors{agent=support} 0",
		"tailwise.trace.duration{agent=support,feature=refunds,tenant=acme} 1 in 16s",
		"tailwise.trace.errors{agent=support,feature=refunds,tenant=acme} 1",
		"tailwise.traces{agent=support,feature=refunds,tenant=acme} 1",
	})
	expect(t, "users, who are off", about(got, "tailwise.user"), nil)
}

// TestMeter_FragmentIsNoTrace: spans that came later count, their trace does not count again.
func TestMeter_FragmentIsNoTrace(t *testing.T) {
	m := newMeter(100, 0)
	r := m.NewRecorder()
	record(r, factsOf(t, support()...), meter.Trace{At: begun})
	record(r, factsOf(t, span{id: 9, parent: 1, start: 1, end: 2, attrs: chat("small", 7, 0)}), meter.Trace{At: begun, Fragment: true})
	got := lines(m.Metrics(begun))
	expect(t, "traces", about(got, "tailwise.traces"), []string{"tailwise.traces{agent=support,feature=refunds,tenant=acme} 1"})
	expect(t, "its call", about(got, "tailwise.llm.calls{model"), []string{"tailwise.llm.calls{model=small} 1"})
}

func TestMeter_UnpricedModelsAreNamed(t *testing.T) {
	m := newMeter(100, 0)
	record(m.NewRecorder(), factsOf(t, span{id: 1, start: 1, end: 2, attrs: chat("nobody-sells-this", 7, 1)}), meter.Trace{At: begun})
	expect(t, "unpriced", about(lines(m.Metrics(begun)), "tailwise.cost.unpriced"), []string{"tailwise.cost.unpriced{model=nobody-sells-this} 1"})
}

// TestMeter_OverflowIsSaid: beyond the bound everything is counted in one series that says so, sums stay whole, and it
// is counted how much that was.
func TestMeter_OverflowIsSaid(t *testing.T) {
	m := newMeter(2, 0)
	r := m.NewRecorder()
	for i := range 5 {
		record(r, factsOf(t, span{id: 1, start: 1, end: 2, attrs: chat(fmt.Sprint("m", i), 10, 0)}), meter.Trace{At: begun})
	}
	got := lines(m.Metrics(begun))
	expect(t, "tokens", about(got, "tailwise.tokens"), []string{
		"tailwise.tokens{model=m0,type=input} 10", "tailwise.tokens{model=m1,type=input} 10", "tailwise.tokens{otel.metric.overflow=true,type=input} 30",
	})
	expect(t, "durations", about(got, "tailwise.llm.duration"), []string{
		"tailwise.llm.duration{model=m0} 1 in 1s", "tailwise.llm.duration{model=m1} 1 in 1s", "tailwise.llm.duration{otel.metric.overflow=true} 3 in 3s",
	})
	var counted []string
	for _, line := range about(got, "tailwise.overflow") {
		if !strings.HasSuffix(line, " 0") {
			counted = append(counted, line)
		}
	}
	expect(t, "overflow", counted, []string{"tailwise.overflow{metrics=tailwise.cost} 3", "tailwise.overflow{metrics=tailwise.llm.calls} 3"})
}

func TestMeter_LongTextIsNoLabel(t *testing.T) {
	m := newMeter(10, 0)
	long := strings.Repeat("x", 200)
	record(m.NewRecorder(), factsOf(t, span{id: 1, start: 1, end: 2, attrs: chat("m", 1, 1, "tenant.id", long)}), meter.Trace{At: begun})
	expect(t, "traces", about(lines(m.Metrics(begun)), "tailwise.traces"), []string{"tailwise.traces{tenant=(too long)} 1"})
}

// TestMeter_UsersTopTalkers: the users that spend most are found among thousands, and of each only his own is said.
func TestMeter_UsersTopTalkers(t *testing.T) {
	m := newMeter(10, 2)
	r := m.NewRecorder()
	spend := func(user string, usd float64) {
		f := factsOf(t, span{id: 1, start: 1, end: 2, attrs: chat("m", 1, 0, "user.id", user, "gen_ai.usage.cost", usd)})
		record(r, f, meter.Trace{At: begun})
	}
	for i := range 600 {
		spend(fmt.Sprint("small", i), 0.01)
		if i%100 == 0 {
			spend("big", 10)
			spend("bigger", 20)
		}
	}
	expect(t, "users", about(lines(m.Metrics(begun)), "tailwise.user.cost"), []string{
		"tailwise.user.cost{user=bigger} 120", "tailwise.user.cost{user=big} 60",
	})
}

// TestMeter_Exemplars: only traces that were kept are given as examples, the largest, and once.
func TestMeter_Exemplars(t *testing.T) {
	m := newMeter(10, 0)
	r := m.NewRecorder()
	call := func(id byte, kept bool, seconds float64) {
		f := factsOf(t, span{id: id, start: 0, end: seconds, attrs: chat("m", 1, 1)})
		record(r, f, meter.Trace{ID: [16]byte{id}, Kept: kept, At: begun})
	}
	call(1, false, 9)
	if got := exemplarsOf(m.Metrics(begun)); len(got) != 0 {
		t.Errorf("exemplars of a trace that was dropped: got %v, want none", got)
	}
	call(2, true, 2)
	call(3, true, 5)
	call(4, true, 3)
	call(5, false, 9)
	if got := exemplarsOf(m.Metrics(begun)); len(got) != 1 || got[0] != "03 span 03 5s" {
		t.Errorf("exemplars: got %v, want the slowest kept, 03", got)
	}
	if got := exemplarsOf(m.Metrics(begun)); len(got) != 0 {
		t.Errorf("exemplars again: got %v, want none", got)
	}
}

// exemplarsOf returns the examples of the durations of calls.
func exemplarsOf(all pmetric.Metrics) (out []string) {
	for _, metric := range all.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if metric.Name() != "tailwise.llm.duration" {
			continue
		}
		for _, p := range metric.ExponentialHistogram().DataPoints().All() {
			for _, e := range p.Exemplars().All() {
				trace, span := e.TraceID(), e.SpanID()
				out = append(out, fmt.Sprintf("%02x span %02x %.3gs", trace[0], span[7], e.DoubleValue()))
			}
		}
	}
	return out
}

// TestMeter_SeriesHaveAStart: a series starts with its first addition, stays cumulative, and after hours of silence goes
// and begins anew.
func TestMeter_SeriesHaveAStart(t *testing.T) {
	m := newMeter(10, 0)
	r := m.NewRecorder()
	call := func(at time.Time) {
		record(r, factsOf(t, span{id: 1, start: 0, end: 1, attrs: chat("m", 1, 1)}), meter.Trace{At: at})
	}
	point := func(now time.Time) string {
		for _, metric := range m.Metrics(now).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if metric.Name() == "tailwise.llm.calls" {
				p := metric.Sum().DataPoints().At(0)
				return fmt.Sprint(p.IntValue(), " from ", p.StartTimestamp().AsTime().Sub(begun), " to ", p.Timestamp().AsTime().Sub(begun))
			}
		}
		return "none"
	}
	call(begun.Add(time.Minute))
	call(begun.Add(2 * time.Minute))
	for _, want := range []struct {
		at   time.Duration
		text string
	}{{time.Hour, "2 from 1m0s to 1h0m0s"}, {7 * time.Hour, "none"}} {
		if got := point(begun.Add(want.at)); got != want.text {
			t.Errorf("after %v: got %s, want %s", want.at, got, want.text)
		}
	}
	call(begun.Add(8 * time.Hour))
	if got, want := point(begun.Add(9*time.Hour)), "1 from 8h0m0s to 9h0m0s"; got != want {
		t.Errorf("back again: got %s, want %s", got, want)
	}
}
