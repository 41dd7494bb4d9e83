package sampler

import (
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/tailwise/tailwise/internal/otlp"
)

// Attributes that exported spans carry. The first three stand on every span, the others on the root, or where the
// export has none on the local root that started first.
const (
	attrRetention     = "tailwise.retention"
	attrReason        = "tailwise.reason" // names of the rules that kept the trace, comma-separated
	attrSession       = "session.id"      // only where the span has none
	attrPolicyVersion = "tailwise.policy_version"
	attrProbability   = "tailwise.probability"
	attrFactsVersion  = "tailwise.facts_version"
	attrFactPrefix    = "tailwise." // followed by the fact's name
)

// annotation is what is written behind the spans of a kept trace, on the wire: decoded spans would grow their lists of
// attributes one by one.
type annotation struct {
	decision *decision
	plain    []byte // for every span
	session  []byte // more for those without session id
	state    []byte // more for those without trace state, where chance decided
}

// annotate adds to a kept trace's spans why they are here. The root gets its facts once: first says that no part of the
// trace was exported before, whole that groups hold all there is of it now.
func annotate(groups []otlp.Group, d *decision, first, whole bool) {
	a := annotation{decision: d}
	a.plain = otlp.AppendSpanText(nil, attrRetention, d.retention)
	a.plain = otlp.AppendSpanText(a.plain, attrReason, strings.Join(d.rules, ","))
	if d.session != "" {
		a.session = otlp.AppendSpanText(nil, attrSession, d.session)
	}
	if d.threshold != "" {
		a.state = otlp.AppendSpanState(nil, chanceState("", d))
	}
	var roots rootSearch
	for i := range groups {
		g := &groups[i]
		g.Tails = make([][]byte, len(g.Spans))
		for j := range g.Spans {
			roots.add(a.span(&g.Spans[j], &g.Tails[j]), g, j)
		}
	}
	if !first {
		return
	}
	if g, j, parentless := roots.find(); g != nil && (whole || parentless) {
		a.root(&g.Spans[j], &g.Tails[j])
	}
}

// span writes what every span gets. Nearly all spans have nothing that it would replace.
func (a *annotation) span(span, tail *[]byte) otlp.SpanHead {
	hasSession, hasOurs := false, false
	head := otlp.Head(*span, func(key []byte) {
		switch string(key) {
		case attrSession:
			hasSession = true
		case attrRetention, attrReason:
			hasOurs = true
		}
	})
	*tail = a.plain
	if !hasSession && a.session != nil {
		*tail = join(*tail, a.session)
	}
	newState := a.state != nil && len(head.TraceState) > 0
	switch {
	case newState:
		*tail = otlp.AppendSpanState(join(*tail, nil), chanceState(string(head.TraceState), a.decision))
	case a.state != nil:
		*tail = join(*tail, a.state)
	}
	if hasOurs || newState {
		*span = otlp.AppendSpanWithout(nil, *span, isOurs, newState)
	}
	return head
}

func isOurs(key []byte) bool { return string(key) == attrRetention || string(key) == attrReason }

// root writes what the root gets besides.
func (a *annotation) root(span, tail *[]byte) {
	d := a.decision
	more := otlp.AppendSpanText(nil, attrPolicyVersion, d.policyVersion)
	more = otlp.AppendSpanDouble(more, attrProbability, d.probability)
	more = appendFacts(more, d.facts)
	replaced := false
	isReplaced := func(key []byte) bool {
		ours := string(key) == attrPolicyVersion || string(key) == attrProbability || isFact(key)
		replaced = replaced || ours
		return ours
	}
	otlp.Head(*span, func(key []byte) { isReplaced(key) })
	if replaced {
		*span = otlp.AppendSpanWithout(nil, *span, isReplaced, false)
	}
	*tail = join(*tail, more)
}

// join returns a new slice of both: tails are shared between spans.
func join(a, b []byte) []byte { return append(a[:len(a):len(a)], b...) }

// rootSearch finds the root that started first, or, where no span is without parent, the first of those whose parent is
// not among the spans.
type rootSearch struct {
	root    rootPlace   // the earliest without parent
	orphans []rootPlace // those with a parent, while no root was seen
}

type rootPlace struct {
	head  otlp.SpanHead
	group *otlp.Group // nil: none
	index int
}

func (r *rootSearch) add(head otlp.SpanHead, g *otlp.Group, i int) {
	at := rootPlace{head, g, i}
	switch {
	case head.Parent == otlp.SpanID{}:
		if r.root.group == nil || head.Start < r.root.head.Start {
			r.root = at
		}
	case r.root.group == nil:
		r.orphans = append(r.orphans, at)
	}
}

func (r *rootSearch) find() (g *otlp.Group, i int, parentless bool) {
	if r.root.group != nil {
		return r.root.group, r.root.index, true
	}
	ids := make(map[otlp.SpanID]struct{}, len(r.orphans))
	for _, o := range r.orphans {
		ids[o.head.ID] = struct{}{}
	}
	var first rootPlace
	for _, o := range r.orphans {
		if _, has := ids[o.head.Parent]; !has && (first.group == nil || o.head.Start < first.head.Start) {
			first = o
		}
	}
	return first.group, first.index, false
}

// chanceState writes the sampling threshold into a span's tracestate, and the randomness where it did not come with the
// trace (OpenTelemetry's probability sampling: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/).
// A stricter threshold that is there already stays. A tracestate that cannot be parsed stays as it is.
func chanceState(state string, d *decision) string {
	w3c, err := sampling.NewW3CTraceState(state)
	if err != nil {
		return state
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
	if w3c.Serialize(&out) != nil {
		return state
	}
	return out.String()
}
