package routing

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// The tests write batches as trees: acme(http(get put:17) db(query)) globex(http(get)) is two resources, three scopes
// and four spans or records, one of them with the number 17. Metrics have a level more: acme(http(sum.bytes(x y))) is two
// points of a sum. A name is the attribute "name" of what bears it; the number is a span's attribute "n", a record's
// severity or a point's value.
type node struct {
	name string
	n    int64
	kids []node
}

func parseTree(t testing.TB, text string) []node {
	t.Helper()
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
	nodes, rest := parseNodes(t, words)
	if len(rest) > 0 {
		t.Fatalf("batch %q: got %q after its end", text, rest)
	}
	return nodes
}

func parseNodes(t testing.TB, words []string) (nodes []node, rest []string) {
	t.Helper()
	for len(words) > 0 && words[0] != ")" {
		if words[0] == "(" {
			last := &nodes[len(nodes)-1]
			if last.kids, words = parseNodes(t, words[1:]); len(words) == 0 {
				t.Fatalf("batch: %s( is not closed", last.name)
			}
			words = words[1:]
			continue
		}
		name, number, _ := strings.Cut(words[0], ":")
		n, _ := strconv.ParseInt(number, 10, 64)
		nodes, words = append(nodes, node{name: name, n: n}), words[1:]
	}
	return nodes, words
}

// written renders one node: its name, its number and what is in it.
func written(name string, n int64, kids []string) string {
	if n != 0 {
		name = fmt.Sprintf("%s:%d", name, n)
	}
	if kids != nil {
		name += "(" + strings.Join(kids, " ") + ")"
	}
	return name
}

// slice is what written walks: any slice of pdata.
type slice[E any] interface {
	Len() int
	At(int) E
}

func each[E any](s slice[E], write func(E) string) []string {
	all := []string{}
	for i := range s.Len() {
		all = append(all, write(s.At(i)))
	}
	return all
}

func nameOf(attributes pcommon.Map) string {
	name, _ := attributes.Get("name")
	return name.Str()
}

func buildTraces(t testing.TB, text string) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, r := range parseTree(t, text) {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl("schema/" + r.name)
		rs.Resource().Attributes().PutStr("name", r.name)
		for _, s := range r.kids {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.SetSchemaUrl("schema/" + s.name)
			ss.Scope().SetName(s.name)
			for _, leaf := range s.kids {
				span := ss.Spans().AppendEmpty()
				span.SetName(leaf.name)
				span.Attributes().PutInt("n", leaf.n)
			}
		}
	}
	return td
}

func writeTraces(td ptrace.Traces) string {
	return strings.Join(each(td.ResourceSpans(), func(rs ptrace.ResourceSpans) string {
		return written(checked(nameOf(rs.Resource().Attributes()), rs.SchemaUrl()), 0, each(rs.ScopeSpans(), func(ss ptrace.ScopeSpans) string {
			return written(checked(ss.Scope().Name(), ss.SchemaUrl()), 0, each(ss.Spans(), func(s ptrace.Span) string {
				n, _ := s.Attributes().Get("n")
				return written(s.Name(), n.Int(), nil)
			}))
		}))
	}), " ")
}

// checked is the name, with a note if the schema is not that of the name any more.
func checked(name, schema string) string {
	if schema != "schema/"+name {
		return name + "!" + schema
	}
	return name
}

func buildLogs(t testing.TB, text string) plog.Logs {
	ld := plog.NewLogs()
	for _, r := range parseTree(t, text) {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl("schema/" + r.name)
		rl.Resource().Attributes().PutStr("name", r.name)
		for _, s := range r.kids {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.SetSchemaUrl("schema/" + s.name)
			sl.Scope().SetName(s.name)
			for _, leaf := range s.kids {
				record := sl.LogRecords().AppendEmpty()
				record.Body().SetStr(leaf.name)
				record.SetSeverityNumber(plog.SeverityNumber(leaf.n))
			}
		}
	}
	return ld
}

