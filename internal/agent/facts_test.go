package agent_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
)

// op makes the attributes of a span with an operation name.
func op(name string, more ...any) attrs {
	a := attrs{"gen_ai.operation.name": name}
	for i := 0; i < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	return a
}

const (
	input  = "gen_ai.usage.input_tokens"
	output = "gen_ai.usage.output_tokens"
)

// TestFacts is what each fact means: spans in, then the facts that are asked about, nil for unknown.
func TestFacts(t *testing.T) {
	long := strings.Repeat("x", 129)
	tests := []struct {
		name  string
		spans []span
		want  map[string]any
	}{
		{"duration is the whole extent", []span{{id: 1, start: 5, end: 6}, {id: 2, start: 2, end: 3}, {id: 3, start: 4, end: 9}},
			map[string]any{"duration": 7 * time.Second, "spans": int64(3), "errors": int64(0), "roots": int64(3)}},
		{"unset times are ignored", []span{{id: 1, start: 0, end: 6}, {id: 2, start: 2, end: 0}},
			map[string]any{"duration": 4 * time.Second}},
		{"no times, no duration", []span{{id: 1}}, map[string]any{"duration": nil}},
		{"no end, no duration", []span{{id: 1, start: 3}}, map[string]any{"duration": nil}},
		{"end before start counts nothing", []span{{id: 1, start: 6, end: 5}}, map[string]any{"duration": time.Duration(0)}},
		{"longer than a duration can be", []span{{id: 1, start: 1e-9, end: 1.5e10}}, map[string]any{"duration": time.Duration(math.MaxInt64)}},

		{"errors and the root", []span{
			{id: 1, parent: 9, status: ptrace.StatusCodeError, name: "child"},
			{id: 2, start: 2, name: "late", status: ptrace.StatusCodeOk},
			{id: 3, start: 1, name: "early"},
		}, map[string]any{"errors": int64(1), "roots": int64(2), "root.name": "early", "root.status": "unset"}},
		{"a root without start comes last", []span{{id: 1, name: "unset"}, {id: 2, start: 1, name: "set", status: ptrace.StatusCodeError}},
			map[string]any{"root.name": "set", "root.status": "error"}},
		{"no root", []span{{id: 1, parent: 2, name: "child"}},
			map[string]any{"root.name": nil, "root.status": nil, "roots": int64(0)}},

		{"the root's service", []span{
			{id: 1, parent: 2, start: 1, resource: attrs{"service.name": "tools", "deployment.environment.name": "test"}},
			{id: 2, start: 2, resource: attrs{"service.name": "agents", "deployment.environment": "prod"}},
		}, map[string]any{"service": "agents", "services": []string{"agents", "tools"}, "environment": "prod"}},
		{"the first span's service where the root has none", []span{
			{id: 1, start: 0.5}, {id: 2, parent: 1, start: 2, resource: attrs{"service.name": "b"}},
			{id: 3, parent: 1, start: 1, resource: attrs{"service.name": "c"}},
		}, map[string]any{"service": "c"}},
		{"the new name of environment before the old", []span{
			{id: 1, resource: attrs{"deployment.environment": "old", "deployment.environment.name": "new"}},
		}, map[string]any{"environment": "new"}},
		{"no service, no models", []span{{id: 1}}, map[string]any{"service": nil, "services": nil, "models": nil, "environment": nil}},

		{"tokens of calls, not of what is around them", []span{
			{id: 1, attrs: op("invoke_agent", input, 150, output, 15)},
			{id: 2, parent: 1, attrs: op("chat", input, 100, output, 10)},
			{id: 3, parent: 1, attrs: op("generate_content", input, 50, output, 5)},
			{id: 4, parent: 1, attrs: op("text_completion")},
			{id: 5, parent: 1, attrs: op("execute_tool", input, 7)},
		}, map[string]any{
			"tokens.input": int64(150), "tokens.output": int64(15), "tokens.total": int64(165),
			"llm.calls": int64(3), "tool.calls": int64(1),
		}},
		{"the root's sum where no call says any", []span{
			{id: 1, attrs: op("invoke_workflow", input, 150)},
			{id: 2, parent: 1, attrs: op("invoke_agent", input, 100)},
			{id: 3, parent: 2, attrs: op("chat")},
		}, map[string]any{"tokens.input": int64(150), "tokens.total": int64(150), "llm.calls": int64(1)}},
		{"other spans' sums where neither says any", []span{
			{id: 1, attrs: op("invoke_workflow")},
			{id: 2, parent: 1, attrs: op("invoke_agent", output, 100)},
			{id: 3, parent: 1, attrs: op("embeddings", input, 3)},
		}, map[string]any{"tokens.input": int64(3), "tokens.output": int64(100)}},
		{"calls that say zero do not hide the sum", []span{
			{id: 1, attrs: op("invoke_agent", input, 150)}, {id: 2, parent: 1, attrs: op("chat", input, 0, output, 0)},
		}, map[string]any{"tokens.input": int64(150)}},
		{"zero is known", []span{{id: 1, attrs: op("chat", input, 0)}}, map[string]any{"tokens.total": int64(0)}},
		{"no usage, no tokens", []span{{id: 1, attrs: op("chat")}},
			map[string]any{"tokens.input": nil, "tokens.output": nil, "tokens.total": nil, "llm.calls": int64(1)}},
		{"usage without an operation is a call", []span{{id: 1, attrs: attrs{input: 3}}},
			map[string]any{"llm.calls": int64(1), "tokens.total": int64(3)}},
		{"a poll does not pay again", []span{{id: 1, attrs: op("chat", input, 5)}, {id: 2, attrs: op("fetch_response", input, 5, "gen_ai.request.model", "m")}},
			map[string]any{"tokens.total": int64(5), "llm.calls": int64(1), "models": nil}},
		{"old names, never added to the new", []span{
			{id: 1, attrs: op("chat", "gen_ai.usage.prompt_tokens", 5, "gen_ai.usage.completion_tokens", 2)},
			{id: 2, attrs: op("chat", "gen_ai.usage.prompt_tokens", 99, input, 10)},
		}, map[string]any{"tokens.input": int64(15), "tokens.output": int64(2)}},
		{"numbers as text and as fractions", []span{
			{id: 1, attrs: op("chat", input, "12", output, 3.0)}, {id: 2, attrs: op("chat", input, " 1.0E1 ", output, `"4"`)},
		}, map[string]any{"tokens.input": int64(22), "tokens.output": int64(7)}},
		{"what is not a number of tokens", []span{
			{id: 1, attrs: op("chat", input, -5, output, "many")}, {id: 2, attrs: op("chat", input, math.NaN(), output, true)},
			{id: 3, attrs: op("chat", input, "0x10", output, "Inf")},
		}, map[string]any{"tokens.total": nil, "llm.calls": int64(3)}},
		{"an unusable new name leaves the old one", []span{{id: 1, attrs: op("chat", input, "NaN", "gen_ai.usage.prompt_tokens", 4)}},
			map[string]any{"tokens.input": int64(4)}},
		{"a process does not use tokens", []span{{id: 1, resource: attrs{input: 5, "gen_ai.request.model": "m"}}},
			map[string]any{"tokens.total": nil, "llm.calls": int64(0), "models": nil}},

		{"models that answered", []span{
			{id: 1, attrs: op("chat", "gen_ai.request.model", "gpt", "gen_ai.response.model", "gpt-2024")},
			{id: 2, attrs: op("chat", "gen_ai.request.model", "claude")},
			{id: 3, attrs: op("embeddings", "gen_ai.request.model", "embed")},
			{id: 4, attrs: op("invoke_agent", "gen_ai.request.model", "gpt")},
		}, map[string]any{"models": []string{"claude", "embed", "gpt-2024"}}},
		{"models around calls where no call names one", []span{{id: 1, attrs: op("invoke_agent", "gen_ai.request.model", "gpt")}},
			map[string]any{"models": []string{"gpt"}}},

		{"identity from the root", []span{
			{id: 1, parent: 2, start: 1, attrs: attrs{"session.id": "child", "user.id": "c", "gen_ai.agent.name": "sub"}},
			{id: 2, start: 2, attrs: attrs{"session.id": "root", "enduser.id": "r", "gen_ai.agent.name": "main", "tenant.id": "t", "feature.name": "f"}},
		}, map[string]any{"session": "root", "user": "r", "agent.name": "main", "tenant": "t", "feature": "f"}},
		{"identity from the earliest span", []span{
			{id: 1}, {id: 3, parent: 1, start: 2, attrs: attrs{"session.id": "b"}}, {id: 2, parent: 1, start: 2, attrs: attrs{"session.id": "a"}},
			{id: 4, parent: 1, start: 3, attrs: attrs{"session.id": "c"}},
		}, map[string]any{"session": "a", "user": nil}},
		{"identity from the process if nothing else", []span{
			{id: 1, start: 1, resource: attrs{"session.id": "process", "user.id": "p"}}, {id: 2, parent: 1, start: 2, attrs: attrs{"session.id": "span"}},
		}, map[string]any{"session": "span", "user": "p"}},
		{"the conversation before the session", []span{{id: 1, attrs: attrs{"session.id": "s", "gen_ai.conversation.id": "c"}}},
			map[string]any{"session": "c"}},
		{"placeholders are no session", []span{
			{id: 1, start: 1, attrs: attrs{"gen_ai.conversation.id": "None", "session.id": ""}},
			{id: 2, parent: 1, start: 2, attrs: attrs{"session.id": 1}},
			{id: 3, parent: 1, start: 3, attrs: attrs{"gen_ai.conversation.id": " undefined ", "session.id": "real"}},
			{id: 4, parent: 1, start: 4, attrs: attrs{"session.id": "other"}},
		}, map[string]any{"session": "real"}},
		{"numbers as ids", []span{{id: 1, attrs: attrs{"session.id": 4711, "user.id": 0}}}, map[string]any{"session": "4711", "user": "0"}},
		{"rules see up to 1024 bytes", []span{{id: 1, name: long}}, map[string]any{"root.name": long}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := factsOf(t, nil, test.spans...)
			for name, want := range test.want {
				got, known := f.Lookup(name)
				if known != (want != nil) || encode(t, got) != encode(t, want) {
					t.Errorf("%s: got %v (known %t), want %v", name, got, known, want)
				}
			}
		})
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode %v: %v", v, err)
	}
	return string(text)
}

