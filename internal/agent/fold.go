package agent

import (
	"github.com/tailwise/tailwise/internal/otlp"
)

// statusError is the span status that OTLP calls STATUS_CODE_ERROR.
const statusError = 2

// Fold adds x.Spans[span] to f, with what its resource and scope say. body is the request that x indexes; x must
// have been walked for p.Keys(). Nothing of body is kept. Each span must be folded once.
//
// It panics if f holds facts of another plan.
func (p *Plan) Fold(f *Facts, x *otlp.Index, body []byte, span int, in *Interner) {
	f.begin(p)
	s := &x.Spans[span]
	r := reading{plan: p, facts: f, x: x, body: body, in: in, span: s}
	r.scan()
	r.op = r.operation()
	r.countSpan()
	r.countTokens()
	r.name()
}

// reading is one span being folded.
type reading struct {
	plan  *Plan
	facts *Facts
	x     *otlp.Index
	body  []byte
	in    *Interner
	span  *otlp.Span

	found   [rolesN]found
	op      operation
	scratch [24]byte
}

// found is the attribute that speaks for a role on this span: of the nearest place, then of the first alias.
type found struct {
	attr  *otlp.Attr
	place place
	alias uint8
}

// place is where an attribute stands, from the nearest to the span to the farthest.
type place uint8

const (
	onSpan place = iota
	onScope
	onResource
)

// scan looks at everything that is said of the span.
func (r *reading) scan() {
	s := r.span
	scope := &r.x.Scopes[s.Scope]
	own := otlp.Run{From: s.Attrs.From, To: s.OwnTo}
	events := otlp.Run{From: s.OwnTo, To: s.Attrs.To}
	about := r.x.Resources[scope.Resource].Attrs
	r.scanRoles(own, onSpan)
	r.scanRoles(scope.Attrs, onScope)
	r.scanRoles(about, onResource)
	if len(r.plan.attrs) > 0 {
		r.scanAttrs(own, events, scope.Attrs, about)
	}
}

// scanRoles notes which attributes of a run speak for the built-in facts.
func (r *reading) scanRoles(run otlp.Run, at place) {
	for i := run.From; i < run.To; i++ {
		a := &r.x.Attrs[i]
		m := r.plan.means[a.Key]
		have := &r.found[m.role]
		if m.role == roleNone || at != onSpan && m.role < roleAgent {
			continue // what a span did is said on the span
		}
		if have.attr != nil && (have.place < at || have.alias <= m.alias) || !r.usable(m.role, a) {
			continue
		}
		*have = found{attr: a, place: at, alias: m.alias}
	}
}

// usable tells whether an attribute says what its role is about. What it does not say may stand under another key.
func (r *reading) usable(as role, a *otlp.Attr) bool {
	switch as {
	case roleInput, roleOutput:
		_, ok := countOf(a, r.body)
		return ok
	case roleSession:
		return isSession(textOf(a, r.body, r.scratch[:]))
	}
	return len(textOf(a, r.body, r.scratch[:])) > 0
}

// scanAttrs gathers the attributes that rules ask for. A span counts once for a key, wherever the key stands.
func (r *reading) scanAttrs(runs ...otlp.Run) {
	for n, run := range runs {
		for i := run.From; i < run.To; i++ {
			a := &r.x.Attrs[i]
			at := r.plan.means[a.Key].attr
			if at < 0 || a.Type == otlp.ValueEmpty {
				continue
			}
			f := &r.facts.attrs[at]
			if !r.hadBefore(a.Key, runs[:n+1], i) {
				f.count++
			}
			f.add(a, r.body, r.in)
		}
	}
}

// hadBefore tells whether the key stands in runs before the attribute i of the last one.
func (r *reading) hadBefore(key otlp.KeyID, runs []otlp.Run, i uint32) bool {
	for n, run := range runs {
		to := run.To
		if n == len(runs)-1 {
			to = i
		}
		for j := run.From; j < to; j++ {
			if a := &r.x.Attrs[j]; a.Key == key && a.Type != otlp.ValueEmpty {
				return true
			}
		}
	}
	return false
}

