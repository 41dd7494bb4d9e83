package doctor

import (
	"slices"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
)

// Examiner gathers what one trace shows, and notes it at once. It belongs to one goroutine.
type Examiner struct {
	doctor *Doctor
	facts  *agent.Facts
	parts  []part
	last   int // into parts: where the last span went
}

// part is what one service and dialect wrote of the trace.
type part struct {
	key    groupKey
	counts counts
	gaps   []int // numbers of the parents that are missing
}

// NewExaminer returns an Examiner that reports to d.
func (d *Doctor) NewExaminer() *Examiner { return &Examiner{doctor: d} }

// Begin begins a trace. Spans follow, then End.
func (e *Examiner) Begin(f *agent.Facts) {
	e.facts, e.last = f, 0
	e.parts = e.parts[:0]
}

// shortSpan is below which a span that is part of nothing is noise.
const shortSpan = uint64(5 * time.Millisecond)

// Span looks at a span of the trace.
func (e *Examiner) Span(s *agent.Span) {
	p := e.part(s)
	c := &p.counts
	c[ofSpans]++
	if s.Missing > 0 {
		c[orphanSpans]++
		if !slices.Contains(p.gaps, s.Missing) {
			p.gaps = append(p.gaps, s.Missing)
			c[missingParents]++
		}
	}
	m := s.Marks
	count := func(is agent.SpanMarks, as check) {
		if m.Has(is) {
			c[as]++
		}
	}
	count(agent.SpanUnended, unended)
	count(agent.SpanCall, ofCalls)
	count(agent.SpanCall|agent.SpanNoUsage, noUsage)
	count(agent.SpanCall|agent.SpanNoModel, noModel)
	count(agent.SpanSays, ofSaying)
	switch s.Kind {
	case agent.SpanLLM:
		count(agent.SpanRepeated, stackedUsage)
	default:
		count(agent.SpanRepeated, summedUsage)
	}
	switch s.Kind {
	case agent.SpanLLM, agent.SpanTool, agent.SpanEmbedding, agent.SpanRetrieval:
		if s.Action != nil {
			c[ofAttempts]++
			count(agent.SpanAttempt, siblingRetries)
		}
	case agent.SpanOther, agent.SpanHTTP:
		if s.Length < shortSpan && m.Has(agent.SpanLeaf) && m&(agent.SpanFailed|agent.SpanUnended|agent.SpanIdle) == 0 {
			c[noise]++
		}
	}
}

// part returns where a span counts.
func (e *Examiner) part(s *agent.Span) *part {
	is := func(p part) bool { return p.key.dialect == s.Dialect && p.key.service == s.Service }
	if len(e.parts) > 0 && is(e.parts[e.last]) {
		return &e.parts[e.last]
	}
	if e.last = slices.IndexFunc(e.parts, is); e.last >= 0 {
		return &e.parts[e.last]
	}
	e.last = len(e.parts)
	if cap(e.parts) > e.last { // keep the slice of the part that was here
		e.parts = e.parts[:e.last+1]
	} else {
		e.parts = append(e.parts, part{})
	}
	p := &e.parts[e.last]
	*p = part{key: groupKey{s.Service, s.Dialect}, gaps: p.gaps[:0]}
	return p
}

// End notes what was seen.
func (e *Examiner) End(t Trace) {
	if len(e.parts) == 0 {
		return
	}
	e.judge(&t)
	d := e.doctor
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(t.At)
	if !t.Partial {
		d.now.traces++
	}
	for i := range e.parts {
		p := &e.parts[i]
		g := d.now.group(p.key)
		for c, n := range p.counts {
			if n == 0 {
				continue
			}
			g.counts[c] += n
			g.examples[c].offer(&t)
		}
	}
	lead := &e.parts[e.lead()]
	for _, invalid := range e.facts.Invalid() {
		g := d.now.group(groupKey{lead.key.service, invalid.Dialect})
		known := g.invalid[invalid.Key]
		if known == nil {
			if len(g.invalid) >= maxKeys {
				continue
			}
			known = new(noted)
			g.invalid[invalid.Key] = known
		}
		known.n += invalid.Count
		known.example.offer(&t)
	}
}

// places of facts among agent.Known.
var (
	rootsAt   = placeOf("roots")
	sessionAt = placeOf("session")
)

func placeOf(fact string) int {
	return slices.IndexFunc(agent.Known(), func(i agent.Info) bool { return i.Name == fact })
}

// judge counts what concerns the trace as a whole, with the part that does most of the work.
func (e *Examiner) judge(t *Trace) {
	if t.Partial { // what is missing may be elsewhere
		for i := range e.parts {
			c := &e.parts[i].counts
			c[orphanSpans], c[missingParents] = 0, 0
		}
		return
	}
	var calls int64
	for i := range e.parts {
		c := &e.parts[i].counts
		c[ofTraces] = 1
		c[tracesHoled] = min(1, c[missingParents])
		calls += c[ofCalls]
	}
	lead := &e.parts[e.lead()].counts
	lead[ofLed]++
	set := func(is bool, as check) {
		if is {
			lead[as]++
		}
	}
	roots, _ := e.facts.Number(rootsAt)
	_, hasSession := e.facts.Text(sessionAt)
	set(roots == 0, noRoot)
	set(roots > 1, manyRoots)
	set(calls > 0, ofConversing)
	set(calls > 0 && !hasSession, noSession)
	set(e.facts.ManyUsers(), changingUser)
}

// lead returns the part that does most of the work: calls to models before spans of a known dialect before others.
func (e *Examiner) lead() (best int) {
	weigh := func(p *part) int64 {
		w := p.counts[ofSpans] + 1_000_000*p.counts[ofCalls]
		if p.key.dialect != agent.DialectNone {
			w += 1_000
		}
		return w
	}
	for i := range e.parts {
		if weigh(&e.parts[i]) > weigh(&e.parts[best]) {
			best = i
		}
	}
	return best
}
