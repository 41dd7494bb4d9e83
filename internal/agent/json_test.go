package agent_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
)

func TestAppendJSON(t *testing.T) {
	f := factsOf(t, []string{"score", "answer", "absent"},
		span{id: 1, name: "say \"hi\"\n", start: 1, end: 2.5, status: ptrace.StatusCodeOk, resource: attrs{"service.name": "agents"},
			attrs: op("invoke_agent", "gen_ai.conversation.id", "c-1", "answer", strings.Repeat("secret ", 30))},
		span{id: 2, parent: 1, attrs: op("chat", input, 10, output, 2, "gen_ai.request.model", "gpt", "score", 0.25)},
		span{id: 3, parent: 1, attrs: attrs{"score": "0.5"}})
	const want = `{"duration":1.5,"spans":3,"errors":0,"roots":1,"complete":true,"root.name":"say \"hi\"\u000a","root.status":"ok",` +
		`"service":"agents","services":["agents"],"tokens.input":10,"tokens.output":2,"tokens.total":12,` +
		`"tokens.cache_read":0,"tokens.cache_write":0,"tokens.reasoning":0,"cost.unpriced":1,"cost.unpriced_models":["gpt"],` +
		`"llm.calls":1,"tool.calls":0,"turns":1,"steps":1,"models":["gpt"],"session":"c-1",` +
		`"attrs":{"answer":{"count":1,"values":["sha256:5bad4acc29e4193e"]},` +
		`"score":{"count":2,"n":2,"sum":0.75,"min":0.25,"max":0.5,"values":[0.25,"0.5"]}}}`
	got := string(f.AppendJSON(nil))
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(new(agent.Facts).AppendJSON([]byte("x"))); got != `x{"spans":0,"errors":0,"roots":0,"llm.calls":0,"tool.calls":0,"truncated":false,"content_filtered":false,"refusal":false}` {
		t.Errorf("no spans: got %s", got)
	}
}

// FuzzFold folds whatever the walk accepts: the ledger row must be JSON without long texts.
func FuzzFold(f *testing.F) {
	f.Add(request(f, turn("conv-1")...))
	f.Add(request(f, span{id: 1, name: strings.Repeat("n", 300), attrs: attrs{
		"score": []any{1, "x", 2.5, true, map[string]any{"a": 1}}, "session.id": "\xff\xfe", input: "1e400",
	}}))
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 5))
		f.Add(request(f, anySpan(r), anySpan(r), anySpan(r), anySpan(r)))
	}
	plan := agent.NewPlan([]string{"score", "session.id"})
	f.Fuzz(func(t *testing.T, body []byte) {
		var x otlp.Index
		if x.Walk(body, plan.Keys()) != nil {
			return
		}
		var facts agent.Facts
		var in agent.Interner
		for i := range x.Spans {
			plan.Fold(&facts, &x, body, i, &in)
		}
		row := facts.AppendJSON(nil)
		if !json.Valid(row) || !utf8.Valid(row) {
			t.Fatalf("not JSON in UTF-8: %q", row)
		}
		decoder := json.NewDecoder(bytes.NewReader(row))
		for token, err := decoder.Token(); err == nil; token, err = decoder.Token() {
			if s, is := token.(string); is && len(s) > 128 {
				t.Fatalf("a text of %d bytes in the row", len(s))
			}
		}
		samePdata(t, plan, &x, body, string(row)+actionsOf(&facts))
		if most := 64<<10 + 256*len(x.Spans); facts.Bytes() > most {
			t.Fatalf("facts of %d spans hold %d bytes, want at most %d", len(x.Spans), facts.Bytes(), most)
		}
	})
}

// samePdata holds the facts to those of the same spans as pdata decodes and encodes them again. Where the two read a
// request otherwise, as Walk says they may, there is nothing to compare.
func samePdata(t *testing.T, plan *agent.Plan, x *otlp.Index, body []byte, want string) {
	t.Helper()
	request := ptraceotlp.NewExportRequest()
	if x.RejectedN > 0 || request.UnmarshalProto(body) != nil {
		return
	}
	again, err := request.MarshalProto()
	if err != nil {
		t.Fatalf("encode what pdata has decoded: %v", err)
	}
	var y otlp.Index
	if err := y.Walk(again, plan.Keys()); err != nil {
		t.Fatalf("walk what pdata has encoded: %v", err)
	}
	if len(y.Spans) != len(x.Spans) || len(y.Attrs) != len(x.Attrs) || len(y.Scopes) != len(x.Scopes) {
		return
	}
	var facts agent.Facts
	for i := range y.Spans {
		plan.Fold(&facts, &y, again, i, nil)
	}
	if got := string(facts.AppendJSON(nil)) + actionsOf(&facts); got != want {
		t.Fatalf("of what pdata has encoded:\n got %s\nwant %s", got, want)
	}
}
