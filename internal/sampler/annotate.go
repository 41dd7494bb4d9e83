package sampler

import (
	"encoding/json"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Attributes that exported spans carry. The first three stand on every span, the others on the root, or where the
// export has none on the local root that started first.
const (
	attrRetention     = "tailwise.retention"
	attrReason        = "tailwise.reason" // names of the rules that kept the trace, comma-separated
	attrSession       = "session.id"      // only where the span has none
	attrPolicyVersion = "tailwise.policy_version"
	attrProbability   = "tailwise.probability"
	attrSignalPrefix  = "tailwise." // followed by the fact's name
)

// signals are the facts that become attributes of the root, under attrSignalPrefix and their name.
type signals struct {
	Errors       *int64 `json:"errors"`
	Spans        *int64 `json:"spans"`
	LLMCalls     *int64 `json:"llm.calls"`
	ToolCalls    *int64 `json:"tool.calls"`
	TokensInput  *int64 `json:"tokens.input"`
	TokensOutput *int64 `json:"tokens.output"`
	TokensTotal  *int64 `json:"tokens.total"`
}

// annotate adds to a kept trace's spans why they are here. The root gets its signals once: first says that no part of the
// trace was exported before, whole that traces holds all there is of it now.
func annotate(traces ptrace.Traces, d *decision, first, whole bool) {
	reason := strings.Join(d.rules, ",")
	eachSpan(traces, func(span ptrace.Span) {
		attrs := span.Attributes()
		_, hasSession := attrs.Get(attrSession)
		attrs.EnsureCapacity(attrs.Len() + 3)
		attrs.PutStr(attrRetention, d.retention)
		attrs.PutStr(attrReason, reason)
		if !hasSession && d.session != "" {
			attrs.PutStr(attrSession, d.session)
		}
		if d.threshold != "" {
			markChance(span.TraceState(), d)
		}
	})
	if !first {
		return
	}
	if root, ok := rootOf(traces); ok && (whole || root.ParentSpanID().IsEmpty()) {
		root.Attributes().PutStr(attrPolicyVersion, d.policyVersion)
		root.Attributes().PutDouble(attrProbability, d.probability)
		putSignals(root.Attributes(), d.facts)
	}
}

// rootOf returns the root that started first, or, where no span is without parent, the first of those whose parent is
// not among traces.
func rootOf(traces ptrace.Traces) (root ptrace.Span, found bool) {
	earliest := func(is func(ptrace.Span) bool) {
		eachSpan(traces, func(span ptrace.Span) {
			if is(span) && (!found || span.StartTimestamp() < root.StartTimestamp()) {
				root, found = span, true
			}
		})
	}
	if earliest(func(span ptrace.Span) bool { return span.ParentSpanID().IsEmpty() }); found {
		return root, true
	}
	ids := make(map[pcommon.SpanID]struct{}, traces.SpanCount())
	eachSpan(traces, func(span ptrace.Span) { ids[span.SpanID()] = struct{}{} })
	earliest(func(span ptrace.Span) bool {
		_, has := ids[span.ParentSpanID()]
		return !has
	})
	return root, found
}

func eachSpan(traces ptrace.Traces, do func(ptrace.Span)) {
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				do(span)
			}
		}
	}
}

// putSignals copies the facts that are worth an attribute.
func putSignals(attrs pcommon.Map, facts []byte) {
	var s signals
	if json.Unmarshal(facts, &s) != nil {
		return // facts that cannot be read add nothing; the ledger has the same bytes
	}
	for name, value := range map[string]*int64{
		"errors": s.Errors, "spans": s.Spans, "llm.calls": s.LLMCalls, "tool.calls": s.ToolCalls,
		"tokens.input": s.TokensInput, "tokens.output": s.TokensOutput, "tokens.total": s.TokensTotal,
	} {
		if value != nil {
			attrs.PutInt(attrSignalPrefix+name, *value)
		}
	}
}

// markChance writes the sampling threshold into a span's tracestate, and the randomness where it did not come with the
// trace (OpenTelemetry's probability sampling: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/).
// A stricter threshold that is there already stays. A tracestate that cannot be parsed stays as it is.
func markChance(state pcommon.TraceState, d *decision) {
	w3c, err := sampling.NewW3CTraceState(state.AsRaw())
	if err != nil {
		return
	}
	otel := w3c.OTelValue()
	if d.randomness != "" && otel.RValue() == "" {
		if r, err := sampling.RValueToRandomness(d.randomness); err == nil {
			otel.SetRValue(r)
		}
	}
	if threshold, err := sampling.TValueToThreshold(d.threshold); err == nil {
		_ = otel.UpdateTValueWithSampling(threshold) // it fails where a stricter one is there, which stays
	}
	var out strings.Builder
	if w3c.Serialize(&out) == nil {
		state.FromRaw(out.String())
	}
}
