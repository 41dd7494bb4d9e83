package sampler

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/doctor"
)

// health asks the API.
func (r *rig) health(query string) (report doctor.Report) {
	r.t.Helper()
	answer := httptest.NewRecorder()
	r.engine.API().ServeHTTP(answer, httptest.NewRequest("GET", "/api/v1/health/instrumentation"+query, nil))
	if err := json.Unmarshal(answer.Body.Bytes(), &report); err != nil {
		r.t.Fatalf("health: %q: %v", answer.Body, err)
	}
	return report
}

// TestHealth: every decided trace is examined, kept and dropped, once, and spans are looked at whole as they come.
func TestHealth(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		for i := range 40 {
			spans := []spec{{name: "chat", failed: i == 7, attrs: call, size: 2000}}
			for k := range 25 { // so many that some are looked at whole, whatever their bytes
				spans = append(spans, spec{name: fmt.Sprint(k, "-child"), parent: "chat", size: 2000})
			}
			r.send(request(traceID(i), spans...))
		}
		r.pass(20 * time.Second)
		found := make(map[string]doctor.Finding)
		for _, f := range r.health("").Findings {
			found[f.ID] = f
		}
		if f := found["no-session"]; f.Count != 40 || f.Of != 40 || f.Service != "agent" || f.Dialect != "semconv" || f.Example != hexOf(traceID(7)) {
			t.Errorf("no-session: got %+v, want 40 of 40, with the kept trace as the example", f)
		}
		if f := found["payload"]; f.Count < 2000 || f.Of < f.Count {
			t.Errorf("payload: got %+v, want some of those that were looked at", f)
		}
		if got := r.health("?service=other"); got.Traces != 40 || len(got.Findings) != 0 {
			t.Errorf("another service: got %+v, want no findings", got)
		}
		r.reopen()
		defer r.close()
		r.pass(20 * time.Second)
		if got := r.health(""); got.Traces != 0 || len(got.Findings) != 0 || len(got.Sources) != 0 {
			t.Errorf("after a restart: got %+v, want nothing, as all was examined before", got)
		}
	})
}

// TestHealth_LateSpansAreNoOrphans: what comes after its trace was decided has its parent there.
func TestHealth_LateSpansAreNoOrphans(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		r.send(request(traceID(1), spec{name: "root"}))
		r.pass(20 * time.Second)
		for _, s := range r.engine.shards {
			s.in <- forgetMessage{}
		}
		r.send(request(traceID(1), spec{name: "late", parent: "root"}))
		r.pass(12 * time.Minute)
		if got := r.health(""); got.Traces != 1 || got.Sources[0].Spans != 2 || len(got.Findings) != 0 {
			t.Errorf("late span: got %+v, want one trace, two spans and no findings", got)
		}
	})
}
