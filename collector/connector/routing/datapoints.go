package routing

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
)

// takeDataPoints gives each resource, scope and metric of a taken point once to the other batch. A move removes metrics
// in which no point is left; metrics without a type have no points and stay.
func takeDataPoints(from, to pmetric.Metrics, moves bool, matches func(*ottldatapoint.TransformContext) bool) {
	eachScope(from, to, moves, func(rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, scope func() pmetric.ScopeMetrics) bool {
		sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
			metric := sync.OnceValue(func() pmetric.Metric { return addLike(m, scope().Metrics()) })
			return siftPoints(m, metric, moves, func(point any) bool {
				return matches(ottldatapoint.NewTransformContext(rm, sm, m, point))
			})
		})
		return moves && sm.Metrics().Len() == 0
	})
}

// siftPoints is sift over the points of whatever type the metric has.
func siftPoints(m pmetric.Metric, to func() pmetric.Metric, moves bool, matches func(any) bool) bool {
	number := func(p pmetric.NumberDataPoint) bool { return matches(p) }
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		points := func() pmetric.NumberDataPointSlice { return to().Gauge().DataPoints() }
		return sift(m.Gauge().DataPoints(), points, moves, number)
	case pmetric.MetricTypeSum:
		points := func() pmetric.NumberDataPointSlice { return to().Sum().DataPoints() }
		return sift(m.Sum().DataPoints(), points, moves, number)
	case pmetric.MetricTypeHistogram:
		points := func() pmetric.HistogramDataPointSlice { return to().Histogram().DataPoints() }
		return sift(m.Histogram().DataPoints(), points, moves,
			func(p pmetric.HistogramDataPoint) bool { return matches(p) })
	case pmetric.MetricTypeExponentialHistogram:
		points := func() pmetric.ExponentialHistogramDataPointSlice { return to().ExponentialHistogram().DataPoints() }
		return sift(m.ExponentialHistogram().DataPoints(), points, moves,
			func(p pmetric.ExponentialHistogramDataPoint) bool { return matches(p) })
	case pmetric.MetricTypeSummary:
		points := func() pmetric.SummaryDataPointSlice { return to().Summary().DataPoints() }
		return sift(m.Summary().DataPoints(), points, moves,
			func(p pmetric.SummaryDataPoint) bool { return matches(p) })
	default:
		return false
	}
}

// addLike appends a metric that is like m but for its points, of which it has none.
func addLike(m pmetric.Metric, to pmetric.MetricSlice) pmetric.Metric {
	like := to.AppendEmpty()
	like.SetName(m.Name())
	like.SetDescription(m.Description())
	like.SetUnit(m.Unit())
	m.Metadata().CopyTo(like.Metadata())
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		like.SetEmptyGauge()
	case pmetric.MetricTypeSum:
		like.SetEmptySum().SetIsMonotonic(m.Sum().IsMonotonic())
		like.Sum().SetAggregationTemporality(m.Sum().AggregationTemporality())
	case pmetric.MetricTypeHistogram:
		like.SetEmptyHistogram().SetAggregationTemporality(m.Histogram().AggregationTemporality())
	case pmetric.MetricTypeExponentialHistogram:
		like.SetEmptyExponentialHistogram().SetAggregationTemporality(m.ExponentialHistogram().AggregationTemporality())
	case pmetric.MetricTypeSummary:
		like.SetEmptySummary()
	}
	return like
}
