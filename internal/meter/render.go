package meter

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// ScopeName is the name of the instrumentation scope of what a Meter renders.
const ScopeName = "tailwise"

// Metrics renders everything that was counted, cumulative since the start of each series. Examples are given once.
func (m *Meter) Metrics(now time.Time) pmetric.Metrics {
	all := pmetric.NewMetrics()
	resource := all.ResourceMetrics().AppendEmpty()
	for _, key := range slices.Sorted(maps.Keys(m.cfg.Resource)) {
		resource.Resource().Attributes().PutStr(key, m.cfg.Resource[key])
	}
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(ScopeName)
	r := renderer{out: scope.Metrics(), now: pcommon.NewTimestampFromTime(now)}
	overflown := make([]int64, familiesN)
	for i := range m.families {
		m.renderFamily(&r, i, now)
		overflown[i] = m.overflownOf(i)
	}
	m.renderUsers(&r)
	r.overflow(overflown, m.begun)
	r.out.RemoveIf(isEmpty)
	return all
}

// isEmpty tells whether a metric has no points.
func isEmpty(m pmetric.Metric) bool {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints().Len() == 0
	}
	return m.ExponentialHistogram().DataPoints().Len() == 0
}

// renderFamily holds the lock for one family only, as traces are decided meanwhile.
func (m *Meter) renderFamily(r *renderer, i int, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.families[i]
	f.forget(now)
	if len(f.series) == 0 && f.overflow == nil {
		return
	}
	r.name = ""
	for k := range f.about.counters {
		c := &f.about.counters[k]
		r.begin(c)
		for l, s := range f.series {
			r.sum(f.about, c, &l, s)
		}
		if f.overflow != nil {
			r.sum(f.about, c, nil, f.overflow)
		}
	}
	if f.about.timed != "" {
		r.beginTimed(f.about)
		for l, s := range f.series {
			r.timed(f.about, &l, s)
		}
		if f.overflow != nil {
			r.timed(f.about, nil, f.overflow)
		}
	}
	for _, s := range f.series {
		s.exemplar = exemplar{}
	}
	if f.overflow != nil {
		f.overflow.exemplar = exemplar{}
	}
}

func (m *Meter) overflownOf(i int) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.families[i].overflown
}

// usersAbout describes the metrics of the users that spend most.
var usersAbout = about{keys: []string{keyTenant, keyUser}, counters: []counter{
	{name: "tailwise.user.cost", unit: costUnit, doc: "What calls to models cost, of the users that spent most.", amount: spentNanos},
	{"tailwise.user.tokens", tokenUnit, "Tokens that models took and gave, of the users that spent most.", tokensInput, keyType, "input", true},
	{"tailwise.user.tokens", tokenUnit, "", tokensCacheRead, keyType, "cache_read", true},
	{"tailwise.user.tokens", tokenUnit, "", tokensCacheWrite, keyType, "cache_write", true},
	{"tailwise.user.tokens", tokenUnit, "", tokensOutput, keyType, "output", true},
	{"tailwise.user.tokens", tokenUnit, "", tokensReasoning, keyType, "reasoning", true},
}}

func (m *Meter) renderUsers(r *renderer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	top := m.users.top(m.cfg.Users)
	if len(top) == 0 {
		return
	}
	for k := range usersAbout.counters {
		c := &usersAbout.counters[k]
		r.begin(c)
		for _, u := range top {
			r.sum(&usersAbout, c, &labels{u.tenant, u.user}, &u.series)
		}
	}
}

// renderer writes metrics one after the other.
type renderer struct {
	out    pmetric.MetricSlice
	now    pcommon.Timestamp
	name   string // of the metric that points go to
	points pmetric.NumberDataPointSlice
	timeds pmetric.ExponentialHistogramDataPointSlice
}

// begin begins the metric of a counter, unless the counter before it was of the same.
func (r *renderer) begin(c *counter) {
	if r.name == c.name {
		return
	}
	r.name = c.name
	metric := r.out.AppendEmpty()
	metric.SetName(c.name)
	metric.SetUnit(c.unit)
	metric.SetDescription(c.doc)
	sum := metric.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	r.points = sum.DataPoints()
}

// sum writes one series of a counter; nil labels: of what found no room. What is rare and never came is left out.
func (r *renderer) sum(about *about, c *counter, l *labels, s *series) {
	n := s.sums[c.amount]
	if n == 0 && c.rare {
		return
	}
	p := r.points.AppendEmpty()
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(s.start))
	p.SetTimestamp(r.now)
	about.label(p.Attributes(), l)
	if c.key != "" {
		p.Attributes().PutStr(c.key, c.value)
	}
	if c.unit != costUnit {
		p.SetIntValue(n)
		return
	}
	p.SetDoubleValue(float64(n) / 1e9)
	if s.exemplar.value > 0 {
		s.exemplar.write(p.Exemplars())
	}
}

func (r *renderer) beginTimed(about *about) {
	metric := r.out.AppendEmpty()
	metric.SetName(about.timed)
	metric.SetUnit("s")
	metric.SetDescription(about.of)
	histogram := metric.SetEmptyExponentialHistogram()
	histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	r.timeds = histogram.DataPoints()
}

// timed writes the durations of one series.
func (r *renderer) timed(about *about, l *labels, s *series) {
	h := s.hist
	if h.count == 0 {
		return
	}
	p := r.timeds.AppendEmpty()
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(s.start))
	p.SetTimestamp(r.now)
	about.label(p.Attributes(), l)
	p.SetCount(h.count)
	p.SetSum(h.sum)
	p.SetMin(h.min)
	p.SetMax(h.max)
	p.SetScale(scale)
	p.SetZeroCount(h.zeros)
	p.SetZeroThreshold(least)
	p.Positive().SetOffset(h.offset)
	p.Positive().BucketCounts().FromRaw(h.buckets)
	if s.exemplar.value > 0 {
		s.exemplar.write(p.Exemplars())
	}
}

// label writes the attributes of a series.
func (a *about) label(into pcommon.Map, l *labels) {
	if l == nil {
		into.PutBool(keyOverflow, true)
		return
	}
	for i, key := range a.keys {
		if l[i] != "" {
			into.PutStr(key, l[i])
		}
	}
}

func (e *exemplar) write(into pmetric.ExemplarSlice) {
	out := into.AppendEmpty()
	out.SetTraceID(e.trace)
	var span pcommon.SpanID
	binary.BigEndian.PutUint64(span[:], e.span)
	out.SetSpanID(span)
	out.SetTimestamp(pcommon.NewTimestampFromTime(e.at))
	out.SetDoubleValue(e.value)
}

// overflow writes how much found no room, by family, named after its first metric.
func (r *renderer) overflow(overflown []int64, begun time.Time) {
	r.begin(&counter{
		name: "tailwise.overflow", unit: "{measurement}",
		doc: "Measurements that found no series of their own, as there are max_series of their metrics already.",
	})
	for i, n := range overflown {
		p := r.points.AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(begun))
		p.SetTimestamp(r.now)
		p.Attributes().PutStr(keyMetrics, abouts[i].counters[0].name)
		p.SetIntValue(n)
	}
}
