package routing

import (
	"sync"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
)

var traces = signal[ptrace.Traces, consumer.Traces]{
	newBatch:  ptrace.NewTraces,
	resourceN: func(td ptrace.Traces) int { return td.ResourceSpans().Len() },
	moveAll:   moveTraces,
	consume:   consumer.Traces.ConsumeTraces,
	rules: map[string]ruleMaker[ptrace.Traces]{
		contextRequest:  takingAll(moveTraces, ptrace.Traces.CopyTo),
		contextResource: taking(parseResource, takeResourceSpans),
		contextSpan:     taking(parseSpan, takeSpans),
	},
}

func moveTraces(from, to ptrace.Traces) { from.ResourceSpans().MoveAndAppendTo(to.ResourceSpans()) }

func takeResourceSpans(from, to ptrace.Traces, moves bool, matches func(*ottlresource.TransformContext) bool) {
	sift(from.ResourceSpans(), to.ResourceSpans, moves, func(rs ptrace.ResourceSpans) bool {
		return matches(ottlresource.NewTransformContext(rs.Resource(), rs))
	})
}

// takeSpans gives each resource and scope of a taken span once to the other batch. A move removes the resources and
// scopes in which no span is left.
func takeSpans(from, to ptrace.Traces, moves bool, matches func(*ottlspan.TransformContext) bool) {
	from.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		resource := sync.OnceValue(func() ptrace.ResourceSpans {
			taken := to.ResourceSpans().AppendEmpty()
			rs.Resource().CopyTo(taken.Resource())
			taken.SetSchemaUrl(rs.SchemaUrl())
			return taken
		})
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			scope := sync.OnceValue(func() ptrace.ScopeSpans {
				taken := resource().ScopeSpans().AppendEmpty()
				ss.Scope().CopyTo(taken.Scope())
				taken.SetSchemaUrl(ss.SchemaUrl())
				return taken
			})
			spans := func() ptrace.SpanSlice { return scope().Spans() }
			return sift(ss.Spans(), spans, moves, func(s ptrace.Span) bool {
				return matches(ottlspan.NewTransformContext(rs, ss, s))
			})
		})
		return moves && rs.ScopeSpans().Len() == 0
	})
}