// TestFacts_Order folds the same spans in many orders, over several requests, with and without an interner.
func TestFacts_Order(t *testing.T) {
	plan := agent.NewPlan([]string{"score", "noise", "session.id", "absent"})
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var bodies [][]byte
		for range 1 + r.IntN(60) {
			bodies = append(bodies, request(t, anySpan(r)))
		}
		want := ""
		var reused agent.Facts
		var in agent.Interner
		for range 6 {
			r.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
			var fresh agent.Facts
			reused.Reset()
			for _, body := range bodies {
				fold(t, plan, &fresh, body, nil)
				fold(t, plan, &reused, body, &in)
			}
			got := string(fresh.AppendJSON(nil)) + actionsOf(&fresh)
			if want == "" {
				want = got
			}
			if again := string(reused.AppendJSON(nil)) + actionsOf(&reused); got != want || again != want {
				t.Fatalf("seed %d: facts depend on the order of spans or on reuse:\n got %s\n and %s\nwant %s", seed, got, again, want)
			}
		}
	}
}

// actionsOf writes all actions of a trace, and what was invalid in it.
func actionsOf(f *agent.Facts) (all string) {
	f.Actions(func(a *agent.Action) bool {
		all += fmt.Sprintf("\n%+v", *a)
		return true
	})
	return all + fmt.Sprintf("\n%v", f.Invalid())
}

