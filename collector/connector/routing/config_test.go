package routing

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
)

func TestConfig_EveryKey(t *testing.T) {
	got, err := load(`
default_pipelines: [logs/other]
error_mode: Ignore
table:
  - context: request
    condition: request["X-Tenant"] == "acme"
    pipelines: [logs/acme, logs]
  - statement: route() where attributes["env"] == "prod"
    action: copy
    pipelines: [logs/prod]
`)
	want := &Config{
		DefaultPipelines: []pipeline.ID{pipeline.NewIDWithName(pipeline.SignalLogs, "other")},
		ErrorMode:        ottl.IgnoreError,
		Table: []Row{{
			Context: "request", Condition: `request["X-Tenant"] == "acme"`,
			Pipelines: []pipeline.ID{pipeline.NewIDWithName(pipeline.SignalLogs, "acme"), pipeline.NewID(pipeline.SignalLogs)},
		}, {
			Statement: `route() where attributes["env"] == "prod"`, Action: Copy,
			Pipelines: []pipeline.ID{pipeline.NewIDWithName(pipeline.SignalLogs, "prod")},
		}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("load: got %+v and error %v, want %+v", got, err, want)
	}
}

func TestConfig_PropagateIsTheDefault(t *testing.T) {
	got, err := load("table: [{statement: route(), pipelines: [traces]}]")
	if err != nil || got.ErrorMode != ottl.PropagateError {
		t.Errorf("error mode: got %q and error %v, want %q", got.ErrorMode, err, ottl.PropagateError)
	}
}

func TestConfig_Refused(t *testing.T) {
	const pipelines = ", pipelines: [traces]}]"
	for _, c := range []struct{ name, config, want string }{
		{"no table", "default_pipelines: [traces]", "table: is empty"},
		{"empty table", "table: []", "table: is empty"},
		{"unknown key", "match_once: true\ntable: [{statement: route()" + pipelines, "match_once"},
		{"unknown key of a row", "table: [{statement: route(), value: x" + pipelines, "value"},
		{"unknown error mode", "error_mode: log\ntable: [{statement: route()" + pipelines, "unknown error mode log"},
		{"unknown action", "table: [{statement: route(), action: drop" + pipelines, `table::0::action: "drop" is neither move nor copy`},
		{"unknown context", "table: [{statement: route(), context: spans" + pipelines, `table::0::context: "spans" is none of`},
		{"no pipelines", "table: [{statement: route()}]", "table::0::pipelines: is empty"},
		{"not a pipeline", "table: [{statement: route(), pipelines: [otlp]}]", "otlp"},
		{"neither condition nor statement", `table: [{context: span` + pipelines, "table::0::condition: is missing"},
		{"both condition and statement", `table: [{condition: "true", statement: route()` + pipelines, "table::0::condition: is given beside statement"},
		{"request with a statement", `table: [{context: request, statement: route()` + pipelines, "table::0::statement: context request takes a condition"},
		{"request with OTTL", `table: [{context: request, condition: 'attributes["x"] == "y"'` + pipelines, "table::0::condition: left of the comparator"},
		{"condition that does not parse", `table: [{condition: 'attributes["x"] =='` + pipelines, "table::0::condition: "},
		{"statement that does not parse", `table: [{statement: 'route() when true'` + pipelines, "table::0::statement: "},
		{"path of another context", `table: [{condition: 'severity_number > 1'` + pipelines, "table::0::condition: "},
		{"editor that is not offered", `table: [{statement: 'set(attributes["x"], 1)'` + pipelines, "table::0::statement: "},
		{"IsRootSpan outside of spans", `table: [{context: log, condition: IsRootSpan()` + pipelines, "table::0::condition: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := load(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("load: got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestConfig_EveryFaultIsReported(t *testing.T) {
	err := (&Config{
		ErrorMode: "log",
		Table: []Row{
			{Statement: "route()", Pipelines: []pipeline.ID{pipeline.NewID(pipeline.SignalLogs)}},
			{Context: "spans", Action: "drop"},
			{Context: "request", Condition: "true", Pipelines: []pipeline.ID{pipeline.NewID(pipeline.SignalLogs)}},
		},
	}).Validate()
	if err == nil {
		t.Fatal("validate: got no error, want five")
	}
	var keys []string
	for line := range strings.Lines(err.Error()) {
		key, _, _ := strings.Cut(line, ": ")
		keys = append(keys, key)
	}
	want := []string{"error_mode", "table::1::pipelines", "table::1::action", "table::1::context", "table::2::condition"}
	if !reflect.DeepEqual(keys, want) {
		t.Errorf("keys of the faults: got %q, want %q", keys, want)
	}
}

func TestConfig_OfTheReadme(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(block))
	if err != nil {
		t.Fatalf("read the example: %v", err)
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		t.Fatalf("read the example: %v", err)
	}
	ours, err := conf.Sub("connectors::routing")
	if err != nil {
		t.Fatalf("find the connector: %v", err)
	}
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	if err := ours.Unmarshal(cfg); err != nil {
		t.Fatalf("unmarshal: %v", err)
	}
	if err := confmap.Validate(cfg); err != nil || len(cfg.Table) != 3 {
		t.Errorf("example: got %d rows and error %v, want 3 and none", len(cfg.Table), err)
	}
}
