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
	r.kind = r.spanKind()
	r.failed = r.hasFailed()
	r.countSpan()
	r.addNode()
	r.name()
	r.signal()
	r.classify()
	r.countInvalid()
}

// spanKind says what the span is: by what its dialect says, then by its name, then by what only such spans carry.
func (r *reading) spanKind() SpanKind {
	a := r.attr(roleKind)
	if a != nil {
		if r.saidKind != SpanHTTP {
			return r.refined(r.saidKind)
		}
	}
	if k, found := r.kindByName(); found {
		return k
	}
	_, input := r.number(roleInput)
	_, output := r.number(roleOutput)
	switch {
	case a != nil:
		return SpanHTTP
	case r.texts[roleTool].at != 0:
		return SpanTool
	case input || output || r.texts[roleAsked].at != 0 || r.texts[roleAnswered].at != 0:
		return SpanLLM
	case r.said != 0:
		return SpanRetrieval
	}
	return SpanOther
}

// refined takes the name into account where a dialect's kind is a wide one.
func (r *reading) refined(k SpanKind) SpanKind {
	switch k {
	case spanChain, SpanTool:
		if byName, found := r.kindByName(); found && (byName == SpanStep || byName == SpanHandoff || byName == spanIdle) {
			return byName
		}
	case spanEcho:
		if _, used := r.number(roleOutput); !used {
			return SpanOther
		}
	}
	return k
}

// kindByName asks the tables of the span's dialects for its name.
func (r *reading) kindByName() (SpanKind, bool) {
	if r.dialects&namedDialects == 0 {
		return 0, false
	}
	name := r.span.Name.In(r.body)
	if len(name) > maxShared {
		return 0, false
	}
	for _, t := range tables {
		if !r.dialects.has(t.dialect) {
			continue
		}
		for i := range t.names {
			if n := &t.names[i]; fitsBytes(n.name, name) {
				return n.kind, true
			}
		}
	}
	return 0, false
}

// namedDialects are those whose tables know names.
var namedDialects = func() (s dialectSet) {
	for _, t := range tables {
		if len(t.names) > 0 {
			s |= setOf(t.dialect)
		}
	}
	return s
}()

// countSpan counts the span and stretches the trace over it.
func (r *reading) countSpan() {
	f, s := r.facts, r.span
	f.spans++
	if r.failed {
		f.errors++
	}
	if s.Start != 0 && (f.start == 0 || s.Start < f.start) {
		f.start = s.Start
	}
	f.end = max(f.end, s.End)
}

// hasFailed tells whether the span failed, which not every library says by its status.
func (r *reading) hasFailed() bool {
	switch {
	case r.span.Status == statusError, r.texts[roleFailure].at != 0:
		return true
	case r.dialects.has(LangSmith): // it ends every span well; only the exception is true
		return r.texts[roleException].at != 0
	}
	return r.kind == SpanTool && r.span.Status == 0 && r.texts[roleError].at != 0
}

func (r *reading) isRoot() bool { return r.span.Parent == otlp.SpanID{} }