func TestFacts_Engine(t *testing.T) {
	f := factsOf(t, nil, span{id: 1, parent: 2, start: 3, end: 5}, span{id: 3, parent: 2, start: 2, end: 4})
	if f.Start() != 2*second || f.End() != 5*second || f.Duration() != 3*time.Second || f.HasRoot() {
		t.Errorf("got start %d, end %d, duration %v, root %t; want 2 s, 5 s, 3s, false", f.Start(), f.End(), f.Duration(), f.HasRoot())
	}
	long := strings.Repeat("s", 200)
	f = factsOf(t, nil, span{id: 1, attrs: attrs{"session.id": long}})
	if got := f.Session(); !strings.HasPrefix(got, "sha256:") || len(got) != 23 || !f.HasRoot() {
		t.Errorf("session of 200 bytes: got %q, root %t; want its hash, true", got, f.HasRoot())
	}
}

// TestFacts_Lookup asks for every fact of a trace that has them all.
func TestFacts_Lookup(t *testing.T) {
	spans := turn("conv-1")
	for key, value := range (attrs{
		"feature.name": "refunds", "service.version": "1.2", "incident.id": "inc-1", "gen_ai.prompt.name": "triage", "gen_ai.prompt.version": 3,
		"db.query.result.distance": 0.4, "retrieval.documents.0.document.score": 0.2,
	}) {
		spans[0].attrs[key] = value
	}
	for key, value := range (attrs{
		"gen_ai.response.finish_reasons": []any{"stop"}, "gen_ai.request.stream": true, "gen_ai.response.time_to_first_chunk": 0.5,
		"gen_ai.usage.cost": 0.02, "gen_ai.response.model": "made-up-model", "gen_ai.system_instructions": "Be kind.",
	}) {
		spans[1].attrs[key] = value
	}
	spans[3].attrs["gen_ai.response.model"], spans[3].attrs["gen_ai.request.model"] = "made-up-model", "made-up-model"
	f := factsOf(t, nil, spans...)
	for i, info := range agent.Known() {
		got, known := f.Lookup(info.Name)
		var ok bool
		switch info.Type {
		case agent.TypeInt:
			n, also := f.Number(i)
			v, is := got.(int64)
			ok = is && also && v == n
		case agent.TypeDuration:
			n, also := f.Number(i)
			v, is := got.(time.Duration)
			ok = is && also && int64(v) == n
		case agent.TypeText:
			s, also := f.Text(i)
			v, is := got.(string)
			ok = is && also && v == s
		case agent.TypeBool:
			n, also := f.Number(i)
			v, is := got.(bool)
			ok = is && also && v == (n != 0)
		case agent.TypeFloat:
			n, also := f.Float(i)
			v, is := got.(float64)
			ok = is && also && v == n
		case agent.TypeTexts:
			s, also := f.Texts(i)
			v, is := got.([]string)
			ok = is && also && strings.Join(v, " ") == strings.Join(s, " ")
		}
		if !known || !ok || info.Doc == "" {
			t.Errorf("%s (%v): got %v (%T), known %t", info.Name, info.Type, got, got, known)
		}
	}
	if got, known := f.Lookup("no.such.fact"); known {
		t.Errorf("no.such.fact: got %v, want it unknown", got)
	}
}

