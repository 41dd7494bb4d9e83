package agent

import (
	"slices"
	"time"
)

// visit counts one span, in the order in which spans began, or gives it away.
func (w *walker) visit(i int32) {
	n, kind, up := &w.facts.nodes[i], w.kindOf(i), w.above(i)
	a := &w.action // one for all spans, as what is given to emit escapes
	*a = Action{Kind: kind, Failed: w.flags[i].has(flagFailed), TimedOut: w.flags[i].has(flagTimeout)}
	a.Counted = w.counts(i, n, kind, &up)
	w.countRetries(i, n, kind)
	if up.attempt || w.marks[i]&markAttempt != 0 {
		a.Counted = false
		if w.marks[i]&markAttempt != 0 && kind != SpanHTTP {
			a.Kind = SpanRetry
		}
	}
	answered := w.answered(i, n, a.Counted)
	if answered >= 0 {
		a.Counted = false
	}
	step := w.stepOf(i, n, kind, a.Counted)
	if a.Counted && w.emit == nil {
		w.count(i, n, a, &up)
	}
	w.charge(i, n, a, answered)
	if w.emit == nil {
		return
	}
	acted := kind != SpanOther && (a.Counted || a.UsageSaid || a.CostSaid || a.Kind == SpanRetry)
	if acted {
		w.describe(i, n, a)
		a.Step = int(step)
		w.ended = !w.emit(a)
	}
	if w.show != nil {
		w.ended = !w.show(w.inspect(i, n, kind, acted))
	}
}

// counts tells whether a span is an action of its own kind, not the cover or the copy of another.
func (w *walker) counts(i int32, n *node, kind SpanKind, up *context) bool {
	switch kind {
	case SpanLLM:
		return !n.flags.has(flagEcho) && w.below[i]&belowLLM == 0
	case SpanTool:
		return up.near != SpanTool || up.tool < 0 || w.facts.nodes[up.tool].name != n.name
	case SpanEmbedding, SpanRerank, SpanRetrieval:
		p := w.parents[i]
		return !w.isNode(p) || w.kindOf(p) != kind
	case SpanTurn:
		return !up.turn
	case SpanStep:
		return up.step < 0
	case SpanOther, SpanHTTP:
		return false
	}
	return true
}

// count adds an action to the facts.
func (w *walker) count(i int32, n *node, a *Action, up *context) {
	t := w.facts.tree
	switch a.Kind {
	case SpanLLM:
		t.llmCalls++
		if a.Failed {
			t.llmErrors++
		}
	case SpanTool:
		w.countTool(n, a)
	case SpanRetrieval:
		t.retrievals++
	case SpanEmbedding:
		t.embeddings++
	case SpanHandoff:
		t.handoffs++
	case SpanTurn:
		t.turnSpans++
	case SpanRun:
		t.runs++
		if up.run < 0 && !w.isOrphan(i) {
			t.topRuns++
		}
		if n.name != 0 {
			t.agents.add(w.facts.words.text(n.name))
			if t.agent == 0 {
				t.agent = n.name
			}
		}
	}
}

func (w *walker) countTool(n *node, a *Action) {
	t := w.facts.tree
	t.toolCalls++
	if n.name != 0 {
		t.toolNames.add(w.facts.words.text(n.name))
	}
	if given := w.arguments(n); given != 0 {
		w.uses = append(w.uses, mix(given, uint64(n.name)))
	}
	if !a.Failed {
		return
	}
	t.toolErrors++
	if a.TimedOut {
		t.toolTimeouts++
	}
	var shape uint64
	if n.side >= 0 {
		shape = w.facts.uses[n.side].shape
	}
	w.fails = append(w.fails, mix(shape, uint64(n.name)))
}

// countLoops counts the calls of tools that repeat earlier ones.
func (w *walker) countLoops() {
	t := w.facts.tree
	t.toolRepeats, t.toolRejections = again(w.uses), again(w.fails)
}

