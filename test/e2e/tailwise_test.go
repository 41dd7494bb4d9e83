//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/test/harness"
)

// traces is one span alone, as harness.Spans keeps it.
type traces = ptrace.Traces

// tailwise is the program under test.
type tailwise struct {
	path    string
	dir     string // its data
	grpc    string // OTLP addresses, host:port
	http    string
	api     harness.API
	process *harness.Process
}

func newTailwise(t *testing.T) *tailwise {
	t.Helper()
	return &tailwise{
		path: harness.Build(t, "e2e", "cmd/tailwise"),
		dir:  filepath.Join(t.TempDir(), "data"),
		grpc: harness.FreeAddr(t),
		http: harness.FreeAddr(t),
		api:  harness.API{Addr: harness.FreeAddr(t)},
	}
}

// start runs tailwise and waits until it listens.
func (tw *tailwise) start(t *testing.T, args ...string) {
	t.Helper()
	tw.process = harness.Start(t, harness.Command{Name: "tailwise", Path: tw.path, Args: args})
	for _, addr := range []string{tw.grpc, tw.http, tw.api.Addr} {
		awaitListener(t, tw.process, addr)
	}
}

// awaitVerdicts waits until each run is decided and, if kept, answered for by the backend. It returns the rows by
// trace id; a trace that no run has made, or a second row of one, fails the test.
func (tw *tailwise) awaitVerdicts(t *testing.T, runs []agentRun) map[string]harness.Trace {
	t.Helper()
	var all []harness.Trace
	rows := map[string]harness.Trace{}
	harness.Until(t, within, "every run to be decided and exported", tw.process, func() (err error) {
		if all, err = tw.api.Traces(nil); err != nil {
			return err
		}
		for _, row := range all {
			rows[row.ID] = row
		}
		for _, run := range runs {
			row, ok := rows[run.Trace]
			if !ok {
				return fmt.Errorf("%s run %s of %s has no verdict", run.Client, run.Trace, run.Scenario)
			}
			if row.Verdict == "keep" && !row.IsExported() {
				return fmt.Errorf("%s run %s of %s is kept and not exported", run.Client, run.Trace, run.Scenario)
			}
		}
		return nil
	})
	if len(all) != len(runs) {
		t.Errorf("rows of decided traces: got %d, want %d", len(all), len(runs))
	}
	return rows
}

// awaitSpans waits until files hold all spans of runs: they are written a moment after the answer.
func awaitSpans(t *testing.T, runs []agentRun, files ...string) (spans harness.Spans) {
	t.Helper()
	harness.Until(t, within, fmt.Sprintf("%d runs in %s", len(runs), files), nil, func() (err error) {
		if spans, err = harness.ReadSpans(files...); err != nil {
			return err
		}
		for _, run := range runs {
			if got := len(spans[run.Trace]); got < run.Spans {
				return fmt.Errorf("spans of %s run %s of %s: got %d, want %d", run.Client, run.Trace, run.Scenario, got, run.Spans)
			}
		}
		return nil
	})
	return spans
}

func readSpans(t *testing.T, files ...string) harness.Spans {
	t.Helper()
	spans, err := harness.ReadSpans(files...)
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

// reasons reads the names of rules from an attribute: comma-separated.
func reasons(v pcommon.Value) []string { return strings.Split(v.AsString(), ",") }