func TestFold_OtherPlan(t *testing.T) {
	f := factsOf(t, []string{"a"}, span{id: 1})
	other := agent.NewPlan([]string{"b"})
	defer func() {
		if recover() == nil {
			t.Error("folding with another plan did not panic")
		}
	}()
	fold(t, other, f, request(t, span{id: 2}), nil)
}

// TestFacts_Bytes holds an ordinary trace to its budget.
func TestFacts_Bytes(t *testing.T) {
	f := factsOf(t, nil, turn("conv-12341234-1234-1234-1234-123412341234")...)
	if got := f.Bytes(); got > 4900 {
		t.Errorf("facts of a trace of 45 spans: got %d bytes, want at most 4900", got)
	}
	f = factsOf(t, []string{"retrieval.top_score"}, turn("conv-1")...)
	if got := f.Bytes(); got > 5500 {
		t.Errorf("facts with one gathered key: got %d bytes, want at most 5500", got)
	}
}

// TestFold_Allocations folds a trace into pooled facts over and over: only what no other trace has is copied.
func TestFold_Allocations(t *testing.T) {
	plan := agent.NewPlan([]string{"retrieval.top_score", "gen_ai.tool.name"})
	body := request(t, turn("conv-1")...)
	var x otlp.Index
	if err := x.Walk(body, plan.Keys()); err != nil {
		t.Fatal(err)
	}
	var f agent.Facts
	var in agent.Interner
	run := func() {
		f.Reset()
		for i := range x.Spans {
			plan.Fold(&f, &x, body, i, &in)
		}
	}
	run()
	const ids = 2 // the session's and the user's
	if got := testing.AllocsPerRun(100, run); got > ids {
		t.Errorf("fold %d spans: got %v allocations, want %d", len(x.Spans), got, ids)
	}
}

func BenchmarkFoldTurn(b *testing.B) {
	plan := agent.NewPlan([]string{"retrieval.top_score"})
	body := request(b, turn("conv-1")...)
	var x otlp.Index
	if err := x.Walk(body, plan.Keys()); err != nil {
		b.Fatal(err)
	}
	var f agent.Facts
	var in agent.Interner
	b.ReportAllocs()
	for b.Loop() {
		f.Reset()
		for i := range x.Spans {
			plan.Fold(&f, &x, body, i, &in)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x.Spans)), "ns/span")
}

// BenchmarkFinish finds out what depends on the tree of a trace, with prices, and asks for every fact as a ledger row
// does.
func BenchmarkFinish(b *testing.B) {
	plan := agent.NewPlan(nil)
	body := request(b, turn("conv-1")...)
	var x otlp.Index
	if err := x.Walk(body, plan.Keys()); err != nil {
		b.Fatal(err)
	}
	var f agent.Facts
	var in agent.Interner
	for i := range x.Spans {
		plan.Fold(&f, &x, body, i, &in)
	}
	row := f.AppendJSON(nil)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		f.Actions(func(*agent.Action) bool { n++; return true })
		row = f.AppendJSON(row[:0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x.Spans)), "ns/span")
}

// BenchmarkFoldPayload folds one call with ever more content: what it costs must not grow with it.
func BenchmarkFoldPayload(b *testing.B) {
	plan := agent.NewPlan(nil)
	for _, size := range []int{1 << 10, 16 << 10, 256 << 10, 4 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			text := strings.Repeat("a word ", size/7)
			body := request(b, span{id: 1, attrs: chat("gpt-4o", input, 7, "gen_ai.response.finish_reasons", "stop",
				"gen_ai.input.messages", `[{"role":"user","content":"`+text+`"}]`, "gen_ai.output.messages", `[{"content":"`+text+`"}]`,
				"llm.invocation_parameters", `{"prompt":"`+text+`"}`, "gen_ai.tool.definitions", `[{"description":"`+text+`"}]`)})
			var x otlp.Index
			if err := x.Walk(body, plan.Keys()); err != nil {
				b.Fatal(err)
			}
			var f agent.Facts
			b.ReportAllocs()
			for b.Loop() {
				f.Reset()
				plan.Fold(&f, &x, body, 0, nil)
			}
		})
	}
}
