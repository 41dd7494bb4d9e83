package routing

import (
	"sync"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlmetric"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
)

var metrics = signal[pmetric.Metrics, consumer.Metrics]{
	newBatch:  pmetric.NewMetrics,
	resourceN: func(md pmetric.Metrics) int { return md.ResourceMetrics().Len() },
	moveAll:   moveMetrics,
	consume:   consumer.Metrics.ConsumeMetrics,
	rules: map[string]ruleMaker[pmetric.Metrics]{
		contextRequest:   takingAll(moveMetrics, pmetric.Metrics.CopyTo),
		contextResource:  taking(parseResource, takeResourceMetrics),
		contextMetric:    taking(parseMetric, takeMetrics),
		contextDataPoint: taking(parseDataPoint, takeDataPoints),
	},
}

func moveMetrics(from, to pmetric.Metrics) {
	from.ResourceMetrics().MoveAndAppendTo(to.ResourceMetrics())
}

func takeResourceMetrics(from, to pmetric.Metrics, moves bool, matches func(*ottlresource.TransformContext) bool) {
	sift(from.ResourceMetrics(), to.ResourceMetrics, moves, func(rm pmetric.ResourceMetrics) bool {
		return matches(ottlresource.NewTransformContext(rm.Resource(), rm))
	})
}

// takeMetrics gives each resource and scope of a taken metric once to the other batch.
func takeMetrics(from, to pmetric.Metrics, moves bool, matches func(*ottlmetric.TransformContext) bool) {
	eachScope(from, to, moves, func(rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, scope func() pmetric.ScopeMetrics) bool {
		taken := func() pmetric.MetricSlice { return scope().Metrics() }
		return sift(sm.Metrics(), taken, moves, func(m pmetric.Metric) bool {
			return matches(ottlmetric.NewTransformContext(rm, sm, m))
		})
	})
}

// eachScope calls visit for each scope; it is given what makes, once, the same scope in the other batch, and reports
// whether a move has left its scope empty. Resources and scopes that are empty then are removed.
func eachScope(
	from, to pmetric.Metrics, moves bool,
	visit func(pmetric.ResourceMetrics, pmetric.ScopeMetrics, func() pmetric.ScopeMetrics) bool,
) {
	from.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		resource := sync.OnceValue(func() pmetric.ResourceMetrics {
			taken := to.ResourceMetrics().AppendEmpty()
			rm.Resource().CopyTo(taken.Resource())
			taken.SetSchemaUrl(rm.SchemaUrl())
			return taken
		})
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			return visit(rm, sm, sync.OnceValue(func() pmetric.ScopeMetrics {
				taken := resource().ScopeMetrics().AppendEmpty()
				sm.Scope().CopyTo(taken.Scope())
				taken.SetSchemaUrl(sm.SchemaUrl())
				return taken
			}))
		})
		return moves && rm.ScopeMetrics().Len() == 0
	})
}
