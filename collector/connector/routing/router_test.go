package routing

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pipeline"
)

// numbered fails for spans whose name is no number; nothing of theirs may be told.
const numbered = `
default_pipelines: [rest]
table:
  - context: resource
    condition: attributes["name"] == "acme"
    pipelines: [b]
  - context: span
    condition: ParseInt(name, 10) > 5
    pipelines: [a]
  - context: span
    condition: name == "secret"
    pipelines: [c]
error_mode: `

const numberedBatch = "acme(http(get)) globex(http(7 secret 3 private))"

func TestErrorMode_PropagateDeliversNothing(t *testing.T) {
	r := open(t, pipeline.SignalTraces, numbered+"propagate")
	err := r.send(t.Context(), numberedBatch)
	if err == nil || !strings.Contains(err.Error(), "evaluate table::1 (route() where ParseInt(name, 10) > 5): failed 2 times") {
		t.Errorf("consume: got error %v, want one that names the row and counts two failures", err)
	}
	if consumererror.IsPermanent(err) {
		t.Errorf("consume: got permanent error %v, want one after which the sender may try again", err)
	}
	if got := r.delivered(); got != "" {
		t.Errorf("delivered: got %s, want nothing", got)
	}
	checkNoContent(t, r, err)
}

func TestErrorMode_IgnoreAndSilentTreatItAsNotMatched(t *testing.T) {
	want := unindented(`a: globex(http(7))
		b: acme(http(get))
		c: globex(http(secret))
		rest: globex(http(3 private))`)
	for mode, warnings := range map[string]int{"ignore": 1, "silent": 0} {
		t.Run(mode, func(t *testing.T) {
			r := open(t, pipeline.SignalTraces, numbered+mode)
			if err := r.send(t.Context(), numberedBatch); err != nil {
				t.Errorf("consume: got error %v, want none", err)
			}
			if got := r.delivered(); got != want {
				t.Errorf("delivered: got\n%s\nwant\n%s", got, want)
			}
			if got := r.warned.FilterField(zapRow("table::1")).Len(); got != warnings {
				t.Errorf("warnings about the row: got %d, want %d", got, warnings)
			}
			checkNoContent(t, r, nil)
		})
	}
}

