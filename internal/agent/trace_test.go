package agent_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
)

const second = 1_000_000_000

// attrs is what stands on a span, an event, a scope or a resource.
type attrs map[string]any

// span is one span as a test writes it. Its id is its number; parent 0 makes it a root.
type span struct {
	id, parent uint64
	name       string
	start, end float64 // seconds
	status     ptrace.StatusCode
	attrs      attrs
	event      attrs
	scope      attrs
	scopeName  string
	resource   attrs
}

// put writes attributes into a map of pdata's.
func put(t testing.TB, into pcommon.Map, from attrs) {
	t.Helper()
	if err := into.FromRaw(from); err != nil {
		t.Fatalf("write attributes: %v", err)
	}
}

// request encodes spans as one OTLP request, each with a resource of its own.
func request(t testing.TB, spans ...span) []byte {
	t.Helper()
	traces := ptrace.NewTraces()
	for _, s := range spans {
		resource := traces.ResourceSpans().AppendEmpty()
		put(t, resource.Resource().Attributes(), s.resource)
		scope := resource.ScopeSpans().AppendEmpty()
		put(t, scope.Scope().Attributes(), s.scope)
		scope.Scope().SetName(s.scopeName)
		out := scope.Spans().AppendEmpty()
		out.SetTraceID(pcommon.TraceID{1})
		out.SetSpanID(spanID(s.id))
		out.SetParentSpanID(spanID(s.parent))
		out.SetName(s.name)
		out.SetStartTimestamp(pcommon.Timestamp(s.start * second))
		out.SetEndTimestamp(pcommon.Timestamp(s.end * second))
		out.Status().SetCode(s.status)
		put(t, out.Attributes(), s.attrs)
		if s.event != nil {
			put(t, out.Events().AppendEmpty().Attributes(), s.event)
		}
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatalf("encode the spans: %v", err)
	}
	return body
}

func spanID(id uint64) (out pcommon.SpanID) {
	binary.BigEndian.PutUint64(out[:], id)
	return out
}

// fold folds a request into f.
func fold(t testing.TB, p *agent.Plan, f *agent.Facts, body []byte, in *agent.Interner) {
	t.Helper()
	var x otlp.Index
	if err := x.Walk(body, p.Keys()); err != nil {
		t.Fatalf("walk the request: %v", err)
	}
	for i := range x.Spans {
		p.Fold(f, &x, body, i, in)
	}
}

// factsOf folds spans with a plan that gathers keys.
func factsOf(t testing.TB, keys []string, spans ...span) *agent.Facts {
	t.Helper()
	var f agent.Facts
	fold(t, agent.NewPlan(keys), &f, request(t, spans...), new(agent.Interner))
	return &f
}

// turn is an ordinary turn of an agent: a root, model calls, tools, 45 spans of two services.
func turn(session string) []span {
	agents := attrs{"service.name": "agents", "deployment.environment.name": "prod"}
	tools := attrs{"service.name": "tools", "deployment.environment.name": "prod"}
	spans := []span{{
		id: 1, name: "invoke_agent support", start: 100, end: 130, resource: agents,
		attrs: attrs{
			"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support",
			"gen_ai.conversation.id": session, "user.id": "user-17", "tenant.id": "acme",
			"gen_ai.usage.input_tokens": 99_999,
		},
	}}
	for i := uint64(2); i <= 45; i++ {
		s := span{id: i, parent: 1, start: 100 + float64(i)/2, end: 100.4 + float64(i)/2}
		if i%2 == 0 {
			s.name, s.resource = "chat gpt-4o", agents
			s.attrs = attrs{
				"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.conversation.id": session,
				"gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50,
			}
		} else {
			s.name, s.resource = "execute_tool search", tools
			s.attrs = attrs{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "retrieval.top_score": 0.5 + float64(i)/100}
		}
		spans = append(spans, s)
	}
	return spans
}

// pickOne returns one of list.
func pickOne[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// anySpan makes a span that collides with others in every way that facts could care about.
func anySpan(r *rand.Rand) span {
	maybe := func(to attrs, key string, values ...any) {
		if r.IntN(3) == 0 {
			to[key] = pickOne(r, values...)
		}
	}
	own, event, scope, resource := attrs{}, attrs{}, attrs{}, attrs{}
	maybe(own, "gen_ai.operation.name", "chat", "chat", "execute_tool", "execute_tool", "invoke_agent", "embeddings", "fetch_response", "agent_step", "made_up", "retrieval")
	maybe(own, "openinference.span.kind", "LLM", "TOOL", "AGENT", "CHAIN", "GUARDRAIL", "RETRIEVER", "odd")
	maybe(own, "gen_ai.usage.input_tokens", 10, "12", 1e12, -4, "many", 3.5)
	maybe(own, "gen_ai.usage.prompt_tokens", 7, "9")
	maybe(own, "gen_ai.usage.output_tokens", 1, "2")
	maybe(own, "gen_ai.usage.cache_read.input_tokens", 5, 20)
	maybe(own, "gen_ai.usage.cost", 0.25, "1e-9", -1)
	maybe(own, "gen_ai.request.model", "gpt-4o", "b", "c")
	maybe(own, "gen_ai.response.model", "a-1", "gpt-4o-mini")
	maybe(own, "gen_ai.response.id", "r1", "r2")
	maybe(own, "gen_ai.tool.name", "search", "buy")
	maybe(own, "gen_ai.tool.call.arguments", `{"q":1}`, `{"q":2}`, `{"p":"x"}`, "no json")
	maybe(own, "gen_ai.response.finish_reasons", "stop", "length", []any{"refusal"})
	maybe(own, "error.type", "timeout", "E")
	maybe(own, "http.request.method", "POST")
	maybe(own, "gen_ai.system_instructions", "be kind", "be brief")
	maybe(own, "http.request.resend_count", 1)
	maybe(own, "retrieval.documents.0.document.score", 0.5, 0.25)
	maybe(own, "gen_ai.agent.name", "support", "helper")
	for _, place := range []attrs{own, scope, resource} {
		maybe(place, "session.id", "s1", "s2", "default", "", 42)
		maybe(place, "user.id", "u1", "u2", 7)
		maybe(place, "tenant.id", "t1", "t2")
		maybe(place, "score", 0.1, 0.2, 1e300, -1e300, "0.3", "bad", true, []any{1, "x", 0.7})
	}
	maybe(event, "score", 0.1, 0.25)
	maybe(event, "exception.type", "ReadTimeout", "E")
	maybe(resource, "service.name", "agents", "tools", "gateway")
	maybe(resource, "deployment.environment", "prod", "test")
	maybe(own, "noise", r.IntN(100))
	return span{
		id: uint64(r.IntN(12) + 1), parent: uint64(r.IntN(14)), name: pickOne(r, "run", "walk", "turn", ""),
		start: pickOne(r, 0.0, 1, 2, 3.5, 5), end: pickOne(r, 0.0, 1, 3, 6, 9), status: ptrace.StatusCode(r.IntN(3)),
		attrs: own, event: event, scope: scope, resource: resource,
		scopeName: pickOne(r, "", "", "ai", "langsmith", "openlit.x", "logfire", "com.anthropic.claude_code.tracing"),
	}
}
