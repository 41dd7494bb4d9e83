package recordings_test

import (
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/testdata/recordings"
)

func TestAll_EveryRecordingHasItsTruth(t *testing.T) {
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("recordings: got none")
	}
	for _, r := range all {
		if r.Package == "" || r.Version == "" || r.Language == "" {
			t.Errorf("%s %s: got package %q, version %q, language %q; want all three", r.Library, r.Scenario, r.Package, r.Version, r.Language)
		}
		if r.Truth.Turns == 0 {
			t.Errorf("%s %s: got no turns, want at least one", r.Library, r.Scenario)
		}
		if got, want := len(r.Truth.Served), r.Truth.Calls+r.Truth.Retries; got != want {
			t.Errorf("%s %s: attempts served: got %d, want %d", r.Library, r.Scenario, got, want)
		}
	}
}

// A library that exports nothing of a failure is possible, one that exports nothing of a success is a broken recording.
func TestAll_SuccessLeavesSpans(t *testing.T) {
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Truth.FailedTurns == 0 && spans(t, r) == 0 {
			t.Errorf("%s %s: got no spans", r.Library, r.Scenario)
		}
	}
}

// spans counts a recording's spans by decoding it as the Collector does.
func spans(t *testing.T, r recordings.Recording) (n int) {
	t.Helper()
	var decoder ptrace.JSONUnmarshaler
	for i, request := range r.Requests {
		traces, err := decoder.UnmarshalTraces(request)
		if err != nil {
			t.Fatalf("%s %s: decode request %d: %v", r.Library, r.Scenario, i, err)
		}
		n += traces.SpanCount()
	}
	return n
}

func TestAll_LogsHaveRecords(t *testing.T) {
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	var decoder plog.JSONUnmarshaler
	for _, r := range all {
		for i, request := range r.Logs {
			logs, err := decoder.UnmarshalLogs(request)
			if err != nil {
				t.Fatalf("%s %s: decode log request %d: %v", r.Library, r.Scenario, i, err)
			}
			if logs.LogRecordCount() == 0 {
				t.Errorf("%s %s: log request %d: got no records", r.Library, r.Scenario, i)
			}
		}
	}
}

func TestAll_UntoldNamesFacts(t *testing.T) {
	known := []string{
		"calls", "retries", "errors", "tokens.input", "tokens.cached", "tokens.cache_write", "tokens.output", "tokens.reasoning",
		"tools.run", "tools.errors", "finish_reasons", "refusals", "response_ids", "sessions", "user",
	}
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		for _, fact := range r.Truth.Untold {
			if !slices.Contains(known, fact) {
				t.Errorf("%s %s: untold: got %q, want one of %v", r.Library, r.Scenario, fact, known)
			}
		}
	}
}
