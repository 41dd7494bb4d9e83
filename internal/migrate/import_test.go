package migrate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/confmap"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/policy"
)

// collector is a configuration as people have it.
const collector = `# our collector
extensions:
  health_check: {}
receivers:
  otlp: {protocols: {grpc: null}}
processors:
  batch: {}
  # keeps what matters
  tail_sampling:
    decision_wait: ${env:WAIT}
    num_traces: 100
    num_shards: 4
    policies:
      # the slow ones
      - name: slow
        type: latency
        latency: {threshold_ms: 5000}
      - {name: big, type: span_count, span_count: {min_spans: 50}} # many spans
      - name: tenant
        type: string_attribute
        string_attribute: {key: tenant, values: ["${env:TENANT}", "^a$$"]}
exporters:
  otlp_grpc: {endpoint: "backend:4317"}
service:
  extensions: [health_check]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [batch, tail_sampling]
      exporters: [otlp_grpc]
    traces/2:
      receivers: [otlp]
      processors: [tail_sampling]
      exporters: [otlp_grpc]
`

// variables resolves as the Collector would in a world with one variable.
func variables(text string) (any, error) {
	if strings.Contains(text, "${env:BROKEN}") {
		return nil, errors.New("no such variable")
	}
	text = strings.ReplaceAll(text, "${env:TENANT}", "acme")
	return strings.ReplaceAll(text, "$$", "$"), nil
}

func source(text string) Source {
	return Source{File: "collector.yaml", Text: []byte(text), Expand: variables, PolicyFile: "policy.yaml", DataDir: "./data"}
}

func imported(t *testing.T, src Source) *Result {
	t.Helper()
	r, err := Import(src)
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	return r
}

// at returns what stands at a path of an encoded document.
func at(t *testing.T, text []byte, path string) any {
	t.Helper()
	var raw map[string]any
	if err := yaml.Unmarshal(text, &raw); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return confmap.NewFromStringMap(raw).Get(path)
}

func sees(t *testing.T, what, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s: got\n%s\nwant in it %q", what, text, w)
		}
	}
}

func TestImport_Policies(t *testing.T) {
	r := imported(t, source(collector))
	sees(t, "policy", string(r.Policy), "# Imported from processor tail_sampling of collector.yaml.", "# the slow ones", "# many spans",
		"threshold_ms: 5000", "acme", "^a$")
	compiled, err := policy.Compile("policy.yaml", r.Policy)
	if err != nil || compiled == nil {
		t.Errorf("compile: %v", err)
	}
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, ":21: variables are resolved") }) {
		t.Errorf("notes: got %q, want that the variables of line 21 are resolved", r.Notes)
	}
}

