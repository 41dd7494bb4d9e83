package doctor

import (
	"cmp"
	"encoding/hex"
	"slices"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
)

// Report is the health of instrumentation, as JSON.
type Report struct {
	Since    time.Time `json:"since"` // what came before is forgotten
	Traces   int64     `json:"traces"`
	Sources  []Source  `json:"sources"`
	Findings []Finding `json:"findings"` // by service and dialect, those that matter most first
}

// Source is a service and the dialect of the library that writes its spans.
type Source struct {
	Service string   `json:"service"` // empty: the spans name none
	Dialect string   `json:"dialect"`
	Traces  int64    `json:"traces"` // with spans of it
	Spans   int64    `json:"spans"`
	Calls   int64    `json:"llm_calls"`
	Untold  []string `json:"untold"` // what no span of this library tells
}

// Finding is something that is wrong.
type Finding struct {
	Service  string   `json:"service"`
	Dialect  string   `json:"dialect"`
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	What     string   `json:"what"`
	Key      string   `json:"key,omitempty"` // the attribute that it is about
	Count    int64    `json:"count"`
	Of       int64    `json:"of"` // of how many; 0: not measured against anything
	Unit     string   `json:"unit"`
	Example  string   `json:"example"` // a trace id
	Fix      string   `json:"fix"`
}

// Report says what was seen in the last hour or two. An empty service is every service.
func (d *Doctor) Report(service string, now time.Time) Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(now)
	r := Report{Since: d.past.from, Traces: d.now.traces + d.past.traces, Sources: []Source{}, Findings: []Finding{}}
	for key, g := range d.merged() {
		if service != "" && key.service != service {
			continue
		}
		c := &g.counts
		if c[ofSpans] > 0 {
			r.Sources = append(r.Sources, Source{
				Service: key.service, Dialect: key.dialect.String(), Traces: c[ofTraces], Spans: c[ofSpans], Calls: c[ofCalls], Untold: untold(key.dialect),
			})
		}
		r.Findings = append(r.Findings, g.findings(key)...)
	}
	slices.SortFunc(r.Sources, func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Dialect, b.Dialect))
	})
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Dialect, b.Dialect), -cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(place(a.ID), place(b.ID)), cmp.Compare(a.Key, b.Key))
	})
	return r
}

// place is a finding's place in the table of rules; those that are not in it come last.
func place(id string) int {
	if at := slices.IndexFunc(rules, func(r rule) bool { return r.id == id }); at >= 0 {
		return at
	}
	return len(rules)
}

// merged adds the two windows up.
func (d *Doctor) merged() map[groupKey]*group {
	all := make(map[groupKey]*group)
	for _, p := range [...]*period{d.past, d.now} {
		for key, g := range p.groups {
			into := all[key]
			if into == nil {
				into = &group{invalid: make(map[string]*noted), values: make(map[string]*sketch)}
				all[key] = into
			}
			into.merge(g)
		}
	}
	return all
}

func (g *group) merge(o *group) {
	for c := range g.counts {
		g.counts[c] += o.counts[c]
		g.examples[c].merge(&o.examples[c])
	}
	for key, n := range o.invalid {
		into := g.invalid[key]
		if into == nil {
			into = new(noted)
			g.invalid[key] = into
		}
		into.n += n.n
		into.example.merge(&n.example)
	}
	for key, s := range o.values {
		into := g.values[key]
		if into == nil {
			into = new(sketch)
			g.values[key] = into
		}
		into.merge(s)
	}
}

// findings applies the rules.
func (g *group) findings(key groupKey) (all []Finding) {
	found := func(id string, severity Severity, what string, n, of int64, unit string, e *example) *Finding {
		all = append(all, Finding{
			Service: key.service, Dialect: key.dialect.String(), ID: id, Severity: severity, What: what,
			Count: n, Of: of, Unit: unit, Example: hex.EncodeToString(e.trace[:]), Fix: fixFor(id, key.dialect),
		})
		return &all[len(all)-1]
	}
	for i := range rules {
		r := &rules[i]
		n, of := g.counts[r.check], g.counts[r.of]
		if n < r.least || float64(n) < r.share*float64(of) || r.check == missingParents && g.mostlyHoled() {
			continue
		}
		found(r.id, r.severity, r.what, n, of, r.unit, &g.examples[r.check])
	}
	for _, of := range sortedKeys(g.invalid) {
		n := g.invalid[of]
		found("invalid-value", Warn, "values that mean nothing, such as negative counts or texts for numbers; the fact is left out", n.n, 0, "values", &n.example).Key = of
	}
	for _, of := range sortedKeys(g.values) {
		s := g.values[of]
		if n := s.different(); n >= manyValues && float64(n) >= mostlyDifferent*float64(s.n) {
			found("many-values", Info, "nearly every span has another value, so nothing can be grouped by it", n, s.n, "values looked at", &s.example).Key = of
		}
	}
	return all
}

const (
	// manyValues and mostlyDifferent say when a label has too many values.
	manyValues      = 100
	mostlyDifferent = 0.5
)

// mostlyHoled tells whether parents are missing so often that they are filtered out rather than not ended.
func (g *group) mostlyHoled() bool {
	return float64(g.counts[tracesHoled]) >= mostlyHoled*float64(g.counts[ofTraces])
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func untold(d agent.Dialect) []string {
	if lines := untoldBy[d]; lines != nil {
		return lines
	}
	return []string{}
}