// again returns how many of the words repeat another.
func again(words []uint64) int64 {
	n := len(words)
	slices.Sort(words)
	return int64(n - len(slices.Compact(words)))
}

// isOrphan tells whether a span names a parent that is not there.
func (w *walker) isOrphan(i int32) bool { return w.parents[i] > w.rootGroup() }

// countRetries counts attempts: those that were replaced, those that spans say came before them, and requests that
// were sent again for one call.
func (w *walker) countRetries(i int32, n *node, kind SpanKind) {
	if w.emit != nil {
		return
	}
	t := w.facts.tree
	if w.isOrphan(i) {
		t.orphans++
	}
	if kind != SpanHTTP {
		t.retries += int64(n.resent)
		if w.marks[i]&markAttempt != 0 {
			t.retries++
		}
		return
	}
	p := w.parents[i]
	if !w.isNode(p) || !w.facts.nodes[p].kind.callsModel() {
		return
	}
	if b := w.before[i]; n.resent > 0 || b >= 0 && w.marks[b]&markAttempt != 0 && w.facts.nodes[b].kind == SpanHTTP {
		t.retries++
	}
}

// answered returns the call that a span is another record of, by the id of the model's response; -1: none.
func (w *walker) answered(i int32, n *node, counted bool) int32 {
	if n.side < 0 || n.kind != SpanLLM || !counted && !n.flags.has(flagEcho) {
		return -1
	}
	c := &w.facts.calls[n.side]
	if c.response == 0 {
		return -1
	}
	first, known := w.answers[c.response]
	if !known {
		if w.answers == nil {
			w.answers = make(map[uint64]int32)
		}
		w.answers[c.response] = i
		return -1
	}
	if !w.sameAnswer(first, i) {
		return -1
	}
	return first
}

// sameAnswer tells whether two spans of one response id are records of one call: they overlap, and what they say of its
// usage agrees.
func (w *walker) sameAnswer(first, i int32) bool {
	a, b := &w.facts.nodes[first], &w.facts.nodes[i]
	u, v := &w.facts.calls[a.side], &w.facts.calls[b.side]
	if u.said&saidUsage != 0 && v.said&saidUsage != 0 && (u.usage.input != v.usage.input || u.usage.output != v.usage.output) {
		return false
	}
	return b.start <= a.end()+lengthUnit || b.flags.has(flagEcho)
}

// stepOf returns the number of the step that a span is in. Where a run writes no steps, each call to a model that
// begins after the one before has ended begins one.
func (w *walker) stepOf(i int32, n *node, kind SpanKind, counted bool) int32 {
	c := &w.about[i]
	s := &w.steps[c.run+1]
	switch {
	case kind == SpanStep && counted:
		s.number++
		w.numbers[i] = s.number
		w.addStep()
	case c.step >= 0:
		return w.numbers[c.step]
	case s.written:
		return 0
	case kind == SpanLLM && counted:
		if s.number == 0 || n.start == 0 || n.start >= s.end {
			s.number++
			w.addStep()
		}
		s.end = max(s.end, n.end())
	}
	return s.number
}

func (w *walker) addStep() {
	if w.emit == nil {
		w.facts.tree.steps++
	}
}

// describe fills in the names.
func (w *walker) describe(i int32, n *node, a *Action) {
	words, c := &w.facts.words, &w.about[i]
	a.Name, a.Agent, a.Start = words.text(n.name), words.text(c.agent), n.start
	a.Duration = time.Duration(n.length) * lengthUnit
	if in := w.above(i).tool; in >= 0 {
		a.Tool = words.text(w.facts.nodes[in].name)
	}
	if n.kind.callsModel() {
		if a.Model = a.Name; n.side >= 0 && w.facts.calls[n.side].model != 0 {
			a.Model = words.text(w.facts.calls[n.side].model)
		}
	}
}