// countSpan counts the span and stretches the trace over it.
func (r *reading) countSpan() {
	f, s := r.facts, r.span
	f.spans++
	if s.Status == statusError {
		f.errors++
	}
	if s.Start != 0 && (f.start == 0 || s.Start < f.start) {
		f.start = s.Start
	}
	f.end = max(f.end, s.End)
}

// countTokens counts calls, and tokens where they belong.
func (r *reading) countTokens() {
	f := r.facts
	switch r.op {
	case opCall:
		f.calls++
	case opTool:
		f.tools++
	}
	input, output := r.found[roleInput].attr, r.found[roleOutput].attr
	if input == nil && output == nil || r.op == opPoll {
		return
	}
	into := &f.inner
	switch {
	case r.op == opCall:
		into = &f.called
	case r.isRoot():
		into = &f.top
	}
	into.add(r.count(input), r.count(output))
}

// operation says what kind of step the span is. Some instrumentations report usage and no operation name: those
// spans are calls to a model.
func (r *reading) operation() operation {
	if a := r.found[roleOperation].attr; a != nil {
		return operations[string(textOf(a, r.body, r.scratch[:]))]
	}
	if r.found[roleInput].attr != nil || r.found[roleOutput].attr != nil {
		return opCall
	}
	return opOther
}

func (r *reading) count(a *otlp.Attr) int64 {
	if a == nil {
		return 0
	}
	n, _ := countOf(a, r.body)
	return n
}

func (r *reading) isRoot() bool { return r.span.Parent == otlp.SpanID{} }

// name takes from the span what it can tell about the trace's identity.
func (r *reading) name() {
	f := r.facts
	process, said := classSpan, classSpan
	if r.isRoot() {
		process, said = classRoot, classRoot
		f.roots++
		r.nameRoot()
	}
	r.offer(&f.service, roleService, process, r.in)
	r.offer(&f.environment, roleEnvironment, process, r.in)
	if a := r.found[roleService].attr; a != nil {
		f.services.add(r.in.text(textOf(a, r.body, r.scratch[:])))
	}
	r.nameModel()
	r.offer(&f.agent, roleAgent, r.class(roleAgent, said), r.in)
	r.offer(&f.session, roleSession, r.class(roleSession, said), nil)
	r.offer(&f.user, roleUser, r.class(roleUser, said), nil)
	r.offer(&f.tenant, roleTenant, r.class(roleTenant, said), r.in)
	r.offer(&f.feature, roleFeature, r.class(roleFeature, said), r.in)
}

// class ranks what a resource or scope says behind what any span says itself: an id that stands on the process is
// there because somebody had no better place for it.
func (r *reading) class(as role, said int) int {
	if r.found[as].place != onSpan {
		return classAbout
	}
	return said
}

func (r *reading) offer(p *pick, as role, class int, share *Interner) {
	a := r.found[as].attr
	if a == nil {
		return
	}
	if at := rankOf(class, r.span); p.wants(at) {
		p.offer(at, textOf(a, r.body, r.scratch[:]), share)
	}
}

// nameRoot takes name and status from the earliest root. Of roots that rank the same, the lower name, then the
// lower status count.
func (r *reading) nameRoot() {
	root := &r.facts.root
	at := rankOf(classRoot, r.span)
	first := r.facts.roots == 1
	if !first && at.compare(root.rank) > 0 {
		return
	}
	name := r.in.text(r.span.Name.In(r.body))
	if same := !first && at == root.rank; same && (name > root.text || name == root.text && r.span.Status >= root.status) {
		return
	}
	*root = rootFacts{pick: pick{text: name, rank: at}, status: r.span.Status}
}

// nameModel notes the model that answered, or else the one that was asked for.
func (r *reading) nameModel() {
	a := r.found[roleAnswered].attr
	if a == nil {
		a = r.found[roleAsked].attr
	}
	if a == nil {
		return
	}
	into := &r.facts.otherModels
	switch r.op {
	case opCall, opEmbed:
		into = &r.facts.models
	case opPoll:
		return
	}
	into.add(r.in.text(textOf(a, r.body, r.scratch[:])))
}
