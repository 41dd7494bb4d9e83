package agent

import "github.com/tailwise/tailwise/internal/otlp"

// Span is a span in its place in the tree, for those who count actions and those who look after instrumentation.
type Span struct {
	// Action is what happened, as Actions yields it; nil where Actions yields nothing for the span.
	Action *Action

	ID      uint64 // big-endian
	Service string // of the process that wrote it; empty if unknown
	Dialect Dialect
	Kind    SpanKind
	Length  uint64 // nanoseconds, rounded down; 0 if not known
	// Missing numbers the parent that the span names and that is not in the trace, from 1; 0: it is there, or none is named.
	Missing int
	Run     int // numbers the run that it is in, or is, the same for all its spans; 0: none
	Marks   SpanMarks
}

// SpanMarks is a set of what there is to say of a span.
type SpanMarks uint16

// What there is to say of a span.
const (
	SpanRoot     SpanMarks = 1 << iota // it names no parent
	SpanLeaf                           // nothing names it as its parent
	SpanFailed                         //
	SpanUnended                        // it does not say when it ended
	SpanIdle                           // it repeats what another says and is written to be ignored
	SpanAttempt                        // another attempt of the same call, beside it, replaced it
	SpanCall                           // it stands for a call to a language model
	SpanNoUsage                        // of a SpanCall that did not fail: it says no usage, and nothing below it does
	SpanNoModel                        // of a SpanCall: it names no model
	SpanSays                           // it says usage
	SpanRepeated                       // it says usage that another span has said
	SpanUnpriced                       // its usage counts, nobody says what it cost, and the price is not known
)

// Has tells whether all of marks are in m.
func (m SpanMarks) Has(marks SpanMarks) bool { return m&marks == marks }

// Spans calls yield for each span, in the order in which they began, until it returns false. The Span is good until
// yield returns.
func (f *Facts) Spans(yield func(*Span) bool) { f.walkWith(anyAction, yield) }

func anyAction(*Action) bool { return true }

// inspect fills in what show gets.
func (w *walker) inspect(i int32, n *node, kind SpanKind, acted bool) *Span {
	s := &w.span
	*s = Span{
		ID: n.id, Service: w.facts.words.text(n.origin.service()), Dialect: n.dialect, Kind: kind,
		Length: uint64(n.length) * lengthUnit, Run: int(w.about[i].run + 1), Marks: w.marksOf(i, n),
	}
	if acted {
		s.Action = &w.action
	}
	if w.isOrphan(i) && w.missing[w.parents[i]-w.rootGroup()-1] != 0 { // zero stands for the parent of a ring
		s.Missing = int(w.parents[i] - w.rootGroup())
	}
	return s
}

func (w *walker) marksOf(i int32, n *node) (marks SpanMarks) {
	set := func(is bool, mark SpanMarks) {
		if is {
			marks |= mark
		}
	}
	set(n.parent == 0, SpanRoot)
	set(w.last[i] == 0, SpanLeaf)
	set(w.flags[i].has(flagFailed), SpanFailed)
	set(!n.flags.has(flagSized), SpanUnended)
	set(n.kind == spanIdle, SpanIdle)
	set(w.marks[i]&markAttempt != 0 && n.kind != SpanHTTP, SpanAttempt)
	var said *call
	if n.side >= 0 && n.kind != SpanTool {
		said = &w.facts.calls[n.side]
	}
	says := said != nil && said.said&saidUsage != 0 && said.usage != (compactUsage{})
	set(says, SpanSays)
	set(says && !w.action.UsageSaid, SpanRepeated)
	set(says && w.action.UsageSaid && !w.action.CostSaid && w.marks[i]&markPrice != 0, SpanUnpriced)
	if n.kind == SpanLLM && w.action.Kind == SpanLLM && w.action.Counted {
		marks |= SpanCall
		set(!marks.Has(SpanFailed) && (said == nil || said.said&saidUsage == 0), SpanNoUsage)
		set(n.name == 0 && (said == nil || said.model == 0), SpanNoModel)
	}
	return marks
}

// Last returns the service and the dialect of the span that was folded last.
//
// Requires: a span was folded, and nothing was asked of f since.
func (f *Facts) Last() (service string, d Dialect) {
	n := &f.nodes[len(f.nodes)-1]
	return f.words.text(n.origin.service()), n.dialect
}

// ManyUsers tells whether spans of the trace name different users under one key, which is what a context that leaks
// from one request into another looks like.
func (f *Facts) ManyUsers() bool { return f.signals.flags.has(signalUsers) }

// userKeys is a hash of the user that was seen first under each of the first keys. Whether another is seen later does not
// depend on which was first.
type userKeys [2]struct {
	alias uint16
	hash  uint32
}

// noteUser compares the user that the span names with those that other spans do.
func (r *reading) noteUser() {
	said := &r.texts[roleUser]
	if said.at == 0 || said.place != onSpan {
		return
	}
	s := &r.facts.signals
	hash := uint32(otlp.Hash(r.text(roleUser))) | 1
	for i := range s.users {
		u := &s.users[i]
		switch {
		case u.hash == 0:
			u.alias, u.hash = said.alias, hash
			return
		case u.alias == said.alias:
			if u.hash != hash {
				s.flags |= signalUsers
			}
			return
		}
	}
}
