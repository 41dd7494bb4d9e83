package oracle

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// tenPolicies is a list as people write it; no trace of the benchmark is sampled by any.
const tenPolicies = `num_traces: 1000000
policies:
- {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
- {name: slow, type: latency, latency: {threshold_ms: 5000}}
- {name: server-errors, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500, max_value: 599}}
- {name: checkout, type: string_attribute, string_attribute: {key: service.name, values: [checkout, payment]}}
- {name: routes, type: string_attribute, string_attribute: {key: http.route, values: ['^/admin', '/internal/.*'], enabled_regex_matching: true}}
- {name: forced, type: boolean_attribute, boolean_attribute: {key: force_sample, value: true}}
- {name: large, type: span_count, span_count: {min_spans: 100}}
- {name: upstream, type: trace_state, trace_state: {key: vendor, values: [keep]}}
- {name: both, type: and, and: {and_sub_policy: [{name: a, type: string_attribute, string_attribute: {key: tier, values: [gold]}}, {name: b, type: latency, latency: {threshold_ms: 100}}]}}
- {name: baseline, type: probabilistic, probabilistic: {sampling_percentage: 0.0001}}
`

const twoConditions = `
- {name: condition, type: ottl_condition, ottl_condition: {span: ['attributes["http.response.status_code"] >= 500 and kind == SPAN_KIND_SERVER']}}
- {name: another, type: ottl_condition, ottl_condition: {span: ['name == "never" or resource.attributes["service.name"] == "audit"']}}
`

// smallRequests makes requests of small spans, ten spans a trace, ten traces a request.
func smallRequests(b *testing.B, n int) (bodies [][]byte, spansN int) {
	b.Helper()
	for r := range n {
		all := ptrace.NewTraces()
		rs := all.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "frontend")
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for i := range 100 {
			s := spans.AppendEmpty()
			s.SetTraceID(pcommon.TraceID{1, byte(r >> 8), byte(r), byte(i / 10)})
			s.SetSpanID(pcommon.SpanID{1, byte(i)})
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
			spansN++
		}
		body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(all)
		if err != nil {
			b.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies, spansN
}

// cpu is the processor time that this process has used. The clock on the wall would count what others do.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPolicies compares what policies cost: the processor takes requests in decoded, as its receivers hand them over
// (decoding is not counted), holds and decides them; ours are walked, folded and decided.
func BenchmarkPolicies(b *testing.B) {
	for name, text := range map[string]string{"policies=10": tenPolicies, "policies=12/ottl=2": tenPolicies + twoConditions} {
		b.Run(name+"/processor", func(b *testing.B) {
			bodies, spansN := smallRequests(b, 300)
			var used time.Duration
			for b.Loop() {
				upstream, err := startProcessor(asMap(b, []byte(text)))
				if err != nil {
					b.Fatal(err)
				}
				decoded := make([]ptrace.Traces, len(bodies))
				for i, body := range bodies {
					decoded[i], _ = (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
				}
				before := cpu(b)
				for _, traces := range decoded {
					if err := upstream.processor.ConsumeTraces(b.Context(), traces); err != nil {
						b.Fatal(err)
					}
				}
				upstream.finish(b)
				used += cpu(b) - before
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*spansN), "cpu-ns/span")
		})
		b.Run(name+"/ours", func(b *testing.B) {
			bodies, spansN := smallRequests(b, 300)
			var used time.Duration
			for b.Loop() {
				o, _ := read(b, []byte(text), false)
				before := cpu(b)
				for _, body := range bodies {
					o.consume(b, body)
				}
				for _, id := range o.order {
					o.decide(b, id, time.Time{})
				}
				used += cpu(b) - before
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*spansN), "cpu-ns/span")
		})
	}
}
