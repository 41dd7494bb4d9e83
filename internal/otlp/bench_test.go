package otlp

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// benchKeys are eight keys such as dialects ask for; agentSpan writes six of them, smallSpan one.
var benchKeys = []string{
	"gen_ai.operation.name", "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
	"gen_ai.conversation.id", "session.id", "http.response.status_code", "error.type",
}

const benchSpans = 512 // in a body, as the SDKs batch

// agentSpan writes a span of a model call: twenty attributes, of which two hold a conversation of 2.9 KB.
func agentSpan(s ptrace.Span, i int) {
	a := s.Attributes()
	for j, key := range []string{"gen_ai.provider.name", "gen_ai.agent.name", "gen_ai.agent.id", "gen_ai.response.id",
		"gen_ai.response.model", "gen_ai.output.type", "server.address", "gen_ai.tool.name", "thread.name"} {
		a.PutStr(key, fmt.Sprintf("value-%d-%d", i, j))
	}
	a.PutStr("gen_ai.operation.name", "chat")
	a.PutStr("gen_ai.request.model", "gpt-4o-mini")
	a.PutStr("gen_ai.conversation.id", fmt.Sprintf("conv_%08d", i/45))
	a.PutStr("session.id", fmt.Sprintf("session-%08d", i/45))
	a.PutInt("gen_ai.usage.input_tokens", int64(i*37))
	a.PutInt("gen_ai.usage.output_tokens", int64(i*3))
	a.PutInt("server.port", 443)
	a.PutDouble("gen_ai.request.temperature", 0.7)
	a.PutBool("gen_ai.request.stream", true)
	a.PutStr("gen_ai.input.messages", strings.Repeat("What does the refund policy say? ", 75))
	a.PutStr("gen_ai.output.messages", strings.Repeat("It says that you may. ", 15))
}

// smallSpan writes a span of a service call: five attributes, 280 bytes in all.
func smallSpan(s ptrace.Span, i int) {
	a := s.Attributes()
	a.PutStr("http.request.method", "GET")
	a.PutStr("url.path", fmt.Sprintf("/api/v1/customers/%d/orders/recent", i))
	a.PutStr("server.address", "orders.shop.svc.cluster.local")
	a.PutInt("http.response.status_code", 200)
	a.PutStr("network.protocol.version", "1.1")
}

// benchBody makes a request of benchSpans spans, 45 to a trace, and returns the mean size of a span.
func benchBody(b *testing.B, write func(s ptrace.Span, i int)) (body []byte, spanBytes int) {
	b.Helper()
	traces := ptrace.NewTraces()
	rs := traces.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "support-agent")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range benchSpans {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i / 45)})
		s.SetSpanID(pcommon.SpanID{2, byte(i), byte(i >> 8)})
		s.SetParentSpanID(pcommon.SpanID{2, byte(i / 45)})
		s.SetName("chat gpt-4o-mini")
		s.SetKind(ptrace.SpanKindClient)
		s.SetFlags(257)
		s.SetStartTimestamp(pcommon.Timestamp(1_700_000_000_000_000_000 + i))
		s.SetEndTimestamp(pcommon.Timestamp(1_700_000_001_000_000_000 + i))
		s.Status().SetCode(ptrace.StatusCodeOk)
		write(s, i)
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	return body, len(body) / benchSpans
}

// benchBoth runs one reader over agent-sized and over small spans.
func benchBoth(b *testing.B, read func(b *testing.B, body []byte)) {
	for _, size := range []struct {
		name  string
		write func(ptrace.Span, int)
	}{{"agent", agentSpan}, {"small", smallSpan}} {
		b.Run(size.name, func(b *testing.B) {
			body, spanBytes := benchBody(b, size.write)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				read(b, body)
			}
			spans := float64(b.N) * benchSpans
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/spans, "ns/span")
			b.ReportMetric(spans/b.Elapsed().Seconds(), "spans/s")
			b.ReportMetric(float64(spanBytes), "B/span")
		})
	}
}

func BenchmarkWalk(b *testing.B) {
	keys := NewKeys(benchKeys)
	var x Index
	benchBoth(b, func(b *testing.B, body []byte) {
		if err := x.Walk(body, keys); err != nil || len(x.Spans) != benchSpans {
			b.Fatalf("%d spans, %v", len(x.Spans), err)
		}
	})
}

// BenchmarkWalkPdata is the peer: what a Collector does with the same bytes before it can look at them.
func BenchmarkWalkPdata(b *testing.B) {
	benchBoth(b, func(b *testing.B, body []byte) {
		request := ptraceotlp.NewExportRequest()
		if err := request.UnmarshalProto(body); err != nil || request.Traces().SpanCount() != benchSpans {
			b.Fatalf("%d spans, %v", request.Traces().SpanCount(), err)
		}
	})
}

func BenchmarkAppendRequest(b *testing.B) {
	benchBoth(b, benchAppend())
}

// benchAppend puts each body together again; the index is made in the first round.
func benchAppend() func(b *testing.B, body []byte) {
	var of, dst []byte
	var all []Group
	return func(b *testing.B, body []byte) {
		if len(of) == 0 || &of[0] != &body[0] {
			var x Index
			if err := x.Walk(body, nil); err != nil {
				b.Fatal(err)
			}
			of, all = body, groups(&x, body)
		}
		dst = AppendRequest(dst[:0], all)
	}
}

func BenchmarkKeysFind(b *testing.B) {
	keys := NewKeys(benchKeys)
	for _, key := range []string{"gen_ai.usage.output_tokens", "gen_ai.output.messages"} {
		b.Run(key, func(b *testing.B) {
			b.ReportAllocs()
			wire := []byte(key)
			for b.Loop() {
				keys.Find(wire)
			}
		})
	}
}
