package meter

import (
	"slices"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
)

// Trace is what a Meter has to know of a trace besides its facts.
type Trace struct {
	ID   [16]byte
	Kept bool // it can be looked up, and so serve as an example
	// Fragment says that the trace itself was counted before, and these are spans that came later.
	Fragment bool
	At       time.Time // when it was decided
}

// Recorder gathers what one trace adds, and adds it at once. It belongs to one goroutine.
type Recorder struct {
	meter *Meter

	// Of the trace being gathered.
	tenant, feature, user, agent string
	trace                        sample
	samples                      []sample
	spent                        []spent
	asked                        []asked
	steps                        []step
}

// sample is what one action adds to a series.
type sample struct {
	family  int
	labels  labels
	adds    amounts
	timed   bool
	seconds float64
	span    uint64
}

// spent is what one agent spent on one model.
type spent struct {
	agent, model string
	adds         amounts
}

// asked is the model that an agent asked last.
type asked struct{ agent, model string }

// NewRecorder returns a Recorder that adds to m.
func (m *Meter) NewRecorder() *Recorder { return &Recorder{meter: m} }

// places of facts among agent.Known.
var (
	tenantAt  = placeOf("tenant")
	featureAt = placeOf("feature")
	userAt    = placeOf("user")
	agentAt   = placeOf("agent.name")
	errorsAt  = placeOf("errors")
)

func placeOf(fact string) int {
	return slices.IndexFunc(agent.Known(), func(i agent.Info) bool { return i.Name == fact })
}

// Begin begins a trace. Spans follow in the order of agent.Facts.Spans, then End.
func (r *Recorder) Begin(f *agent.Facts) {
	text := func(place int) string {
		s, _ := f.Text(place)
		return label(s)
	}
	r.tenant, r.feature, r.user, r.agent = text(tenantAt), text(featureAt), text(userAt), text(agentAt)
	r.samples, r.spent, r.asked, r.steps = r.samples[:0], r.spent[:0], r.asked[:0], r.steps[:0]
	failed, _ := f.Number(errorsAt)
	r.trace = sample{
		family: traces, labels: labels{r.tenant, r.feature, r.agent}, adds: outcome(failed > 0),
		timed: f.Start() != 0 && f.End() != 0, seconds: f.Duration().Seconds(),
	}
}

// maxLabel is the longest text, in bytes, that becomes a label. What is longer is no name, and may be content.
const maxLabel = 128

func label(s string) string {
	if len(s) > maxLabel {
		return "(too long)"
	}
	return s
}

func outcome(failed bool) (a amounts) {
	a[calls] = 1
	if failed {
		a[errorsN] = 1
	}
	return a
}

// familyOf says which actions are counted, by kind.
var familyOf = map[agent.SpanKind]int{
	agent.SpanRun: runs, agent.SpanStep: steps, agent.SpanLLM: llms, agent.SpanEmbedding: embeddings,
	agent.SpanRerank: reranks, agent.SpanRetrieval: retrievals, agent.SpanTool: tools,
}

// families is familyOf as a table, for speed; none stands for kinds that are not counted.
var families = func() (t [64]int) {
	for kind := range t {
		t[kind] = none
		if f, counted := familyOf[agent.SpanKind(kind)]; counted {
			t[kind] = f
		}
	}
	return t
}()

const none = -1

// Span adds a span of the trace.
func (r *Recorder) Span(s *agent.Span) {
	a := s.Action
	if a == nil {
		return
	}
	who := a.Agent
	if who == "" {
		who = r.agent
	}
	if a.UsageSaid || a.CostSaid {
		r.spend(who, a, s.Marks.Has(agent.SpanUnpriced))
	}
	in := families[s.Kind&63]
	if in == none {
		return
	}
	if s.Kind == agent.SpanLLM && a.Model != "" {
		r.ask(who, a.Model)
	}
	switch {
	case a.Kind == agent.SpanRetry:
		r.samples = append(r.samples, sample{family: in, labels: r.labels(in, who, a), adds: amounts{retries: 1}})
		return
	case !a.Counted:
		return
	}
	r.step(in, who, s)
	if in == steps {
		return
	}
	one := sample{family: in, labels: r.labels(in, who, a), adds: outcome(a.Failed), span: s.ID}
	if a.TimedOut {
		one.adds[timeouts] = 1
	}
	if a.Start != 0 && !s.Marks.Has(agent.SpanUnended) {
		one.timed, one.seconds = true, a.Duration.Seconds()
	}
	r.samples = append(r.samples, one)
}

// labels are those of an action, by its family.
func (r *Recorder) labels(in int, who string, a *agent.Action) labels {
	switch in {
	case llms, embeddings, reranks:
		return labels{who, a.Model}
	case tools:
		return labels{who, a.Name, r.askedBy(who)}
	}
	return labels{who}
}

// ask notes which model an agent asked last: the one that asks for the tools that follow.
func (r *Recorder) ask(who, model string) {
	for i := range r.asked {
		if r.asked[i].agent == who {
			r.asked[i].model = model
			return
		}
	}
	r.asked = append(r.asked, asked{who, model})
}

// askedBy returns the model that asked for a tool of an agent.
func (r *Recorder) askedBy(who string) string {
	for i := range r.asked {
		if r.asked[i].agent == who {
			return r.asked[i].model
		}
	}
	return ""
}

// spend adds what an action used.
func (r *Recorder) spend(who string, a *agent.Action, unpriced bool) {
	at := slices.IndexFunc(r.spent, func(s spent) bool { return s.agent == who && s.model == a.Model })
	if at < 0 {
		at = len(r.spent)
		r.spent = append(r.spent, spent{agent: who, model: a.Model})
	}
	adds, u := &r.spent[at].adds, &a.Usage
	adds[spentNanos] += a.CostNanos
	// Types are made disjoint here: those who sum a metric over an attribute must get the whole.
	adds[tokensInput] += max(0, u.Input-u.CacheRead-u.CacheWrite)
	adds[tokensCacheRead] += u.CacheRead
	adds[tokensCacheWrite] += u.CacheWrite
	adds[tokensOutput] += max(0, u.Output-u.Reasoning)
	adds[tokensReasoning] += u.Reasoning
	if unpriced {
		adds[callsUnpriced]++
	}
}

// End adds what was gathered.
func (r *Recorder) End(t Trace) {
	for i := range r.steps {
		r.samples = append(r.samples, r.steps[i].sample())
	}
	var all amounts
	m := r.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range r.spent {
		s := &r.spent[i]
		one := sample{family: spending, labels: labels{r.tenant, r.feature, s.agent, s.model}, adds: s.adds}
		m.add(&one, &t)
		for j, n := range s.adds {
			all[j] += n
		}
	}
	for i := range r.samples {
		m.add(&r.samples[i], &t)
	}
	if !t.Fragment {
		m.add(&r.trace, &t)
	}
	if m.cfg.Users > 0 && r.user != "" {
		m.users.add(talker{tenant: r.tenant, user: r.user}, &all, t.At)
	}
}

// add adds a sample to its series.
//
// Requires: mu is held.
func (m *Meter) add(one *sample, t *Trace) {
	s := m.families[one.family].find(&one.labels, t.At)
	s.last = t.At
	for i, n := range one.adds {
		s.sums[i] += n
	}
	value := float64(one.adds[spentNanos]) / 1e9
	if one.timed {
		value = one.seconds
		s.hist.add(value)
	}
	if t.Kept && (one.timed || one.family == spending) && value >= s.exemplar.value {
		s.exemplar = exemplar{trace: t.ID, span: one.span, at: t.At, value: value}
	}
}
