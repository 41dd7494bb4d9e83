//go:build e2e

// Package e2e runs tailwise as people do, as a program among real ones: agents in Node and Python with the
// instrumentation that people use, a provider for them to call, and a plain Collector as the backend. What the tests
// need beyond Go they install into .work: npm and python3 have to be there.
package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tailwise/tailwise/test/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// within bounds every wait of these tests, generously: installing and building share the machine.
const within = 2 * time.Minute

const policyText = `
rules:
  - name: errors
    when: errors > 0
    keep: true
  - name: slow
    when: duration > duration("60s")
    keep: true
  - name: costly
    when: tokens.total > 50000 || attr_sum("llm.token_count.total") > 50000
    keep: true
  - name: asked
    when: attr_has("app.keep")
    keep: true
  - name: probes
    when: root.name == "healthcheck"
    drop: true
otherwise: {drop: true}
`

// expected is what that policy says of each scenario; one rule, or none, concerns each.
var expected = map[string]struct {
	verdict string
	rules   []string
}{
	"healthy":       {"drop", []string{"otherwise"}},
	"tool":          {"drop", []string{"otherwise"}},
	"tool_error":    {"keep", []string{"errors"}},
	"provider_down": {"keep", []string{"errors"}},
	"costly":        {"keep", []string{"costly"}},
	"waiting":       {"keep", []string{"errors"}},
	"slow":          {"keep", []string{"slow"}},
	"probe":         {"drop", []string{"probes"}},
	"filtered":      {"keep", []string{"asked"}},
	"responses":     {"keep", []string{"asked"}},
}

const configText = `
extensions:
  tailwise:
    data_dir: %q
    policy_file: %q
    decide: {settle: 1s, idle: 3s}
    api: {endpoint: %q}
receivers:
  tailwise: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}
exporters:
  otlp_grpc: {endpoint: %q, tls: {insecure: true}, sending_queue: {enabled: false}}
service:
  telemetry: {metrics: {level: none}, logs: {disable_stacktrace: true}}
  extensions: [tailwise]
  pipelines:
    traces: {receivers: [tailwise], exporters: [otlp_grpc]}
`

// TestRun_Agents sends what both clients make through `tailwise run`. Of each run the backend has everything or
// nothing, as the policy says, and tailwise can say why.
func TestRun_Agents(t *testing.T) {
	provider, sink := startProvider(t), startSink(t)
	tw := newTailwise(t)
	dir := t.TempDir()
	config, policy := filepath.Join(dir, "tailwise.yaml"), filepath.Join(dir, "policy.yaml")
	writeFile(t, policy, policyText)
	writeFile(t, config, fmt.Sprintf(configText, tw.dir, policy, tw.api.Addr, tw.grpc, tw.http, sink.kept))
	tw.start(t, "run", "--config", config)

	runs := nodeClient.play(t, 2, "http://"+tw.http, sink.controlHTTP, provider)
	runs = append(runs, pythonClient.play(t, 2, tw.grpc, sink.controlGRPC, provider)...)
	rows := tw.awaitVerdicts(t, runs)
	for _, run := range runs {
		checkVerdict(t, run, rows[run.Trace])
	}
	control := awaitSpans(t, runs, sink.controlFile)
	kept := awaitSpans(t, keptOf(runs, rows), sink.keptFile)
	checkKept(t, runs, rows, kept, control)
	for _, run := range runs {
		tw.checkExplanation(t, run)
	}
	tw.process.Stop(t)
	if after := readSpans(t, sink.keptFile); len(after) != len(kept) {
		t.Errorf("traces at the backend after tailwise has ended: got %d, want %d", len(after), len(kept))
	}
}

