package recordings_test

import (
	"encoding/json"
	"slices"
	"testing"

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

func spans(t *testing.T, r recordings.Recording) (n int) {
	t.Helper()
	for _, request := range r.Requests {
		var doc struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []json.RawMessage }
			}
		}
		if err := json.Unmarshal(request, &doc); err != nil {
			t.Fatalf("%s %s: %v", r.Library, r.Scenario, err)
		}
		for _, resource := range doc.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				n += len(scope.Spans)
			}
		}
	}
	return n
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
