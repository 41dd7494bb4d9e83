package sampler

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// get asks the API and decodes the answer.
func (r *rig) get(path string, into any) int {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.engine.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		r.t.Fatalf("GET %s: %v in %s", path, err, w.Body)
	}
	return w.Code
}

func TestAPI_SaysOfEachTraceWhatWasDecidedAndWhy(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		kept, dropped, waiting := traceID(1), traceID(2), traceID(3)
		r.send(request(kept, spec{name: "root", failed: true, attrs: map[string]any{"session.id": "s1", "gen_ai.prompt": "secret"}}))
		r.send(request(dropped, spec{name: "root"}))
		r.pass(DefaultSettle + 2*time.Second)
		r.send(request(waiting, spec{name: "a", parent: "b"}))
		r.pass(time.Second)

		var view TraceView
		if code := r.get("/api/v1/traces/"+hexOf(kept), &view); code != http.StatusOK {
			t.Fatalf("kept trace: got status %d, want 200", code)
		}
		var facts map[string]any
		if err := json.Unmarshal(view.Facts, &facts); err != nil {
			t.Fatal(err)
		}
		if view.Verdict != "keep" || !slices.Equal(view.Rules, []string{"errors"}) || view.Session != "s1" ||
			view.Probability != 1 || view.Exported == nil || facts["errors"] != 1.0 || facts["root.name"] != "root" {
			t.Errorf("kept trace: got %+v with facts %v", view, facts)
		}
		if strings.Contains(string(view.Facts), "secret") {
			t.Error("the facts hold content")
		}
		if r.get("/api/v1/traces/"+hexOf(waiting), &view); view.Verdict != VerdictOpen {
			t.Errorf("open trace: got verdict %q, want open", view.Verdict)
		}
		var problem map[string]string
		if code := r.get("/api/v1/traces/"+hexOf(traceID(9)), &problem); code != http.StatusNotFound || problem["error"] == "" {
			t.Errorf("unknown trace: got %d %v, want 404 and why", code, problem)
		}
	})
}

func TestAPI_ListsTracesByPage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		for n := range 5 {
			r.send(request(traceID(n+1), spec{name: "root", failed: n%2 == 0}))
			r.pass(time.Second)
		}
		r.pass(DefaultSettle + 2*time.Second)
		var ids []string
		for after, more := "", true; more; {
			var page TracesView
			r.get("/api/v1/traces?since=1h&limit=2&after="+after, &page)
			for _, trace := range page.Traces {
				ids = append(ids, trace.TraceID)
			}
			after, more = page.Next, page.Next != ""
		}
		if want := []string{hexOf(traceID(5)), hexOf(traceID(4)), hexOf(traceID(3)), hexOf(traceID(2)), hexOf(traceID(1))}; !slices.Equal(ids, want) {
			t.Errorf("pages: got %v, want %v", ids, want)
		}
		for query, want := range map[string]int{"verdict=keep": 3, "verdict=drop": 2, "rule=errors": 3, "rule=none": 0, "since=1s": 0} {
			var page TracesView
			if r.get("/api/v1/traces?"+query, &page); len(page.Traces) != want {
				t.Errorf("%s: got %d traces, want %d", query, len(page.Traces), want)
			}
		}
	})
}

func TestAPI_SaysWhatIsWrongWithAQuestion(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		for path, want := range map[string]string{
			"/api/v1/traces?since=yesterday": "since",
			"/api/v1/traces?verdict=maybe":   "verdict",
			"/api/v1/traces?limit=many":      "limit",
			"/api/v1/traces?after=x":         "after",
			"/api/v1/traces/xyz":             "32 hexadecimal digits",
		} {
			var problem map[string]string
			if code := r.get(path, &problem); code != http.StatusBadRequest || !strings.Contains(problem["error"], want) {
				t.Errorf("%s: got %d %q, want 400 and %q named", path, code, problem["error"], want)
			}
		}
	})
}
