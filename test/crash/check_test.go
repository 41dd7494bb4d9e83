//go:build e2e

package crash

import (
	"fmt"
	"testing"

	"github.com/tailwise/tailwise/test/harness"
)

// drain waits until every acked span of a wanted trace has arrived, and every trace is decided and, if kept, marked as
// exported. The backend has to be up.
func drain(t *testing.T, r *rig, sent *book, at *backend) {
	t.Helper()
	defer func() {
		if t.Failed() {
			explain(t, r, sent, at)
		}
	}()
	harness.Until(t, within, "the backend to have all that it is owed", r.process, func() error { return sent.owed(at) })
	harness.Until(t, within, "every trace to be decided and answered for", r.process, func() error {
		rows, err := r.api.Traces(nil)
		if err != nil {
			return err
		}
		return settled(rows, sent)
	})
}

// explain logs what is known of the traces that are not whole at the backend, for whoever reads the failure.
func explain(t *testing.T, r *rig, sent *book, at *backend) {
	t.Helper()
	status, err := r.api.Status()
	t.Logf("status: %v (%v)", status, err)
	for i, id := range sent.incomplete(at) {
		if i == mostFaults {
			t.Log("and more")
			return
		}
		row, err := r.api.Trace(id.String())
		acked, arrived := sent.tally(at, id)
		t.Logf("trace %s: %d spans acked, %d arrived; ledger: %s by %v at %s, exported %s, facts %s (%v)",
			id, acked, arrived, row.Verdict, row.Rules, row.DecidedAt, row.Exported, row.Facts, err)
	}
}

// settled returns an error unless each trace with an acked span has a row, those that are kept an exported one.
func settled(rows []harness.Trace, sent *book) error {
	decided := make(map[string]bool, len(rows))
	for _, row := range rows {
		decided[row.ID] = true
		if row.Verdict == "keep" && !row.IsExported() {
			return fmt.Errorf("trace %s is kept and not exported", row.ID)
		}
	}
	sent.mu.Lock()
	defer sent.mu.Unlock()
	for id := range sent.traces {
		if !decided[id.String()] {
			return fmt.Errorf("trace %s has no verdict (%d of %d traces have one)", id, len(decided), len(sent.traces))
		}
	}
	return nil
}

// checkArrivals asserts what the backend holds: nothing that was to be dropped, nothing that was not sent, every span
// as it was sent but for the marks.
func checkArrivals(t *testing.T, sent *book, at *backend) {
	t.Helper()
	sent.mu.Lock()
	defer sent.mu.Unlock()
	at.mu.Lock()
	defer at.mu.Unlock()
	faults := &faults{t: t}
	for key, got := range at.spans {
		want, known := sent.spans[key]
		session := sent.sessions[key.trace]
		switch {
		case !known:
			faults.add("span %s of trace %s arrived and was never sent", key.span, key.trace)
		case !wanted(key.trace):
			faults.add("span %s of trace %s arrived and was to be dropped", key.span, key.trace)
		case got.sum != want.sum:
			faults.add("span %s of trace %s has changed on its way", key.span, key.trace)
		case got.session != session && (got.session != "" || want.session != ""): // only a span that had none may lack it
			faults.add("span %s of trace %s: session: got %q, want %q", key.span, key.trace, got.session, session)
		}
	}
	if at.unmarked > 0 {
		faults.add("spans without %sreason: got %d, want 0", harness.Prefix, at.unmarked)
	}
	if at.conflicts > 0 {
		faults.add("spans that came twice and differ: got %d, want 0", at.conflicts)
	}
	faults.report()
}

// checkOnce asserts that no span came twice, to a backend that has answered every export since it came up: what
// clients sent again counts once.
func checkOnce(t *testing.T, at *backend) {
	t.Helper()
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.duplicates != 0 {
		t.Errorf("spans that came again: got %d, want 0", at.duplicates)
	}
}

// checkVerdicts asserts that each decided trace has one row, with the verdict that its id asks for.
func checkVerdicts(t *testing.T, r *rig) map[string]string {
	t.Helper()
	rows, err := r.api.Traces(nil)
	if err != nil {
		t.Fatalf("read the ledger: %v", err)
	}
	faults := &faults{t: t}
	verdicts := make(map[string]string, len(rows))
	for _, row := range rows {
		if first, twice := verdicts[row.ID]; twice {
			faults.add("trace %s has two rows: %s and %s", row.ID, first, row.Verdict)
		}
		verdicts[row.ID] = row.Verdict
		if want := verdictOf(t, row.ID); row.Verdict != want {
			faults.add("verdict of trace %s: got %s, want %s", row.ID, row.Verdict, want)
		}
	}
	faults.report()
	return verdicts
}

// verdictOf is what the policy must say of a trace.
func verdictOf(t *testing.T, id string) string {
	t.Helper()
	if wanted(parseTraceID(t, id)) {
		return "keep"
	}
	return "drop"
}

// faults reports the first few of what may be thousands.
type faults struct {
	t     *testing.T
	found int
}

const mostFaults = 10

func (f *faults) add(format string, args ...any) {
	f.t.Helper()
	if f.found++; f.found <= mostFaults {
		f.t.Errorf(format, args...)
	}
}

func (f *faults) report() {
	f.t.Helper()
	if f.found > mostFaults {
		f.t.Errorf("and %d more of these", f.found-mostFaults)
	}
}
