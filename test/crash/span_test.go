//go:build e2e

package crash

import (
	"strings"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/test/harness"
)

// spanKey names a span.
type spanKey struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
}

// sentSpan is what must come out of a span that went in.
type sentSpan struct {
	// sum is over the span with its resource and scope as they were written, but for what tailwise adds to a span and
	// for its session, which stands beside it: a span without one gets the trace's.
	sum     uint64
	session string
}

// eachSpan calls fn for every span of a request, received or sent, with the span's attributes as they are.
func eachSpan(td ptrace.Traces, fn func(spanKey, sentSpan, pcommon.Map)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				fn(spanKey{span.TraceID(), span.SpanID()}, essence(rs, ss, span), span.Attributes())
			}
		}
	}
}

func essence(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) sentSpan {
	one := ptrace.NewTraces()
	rs1 := one.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(rs1.Resource())
	rs1.SetSchemaUrl(rs.SchemaUrl())
	ss1 := rs1.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(ss1.Scope())
	ss1.SetSchemaUrl(ss.SchemaUrl())
	plain := ss1.Spans().AppendEmpty()
	span.CopyTo(plain)
	var session string
	plain.Attributes().RemoveIf(func(k string, v pcommon.Value) bool {
		if k == sessionKey {
			session = v.Str()
		}
		return k == sessionKey || strings.HasPrefix(k, harness.Prefix)
	})
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(one)
	if err != nil {
		panic(err) // pdata marshals what pdata holds
	}
	return sentSpan{sum: xxhash.Sum64(body), session: session}
}