func writeLogs(ld plog.Logs) string {
	return strings.Join(each(ld.ResourceLogs(), func(rl plog.ResourceLogs) string {
		return written(checked(nameOf(rl.Resource().Attributes()), rl.SchemaUrl()), 0, each(rl.ScopeLogs(), func(sl plog.ScopeLogs) string {
			return written(checked(sl.Scope().Name(), sl.SchemaUrl()), 0, each(sl.LogRecords(), func(lr plog.LogRecord) string {
				return written(lr.Body().Str(), int64(lr.SeverityNumber()), nil)
			}))
		}))
	}), " ")
}

func buildMetrics(t testing.TB, text string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for _, r := range parseTree(t, text) {
		rm := md.ResourceMetrics().AppendEmpty()
		rm.SetSchemaUrl("schema/" + r.name)
		rm.Resource().Attributes().PutStr("name", r.name)
		for _, s := range r.kids {
			sm := rm.ScopeMetrics().AppendEmpty()
			sm.SetSchemaUrl("schema/" + s.name)
			sm.Scope().SetName(s.name)
			for _, metric := range s.kids {
				buildMetric(metric, sm.Metrics().AppendEmpty())
			}
		}
	}
	return md
}

// buildMetric takes the type from the first part of the name: sum.bytes is a sum. Others have no type.
func buildMetric(from node, m pmetric.Metric) {
	m.SetName(from.name)
	m.SetDescription("about " + from.name)
	m.SetUnit("By")
	m.Metadata().PutStr("source", from.name)
	for _, point := range from.kids {
		switch typeOf, _, _ := strings.Cut(from.name, "."); typeOf {
		case "gauge":
			p := last(m, pmetric.MetricTypeGauge, func() { m.SetEmptyGauge() }).Gauge().DataPoints().AppendEmpty()
			p.Attributes().PutStr("name", point.name)
			p.SetIntValue(point.n)
		case "sum":
			p := last(m, pmetric.MetricTypeSum, func() {
				m.SetEmptySum().SetIsMonotonic(true)
				m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			}).Sum().DataPoints().AppendEmpty()
			p.Attributes().PutStr("name", point.name)
			p.SetIntValue(point.n)
		case "histogram":
			p := last(m, pmetric.MetricTypeHistogram, func() {
				m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			}).Histogram().DataPoints().AppendEmpty()
			p.Attributes().PutStr("name", point.name)
		case "exponential":
			p := last(m, pmetric.MetricTypeExponentialHistogram, func() {
				m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			}).ExponentialHistogram().DataPoints().AppendEmpty()
			p.Attributes().PutStr("name", point.name)
		case "summary":
			p := last(m, pmetric.MetricTypeSummary, func() { m.SetEmptySummary() }).Summary().DataPoints().AppendEmpty()
			p.Attributes().PutStr("name", point.name)
		}
	}
}

// last is m, given its type if it has none yet.
func last(m pmetric.Metric, typeOf pmetric.MetricType, give func()) pmetric.Metric {
	if m.Type() != typeOf {
		give()
	}
	return m
}

func writeMetrics(md pmetric.Metrics) string {
	return strings.Join(each(md.ResourceMetrics(), func(rm pmetric.ResourceMetrics) string {
		return written(checked(nameOf(rm.Resource().Attributes()), rm.SchemaUrl()), 0, each(rm.ScopeMetrics(), func(sm pmetric.ScopeMetrics) string {
			return written(checked(sm.Scope().Name(), sm.SchemaUrl()), 0, each(sm.Metrics(), writeMetric))
		}))
	}), " ")
}

func writeMetric(m pmetric.Metric) string {
	var points []string
	number := func(p pmetric.NumberDataPoint) string { return written(nameOf(p.Attributes()), p.IntValue(), nil) }
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		points = each(m.Gauge().DataPoints(), number)
	case pmetric.MetricTypeSum:
		points = each(m.Sum().DataPoints(), number)
	case pmetric.MetricTypeHistogram:
		points = each(m.Histogram().DataPoints(), func(p pmetric.HistogramDataPoint) string { return nameOf(p.Attributes()) })
	case pmetric.MetricTypeExponentialHistogram:
		points = each(m.ExponentialHistogram().DataPoints(), func(p pmetric.ExponentialHistogramDataPoint) string { return nameOf(p.Attributes()) })
	case pmetric.MetricTypeSummary:
		points = each(m.Summary().DataPoints(), func(p pmetric.SummaryDataPoint) string { return nameOf(p.Attributes()) })
	}
	return written(m.Name(), 0, points)
}
