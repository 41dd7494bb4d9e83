package tailsampling

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/otlp"
)

// tenPolicies is a list as people write it, of the processor's common types.
const tenPolicies = `
- {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
- {name: slow, type: latency, latency: {threshold_ms: 5000}}
- {name: server-errors, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500, max_value: 599}}
- {name: checkout, type: string_attribute, string_attribute: {key: service.name, values: [checkout, payment]}}
- {name: routes, type: string_attribute, string_attribute: {key: http.route, values: ['^/admin', '/internal/.*'], enabled_regex_matching: true}}
- {name: forced, type: boolean_attribute, boolean_attribute: {key: force_sample, value: true}}
- {name: large, type: span_count, span_count: {min_spans: 100}}
- {name: upstream, type: trace_state, trace_state: {key: vendor, values: [keep]}}
- {name: both, type: and, and: {and_sub_policy: [{name: a, type: string_attribute, string_attribute: {key: tier, values: [gold]}}, {name: b, type: latency, latency: {threshold_ms: 100}}]}}
- {name: baseline, type: probabilistic, probabilistic: {sampling_percentage: 1}}
`

// twoConditions are two more that can be told from the wire.
const twoConditions = `
- {name: condition, type: ottl_condition, ottl_condition: {span: ['attributes["http.response.status_code"] >= 500 and kind == SPAN_KIND_SERVER']}}
- {name: another, type: ottl_condition, ottl_condition: {span: ['name == "never" or resource.attributes["service.name"] == "audit"']}}
`

// smallSpans is a request of one trace of ordinary spans, none of which any of the policies wants.
func smallSpans(n int) ptrace.Traces {
	all := ptrace.NewTraces()
	rs := all.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "frontend")
	rs.Resource().Attributes().PutStr("host.name", "host-17")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := spans.AppendEmpty()
		s.SetTraceID(someID)
		s.SetSpanID(pcommon.SpanID{1, byte(i >> 8), byte(i)})
		s.SetName("GET /api/items")
		s.SetStartTimestamp(pcommon.Timestamp(1e18 + i*1e6))
		s.SetEndTimestamp(pcommon.Timestamp(1e18 + i*1e6 + 5e5))
		s.SetKind(ptrace.SpanKindServer)
		a := s.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("http.route", "/api/items")
		a.PutInt("http.response.status_code", 200)
		a.PutStr("url.path", fmt.Sprintf("/api/items/%d", i))
		a.PutStr("tier", "free")
		a.PutStr("user_agent.original", "curl/8")
	}
	return all
}

func BenchmarkFold(b *testing.B) {
	for name, text := range map[string]string{"policies=10": tenPolicies, "policies=12/ottl=2": tenPolicies + twoConditions} {
		b.Run(name, func(b *testing.B) {
			const spansN = 50
			set := compile(b, text)
			body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(smallSpans(spansN))
			if err != nil {
				b.Fatal(err)
			}
			keys := otlp.NewKeys(set.Keys())
			plan, fold, st := set.Bind(keys), new(Fold), set.NewState(nil)
			var x otlp.Index
			if err := x.Walk(body, keys); err != nil {
				b.Fatal(err)
			}
			in := Input{TraceID: someID, Fold: fold}
			b.ReportAllocs()
			for b.Loop() {
				fold.Reset()
				for i := range x.Spans {
					plan.Fold(fold, &x, body, i, 1)
				}
				if out := set.Decide(&in, st, noon); out.Decision != NotSampled {
					b.Fatalf("got %+v, want not sampled", out)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*spansN), "ns/span")
		})
	}
}
