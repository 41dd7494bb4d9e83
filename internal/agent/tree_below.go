package agent

// lookBelow finds out, from the leaves up, what is under each span.
func (w *walker) lookBelow() {
	f := w.facts
	w.below, w.flags = sized(w.below, len(f.nodes)), sized(w.flags, len(f.nodes))
	for i := range f.nodes {
		w.flags[i] = f.nodes[i].flags
	}
	for _, i := range w.order {
		parent := w.parents[i]
		if !w.isNode(parent) {
			continue
		}
		n := &f.nodes[i]
		bits := w.below[i]
		if n.kind == SpanTool || n.kind == SpanRun || n.kind == SpanHandoff {
			bits &^= belowCover
		}
		w.below[parent] |= bits | f.ownBits(n)
		w.passFailure(n, w.flags[i], parent)
	}
}

// ownBits is what a span is to those above it.
func (f *Facts) ownBits(n *node) (bits belowBits) {
	if n.kind == SpanLLM && !n.flags.has(flagEcho) {
		bits |= belowLLM
	}
	if n.side < 0 || n.kind == SpanTool {
		return bits
	}
	c := &f.calls[n.side]
	if c.said&saidCost != 0 {
		bits |= belowAnyCost
		if n.kind.callsModel() {
			bits |= belowCost
		}
	}
	if !n.kind.callsModel() || c.usage.input == 0 && c.usage.output == 0 {
		return bits
	}
	if n.kind == SpanLLM {
		return bits | belowLLMUsed | belowAnyUsed
	}
	return bits | belowEmbedUsed
}

// passFailure lets a tool fail whose own span does not say so: where the same tool is traced twice, and where the
// failure stands on a part of it.
func (w *walker) passFailure(n *node, flags nodeFlags, parent int32) {
	above := &w.facts.nodes[parent]
	if above.kind != SpanTool || !flags.has(flagFailed) {
		return
	}
	if n.kind == SpanTool && n.name == above.name || n.kind == SpanOther && n.dialect == ClaudeCode {
		w.flags[parent] |= flags & (flagFailed | flagTimeout)
	}
}

// siblingsBack is how many siblings are looked at for an attempt that failed, and for the other record of a call.
const siblingsBack = 16

// chain links each span to the sibling that started before it.
func (w *walker) chain() {
	w.before = sized(w.before, len(w.facts.nodes))
	w.last = sized(w.last, len(w.facts.nodes)+1+len(w.missing))
	for i, group := range w.parents {
		w.before[i] = w.last[group] - 1
		w.last[group] = int32(i) + 1
	}
}

// adopt puts a call under the sibling that records the same call. Two instrumentations that both wrap a client, and do
// not make their spans current, write their spans side by side: the inner one runs within the outer one's time.
func (w *walker) adopt() {
	nodes := w.facts.nodes
	var scope uint32
	var calls, stacked bool
	for i := range nodes {
		if nodes[i].kind == SpanLLM {
			stacked = stacked || calls && nodes[i].origin.scope() != scope
			scope, calls = nodes[i].origin.scope(), true
		}
	}
	if !stacked {
		return
	}
	w.chain()
	for i := range nodes {
		back := 0
		for j := w.before[i]; j >= 0 && back < siblingsBack && nodes[i].kind == SpanLLM; j, back = w.before[j], back+1 {
			if w.records(&nodes[j], &nodes[i]) {
				w.parents[i] = j
				break
			}
		}
	}
}

// records tells whether outer is another record of the call inner.
func (w *walker) records(outer, inner *node) bool {
	if outer.kind != SpanLLM || outer.origin.scope() == inner.origin.scope() || outer.name != inner.name || inner.start == 0 ||
		outer.end()+lengthUnit < inner.end() || (outer.flags | inner.flags).has(flagEcho) {
		return false
	}
	if outer.side < 0 || inner.side < 0 {
		return true
	}
	a, b := &w.facts.calls[outer.side], &w.facts.calls[inner.side]
	return (a.said&b.said)&saidUsage == 0 || a.usage.input == b.usage.input
}

// findAttempts marks spans that failed and that another attempt of the same call, below the same parent, replaced.
func (w *walker) findAttempts() {
	nodes := w.facts.nodes
	w.chain()
	w.marks = sized(w.marks, len(nodes))
	for i := range nodes {
		if nodes[i].flags.has(flagEcho) || nodes[i].start == 0 {
			continue
		}
		switch nodes[i].kind {
		case SpanLLM, SpanTool, SpanEmbedding, SpanRerank, SpanRetrieval, SpanHTTP:
			w.findAttempt(int32(i))
		}
	}
}

// findAttempt looks among the siblings before node i for the attempt that it replaces.
func (w *walker) findAttempt(i int32) {
	nodes := w.facts.nodes
	n := &nodes[i]
	back := 0
	for j := w.before[i]; j >= 0 && back < siblingsBack; j, back = w.before[j], back+1 {
		s := &nodes[j]
		switch {
		case s.kind == n.kind && w.sameCall(n, s):
			if w.flags[j].has(flagFailed) && s.flags.has(flagSized) && n.start >= s.end() {
				w.marks[j] |= markAttempt
			}
			return
		case n.kind == SpanTool && s.kind == SpanTool: // another tool beside it
		case s.kind == SpanLLM || s.kind == SpanTool || s.kind == n.kind:
			return // the run went on between
		}
	}
}

// sameCall tells whether two spans of a kind could be attempts of one call.
func (w *walker) sameCall(n, s *node) bool {
	if n.name != s.name {
		return false
	}
	if n.kind != SpanTool {
		return true
	}
	given := w.arguments(n)
	return given == w.arguments(s) && (given != 0 || n.name != 0)
}

// arguments returns the hash of what a tool was given; 0 if it is not known.
func (w *walker) arguments(n *node) uint64 {
	if n.side < 0 {
		return 0
	}
	return w.facts.uses[n.side].arguments
}