// In each context that can fail, the failing part goes to the defaults and the rest its way.
func TestErrorMode_IgnoreInEveryContext(t *testing.T) {
	for _, c := range []struct {
		signal                    pipeline.Signal
		context, condition, batch string
		want                      string
	}{
		{pipeline.SignalTraces, "resource", `ParseInt(attributes["name"], 10) > 5`, "7(s(x)) z(s(x))", "a: 7(s(x))\nrest: z(s(x))"},
		{pipeline.SignalLogs, "resource", `ParseInt(attributes["name"], 10) > 5`, "7(s(x)) z(s(x))", "a: 7(s(x))\nrest: z(s(x))"},
		{pipeline.SignalLogs, "log", `ParseInt(body, 10) > 5`, "r(s(7 z))", "a: r(s(7))\nrest: r(s(z))"},
		{pipeline.SignalMetrics, "resource", `ParseInt(attributes["name"], 10) > 5`, "7(s(gauge.g(x))) z(s(gauge.g(x)))", "a: 7(s(gauge.g(x)))\nrest: z(s(gauge.g(x)))"},
		{pipeline.SignalMetrics, "metric", `ParseInt(name, 10) > 5`, "r(s(7 z))", "a: r(s(7))\nrest: r(s(z))"},
		{pipeline.SignalMetrics, "datapoint", `ParseInt(attributes["name"], 10) > 5`, "r(s(gauge.g(7 z)))", "a: r(s(gauge.g(7)))\nrest: r(s(gauge.g(z)))"},
	} {
		t.Run(c.signal.String()+"/"+c.context, func(t *testing.T) {
			r := open(t, c.signal, `
error_mode: ignore
default_pipelines: [rest]
table:
  - context: `+c.context+`
    condition: `+c.condition+`
    pipelines: [a]`)
			if err := r.send(t.Context(), c.batch); err != nil {
				t.Errorf("consume: got error %v, want none", err)
			}
			if got := r.delivered(); got != c.want {
				t.Errorf("delivered: got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestErrorMode_TypeErrorsAreTold(t *testing.T) {
	r := open(t, pipeline.SignalTraces, `
table:
  - context: span
    condition: Split(attributes["absent"], ",")[0] == "x"
    pipelines: [a]`)
	if err := r.send(t.Context(), "acme(http(get))"); err == nil || !strings.Contains(err.Error(), "expected string but got nil") {
		t.Errorf("consume: got error %v, want one that tells the types", err)
	}
}

// checkNoContent looks for the names of spans in the error and in all that was logged, at any level.
func checkNoContent(t *testing.T, r *rig, err error) {
	t.Helper()
	told := []string{""}
	if err != nil {
		told = append(told, err.Error())
	}
	for _, entry := range r.warned.All() {
		for _, value := range entry.ContextMap() {
			if text, ok := value.(string); ok {
				told = append(told, text)
			}
		}
		told = append(told, entry.Message)
	}
	for _, text := range told {
		if strings.Contains(text, "private") {
			t.Errorf("told: got %q, want nothing of a span's name", text)
		}
	}
}

func TestDelivery_OneFailureKeepsNoOtherFromTheirs(t *testing.T) {
	lost, refused := errors.New("connection lost"), consumererror.NewPermanent(errors.New("refused"))
	for _, c := range []struct {
		name      string
		failing   map[string]error
		want      []error
		permanent bool
	}{
		{"one for now", map[string]error{"a": lost}, []error{lost}, false},
		{"one for good", map[string]error{"a": refused}, []error{refused}, true},
		{"all for good", map[string]error{"a": refused, "b": refused, "rest": refused}, []error{refused}, true},
		{"one for good, one for now", map[string]error{"a": refused, "rest": lost}, []error{lost}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, pipeline.SignalTraces, byTenant)
			r.failing = c.failing
			err := r.send(t.Context(), "acme(http(get)) globex(http(get)) other(http(get))")
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("consume: got error %v, want one that is %v", err, want)
				}
			}
			for name, failure := range c.failing {
				if !strings.Contains(err.Error(), failure.Error()) {
					t.Errorf("consume: got error %v, want what pipeline %s answered: %v", err, name, failure)
				}
			}
			if got := consumererror.IsPermanent(err); got != c.permanent {
				t.Errorf("permanent: got %t, want %t", got, c.permanent)
			}
			if got, want := r.delivered(), "a: acme(http(get))\nb: globex(http(get))\nrest: other(http(get))"; got != want {
				t.Errorf("delivered: got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestRouter_ServesManyAtOnce(t *testing.T) {
	const n = 50
	r := open(t, pipeline.SignalTraces, bySpan)
	var senders sync.WaitGroup
	for range n {
		senders.Go(func() {
			if err := r.send(t.Context(), "acme(http(get put:2000 post))"); err != nil {
				t.Errorf("consume: %v", err)
			}
		})
	}
	senders.Wait()
	for name, want := range map[string]string{"a": "acme(http(get))", "b": "acme(http(put:2000))", "rest": "acme(http(post))"} {
		if got := len(r.got[name]); got != n {
			t.Errorf("batches at %s: got %d, want %d", name, got, n)
		}
		for _, got := range r.got[name] {
			if got != want {
				t.Errorf("batch at %s: got %s, want %s", name, got, want)
			}
		}
	}
}

func TestTable_LeftOutRowsAreWarnedOf(t *testing.T) {
	r := open(t, pipeline.SignalTraces, `
table:
  - condition: attributes["name"] == "acme"
    pipelines: [a]
  - context: resource
    statement: route() where attributes["name"] == "acme"
    pipelines: [b]
  - context: datapoint
    condition: "true"
    pipelines: [c]`)
	if err := r.send(t.Context(), "acme(http(get)) globex(http(get))"); err != nil {
		t.Errorf("consume: %v", err)
	}
	if got, want := r.delivered(), "a: acme(http(get))"; got != want {
		t.Errorf("delivered: got %s, want %s", got, want)
	}
	for _, row := range []string{"table::1", "table::2"} {
		if got := r.warned.FilterField(zapRow(row)).Len(); got != 1 {
			t.Errorf("warnings about %s: got %d, want 1", row, got)
		}
	}
}

func TestCreate_EveryMissingPipelineIsReported(t *testing.T) {
	for _, signal := range []pipeline.Signal{pipeline.SignalTraces, pipeline.SignalMetrics, pipeline.SignalLogs} {
		cfg, err := load(qualified(signal, `
default_pipelines: [nowhere]
table:
  - condition: attributes["name"] == "acme"
    pipelines: [a, gone]
  - condition: attributes["name"] == "acme"
    pipelines: [lost]`))
		if err != nil {
			t.Fatalf("load config: %v", err)
		}
		r := &rig{got: map[string][]string{}}
		err = r.connect(t, signal, cfg)
		for key, name := range map[string]string{"default_pipelines": "nowhere", "table::0::pipelines": "gone", "table::1::pipelines": "lost"} {
			want := key + `: missing consumer: "` + signal.String() + "/" + name + `"`
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("create for %s: got error %v, want one with %q", signal, err, want)
			}
		}
	}
}

func TestCreate_NeedsARouter(t *testing.T) {
	cfg, err := load("table: [{statement: route(), pipelines: [traces]}]")
	if err != nil {
		t.Fatalf("load config: %v", err)
	}
	set, f, sink := connectortest.NewNopSettings(component.MustNewType("routing")), NewFactory(), consumertest.NewNop()
	_, forTraces := f.CreateTracesToTraces(t.Context(), set, cfg, sink)
	_, forMetrics := f.CreateMetricsToMetrics(t.Context(), set, cfg, sink)
	_, forLogs := f.CreateLogsToLogs(t.Context(), set, cfg, sink)
	for signal, got := range map[string]error{"traces": forTraces, "metrics": forMetrics, "logs": forLogs} {
		if !errors.Is(got, errNotRouter) {
			t.Errorf("create for %s: got error %v, want %v", signal, got, errNotRouter)
		}
	}
}

func TestFactory(t *testing.T) {
	if got := NewFactory().Type().String(); got != "routing" {
		t.Errorf("type: got %s, want routing", got)
	}
	r := open(t, pipeline.SignalTraces, byTenant)
	if r.warned.Len() != 0 {
		t.Errorf("sound table: got %d log entries, want none", r.warned.Len())
	}
}

func TestCreate_SaysThatItChangesBatches(t *testing.T) {
	cfg, err := load("table: [{statement: route(), pipelines: [traces/a]}]")
	if err != nil {
		t.Fatalf("load config: %v", err)
	}
	router := connector.NewTracesRouter(map[pipeline.ID]consumer.Traces{pipeline.NewIDWithName(pipeline.SignalTraces, "a"): consumertest.NewNop()})
	c, err := NewFactory().CreateTracesToTraces(t.Context(), connectortest.NewNopSettings(component.MustNewType("routing")), cfg, router)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if !c.Capabilities().MutatesData {
		t.Error("capabilities: got one that leaves batches as they are, want one that changes them")
	}
}