func TestImport_EditsTheConfiguration(t *testing.T) {
	src := source(collector)
	src.AsRules, src.Ordinary = true, true
	r := imported(t, src)
	text := string(r.Configuration)
	sees(t, "configuration", text, "# our collector", "# keeps what matters", "decision_wait: ${env:WAIT}", "num_shards: 4")
	for path, want := range map[string][]any{
		"service::extensions":                      {"health_check", "tailwise"},
		"service::pipelines::traces::processors":   {"tailwise"},
		"service::pipelines::traces/2::processors": {"tailwise/tailwise_traces_2"},
	} {
		if got, _ := at(t, r.Configuration, path).([]any); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]any{
		"extensions::tailwise::data_dir":                 "./data",
		"extensions::tailwise::policy_file":              "policy.yaml",
		"extensions::tailwise::decide::num_traces":       100,
		"processors::tailwise::engine":                   "tailwise",
		"processors::tailwise/tailwise_traces_2::engine": "tailwise",
		"processors::tail_sampling":                      nil,
	} {
		if got := at(t, r.Configuration, path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	if got := at(t, r.Block, "extensions::tailwise::decide::num_shards"); got != 4 {
		t.Errorf("block: got num_shards %v, want 4\n%s", got, r.Block)
	}
	sees(t, "changes", strings.Join(r.Changes, "\n"), "traces: processors: batch is taken out", "tailwise stands where tail_sampling stood")
	sees(t, "notes", strings.Join(r.Notes, "\n"), "num_shards has no effect", "otlp_grpc: set sending_queue")
	want := []Component{{"extensions", "health_check"}, {"extensions", "tailwise"}, {"receivers", "otlp"}, {"processors", "tailwise"},
		{"exporters", "otlp_grpc"}, {"processors", "tailwise/tailwise_traces_2"}}
	if !slices.Equal(r.Used, want) {
		t.Errorf("used: got %v, want %v", r.Used, want)
	}
}

func TestImport_Rules(t *testing.T) {
	src := source(collector)
	src.AsRules, src.Ordinary = true, true
	r := imported(t, src)
	sees(t, "policy", string(r.Policy), "# the slow ones\n", "# as the policy decides, unless a span has no start or end",
		"when: duration >= duration(\"5001ms\")", "name: big", "when: spans >= 50", `v in ["acme", "^a$"]`, "otherwise:\n  drop: true")
	if strings.Contains(string(r.Policy), "policies:") {
		t.Errorf("policy: got\n%s\nwant rules alone", r.Policy)
	}
}

func TestImport_RulesBesidePolicies(t *testing.T) {
	src := source(collector)
	src.AsRules = true
	r := imported(t, src)
	sees(t, "policy", string(r.Policy), "when: spans >= 50", "policies:\n  # the slow ones\n  - name: slow", "# What rules cannot say")
	var stays []string
	for _, tr := range r.Translations {
		if tr.Needs {
			stays = append(stays, tr.Policy)
		}
	}
	if want := []string{"slow", "tenant"}; !slices.Equal(stays, want) {
		t.Errorf("policies that stay: got %q, want %q", stays, want)
	}
}

func TestImport_DefaultsAreWrittenOut(t *testing.T) {
	src := source("processors: {tail_sampling/x: {policies: [{name: a, type: always_sample}]}}\n")
	src.AsRules = true
	r := imported(t, src)
	if got := at(t, r.Configuration, "extensions::tailwise/x::decide::decision_wait"); got != "30s" {
		t.Errorf("decision_wait: got %v, want the processor's default, 30s\n%s", got, r.Configuration)
	}
	if got, _ := at(t, r.Configuration, "service::extensions").([]any); !slices.Equal(got, []any{"tailwise/x"}) {
		t.Errorf("service::extensions: got %v, want the new extension", got)
	}
	sees(t, "notes", strings.Join(r.Notes, "\n"), "no pipeline uses tail_sampling/x")
}

func TestImport_TheWholeSectionStandsElsewhere(t *testing.T) {
	src := source("processors:\n  tail_sampling: ${file:sampling.yaml}\n")
	src.AsRules = true
	src.Expand = func(text string) (any, error) {
		if text != "${file:sampling.yaml}" {
			return text, nil
		}
		return map[string]any{"decision_wait": "5s", "policies": []any{map[string]any{"name": "all", "type": "always_sample"}}}, nil
	}
	r := imported(t, src)
	sees(t, "policy", string(r.Policy), "name: all", "keep: true")
	sees(t, "block", string(r.Block), "decision_wait: 5s")
	sees(t, "notes", strings.Join(r.Notes, "\n"), "collector.yaml:2: variables are resolved")
}

func TestImport_Aliases(t *testing.T) {
	src := source(`
anchors:
  - &slow {name: slow, type: span_count, span_count: &count {min_spans: 9}}
processors:
  tail_sampling:
    policies:
      - *slow
      - <<: *slow
        name: other
        span_count: {<<: *count, max_spans: 20}
`)
	src.AsRules = true
	r := imported(t, src)
	sees(t, "policy", string(r.Policy), "name: slow", "when: spans >= 9\n", "name: other", "when: spans >= 9 && spans <= 20")
}

func TestImport_Faults(t *testing.T) {
	const one = "processors: {tail_sampling: {policies: [{name: a, type: always_sample}]}}\n"
	for _, tc := range []struct{ name, text, processor, want string }{
		{"not YAML", "a: [", "", "collector.yaml:1:1: not YAML"},
		{"nothing", "", "", "the file is empty"},
		{"a list", "[]", "", "a mapping of sections"},
		{"no processor", "processors: {batch: {}}", "", "no processor of type tail_sampling"},
		{"another name", one, "tail_sampling/x", `there is no processor "tail_sampling/x" (hint: there are tail_sampling)`},
		{"several", "processors: {tail_sampling: {}, tail_sampling/x: {}}", "", "several processors of type tail_sampling: tail_sampling, tail_sampling/x"},
		{"no policies", "processors:\n  tail_sampling: {num_traces: 1}", "", "collector.yaml:2:18: the processor has no policies"},
		{"no section", "processors: {tail_sampling: }", "", "the processor has no policies"},
		{"an unknown option", "processors:\n  tail_sampling:\n    policies: []\n    decison_wait: 1s", "", `collector.yaml:4:5: unknown option "decison_wait" of tail_sampling (hint: did you mean "decision_wait"?)`},
		{"span-ingest", "processors: {tail_sampling: {sampling_strategy: span-ingest, policies: []}}", "", "span-ingest decides on parts"},
		{"an unknown type", "processors:\n  tail_sampling:\n    policies:\n      - {name: a, type: alway_sample}", "", "collector.yaml:4:25: policies[0]: unknown policy type"},
		{"a broken variable", `processors: {tail_sampling: {policies: [{name: "${env:BROKEN}", type: always_sample}]}}`, "", "resolve variables: no such variable"},
		{"an extension of the name", one + "extensions: {tailwise: {}}", "", `there is an extension "tailwise" already`},
		{"aliases without end", "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]", "", "the aliases stand for more than"},
	} {
		src := source(tc.text)
		src.Processor, src.AsRules = tc.processor, true
		if _, err := Import(src); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want an error with %q", tc.name, err, tc.want)
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(collector))
	f.Add([]byte("processors: {tail_sampling: {policies: [{name: a, type: and, and: {and_sub_policy: []}}]}}"))
	f.Add([]byte("a: &a [*a]\nprocessors: {tail_sampling: {<<: *a, policies: }}"))
	f.Add([]byte("service: []\nextensions: 5\nprocessors: {tail_sampling: {policies: []}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		src := source(string(text))
		src.AsRules, src.Ordinary = true, true
		r, err := Import(src)
		if err != nil {
			return
		}
		var raw map[string]any
		if err := yaml.Unmarshal(r.Configuration, &raw); err != nil {
			t.Errorf("the configuration cannot be read: %v\n%s", err, r.Configuration)
		}
	})
}