// TestAllInOne runs tailwise without a configuration: the built-in policy decides, and what is kept is in files.
func TestAllInOne(t *testing.T) {
	provider, sink := startProvider(t), startSink(t)
	tw := newTailwise(t)
	tw.start(t, "--data-dir", tw.dir, "--grpc-listen", tw.grpc, "--http-listen", tw.http, "--api-listen", tw.api.Addr)

	runs := nodeClient.play(t, 3, "http://"+tw.http, sink.controlHTTP, provider)
	runs = append(runs, pythonClient.play(t, 3, tw.grpc, sink.controlGRPC, provider)...)
	rows := tw.awaitVerdicts(t, runs)
	for _, run := range runs {
		if want := expected[run.Scenario]; slices.Equal(want.rules, []string{"errors"}) || run.Scenario == "slow" {
			row := rows[run.Trace]
			if row.Verdict != "keep" || !slices.Contains(row.Rules, want.rules[0]) {
				t.Errorf("%s run %s of %s: got %s by %v, want keep by %v", run.Client, run.Trace, run.Scenario, row.Verdict, row.Rules, want.rules)
			}
		}
	}
	control := awaitSpans(t, runs, sink.controlFile)
	files, err := filepath.Glob(filepath.Join(tw.dir, "kept", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files of kept traces: got %v (%v), want at least one", files, err)
	}
	checkKept(t, runs, rows, readSpans(t, files...), control)
	tw.process.Stop(t)
}

// checkVerdict asserts what was decided of a run, and that its session was found.
func checkVerdict(t *testing.T, run agentRun, row harness.Trace) {
	t.Helper()
	want := expected[run.Scenario]
	if row.Verdict != want.verdict || !slices.Equal(row.Rules, want.rules) {
		t.Errorf("%s run %s of %s: got %s by %v, want %s by %v; facts %s",
			run.Client, run.Trace, run.Scenario, row.Verdict, row.Rules, want.verdict, want.rules, row.Facts)
	}
	if row.Session != run.Session {
		t.Errorf("session of %s run %s: got %q, want %q", run.Client, run.Trace, row.Session, run.Session)
	}
}

// keptOf picks the runs that were kept.
func keptOf(runs []agentRun, rows map[string]harness.Trace) []agentRun {
	return slices.DeleteFunc(slices.Clone(runs), func(r agentRun) bool { return rows[r.Trace].Verdict != "keep" })
}

// checkKept asserts that kept holds the runs that were kept and no other, each span once and as in the control copy.
func checkKept(t *testing.T, runs []agentRun, rows map[string]harness.Trace, kept, control harness.Spans) {
	t.Helper()
	want := map[string]bool{}
	for _, run := range keptOf(runs, rows) {
		want[run.Trace] = true
		checkWhole(t, run, rows[run.Trace], kept[run.Trace], control[run.Trace])
	}
	for id := range maps.Keys(kept) {
		if !want[id] {
			t.Errorf("trace %s was exported, and its verdict is %q", id, rows[id].Verdict)
		}
	}
}

// checkWhole compares one kept trace with its control copy, span by span.
func checkWhole(t *testing.T, run agentRun, row harness.Trace, got, want map[string][]traces) {
	t.Helper()
	if len(got) != run.Spans || len(want) != run.Spans {
		t.Errorf("%s run %s of %s: got %d spans, and %d in the control copy, want %d", run.Client, run.Trace, run.Scenario, len(got), len(want), run.Spans)
		return
	}
	for id, copies := range want {
		if len(got[id]) != 1 || len(copies) != 1 {
			t.Errorf("copies of span %s of trace %s: got %d, and %d in the control copy, want 1", id, run.Trace, len(got[id]), len(copies))
			continue
		}
		if err := harness.Same(got[id][0], copies[0]); err != nil {
			t.Errorf("%s run %s of %s: %v", run.Client, run.Trace, run.Scenario, err)
		}
		checkMarks(t, run, row, got[id][0])
	}
}

// checkMarks asserts what tailwise adds to every span that it exports.
func checkMarks(t *testing.T, run agentRun, row harness.Trace, one traces) {
	t.Helper()
	attrs := harness.Only(one).Attributes()
	for _, key := range []string{"tailwise.retention", "tailwise.reason"} {
		if v, ok := attrs.Get(key); !ok || v.AsString() == "" {
			t.Errorf("a span of trace %s: got no %s, want one", run.Trace, key)
		}
	}
	if v, _ := attrs.Get("tailwise.reason"); len(row.Rules) == 1 && !slices.Contains(reasons(v), row.Rules[0]) {
		t.Errorf("reason on a span of trace %s: got %q, want %q", run.Trace, v.AsString(), row.Rules[0])
	}
	if v, _ := attrs.Get("session.id"); v.AsString() != run.Session {
		t.Errorf("session on a span of trace %s: got %q, want %q", run.Trace, v.AsString(), run.Session)
	}
}

// checkExplanation asks the command line why a trace was kept or dropped.
func (tw *tailwise) checkExplanation(t *testing.T, run agentRun) {
	t.Helper()
	out, err := exec.Command(tw.path, "trace", run.Trace, "--json", "--data-dir", tw.dir).Output()
	if err != nil {
		t.Errorf("tailwise trace %s: %v", run.Trace, err)
		return
	}
	var row harness.Trace
	if err := json.Unmarshal(out, &row); err != nil {
		t.Errorf("tailwise trace %s printed %q: %v", run.Trace, out, err)
		return
	}
	if row.ID != run.Trace {
		t.Errorf("tailwise trace %s: got an answer for %q", run.Trace, row.ID)
	}
	checkVerdict(t, run, row)
}
