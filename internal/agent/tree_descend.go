package agent

// descend goes from the roots down, and counts what each span is in its place.
func (w *walker) descend() {
	nodes := w.facts.nodes
	w.about, w.numbers = sized(w.about, len(nodes)), sized(w.numbers, len(nodes))
	w.steps = sized(w.steps, len(nodes)+1)
	w.uses, w.fails = w.uses[:0], w.fails[:0]
	clear(w.answers)
	w.markRuns()
	for k := len(w.order) - 1; k >= 0; k-- {
		w.place(w.order[k])
	}
	for i := 0; i < len(nodes) && !w.ended; i++ {
		w.visit(int32(i))
	}
}

// markRuns makes runs of the outermost parts of pipelines where nothing else is one.
func (w *walker) markRuns() {
	nodes := w.facts.nodes
	for i := range nodes {
		if nodes[i].kind == SpanRun || nodes[i].kind == SpanTurn {
			return
		}
	}
	for i := range nodes {
		if nodes[i].kind == spanChain && !w.hasChainAbove(int32(i)) {
			w.marks[i] |= markRun
		}
	}
}

func (w *walker) hasChainAbove(i int32) bool {
	p := w.parents[i]
	return w.isNode(p) && w.facts.nodes[p].kind == spanChain
}

// kindOf is a span's kind in its place.
func (w *walker) kindOf(i int32) SpanKind {
	switch k := w.facts.nodes[i].kind; {
	case w.marks[i]&markRun != 0:
		return SpanRun
	case k >= spanChain:
		return SpanOther
	default:
		return k
	}
}

// place works out what is above a span.
func (w *walker) place(i int32) {
	nodes := w.facts.nodes
	n, kind := &nodes[i], w.kindOf(i)
	c := context{run: -1, step: -1, tool: -1}
	if p := w.parents[i]; w.isNode(p) {
		c = w.about[p]
	}
	c.attempt = c.attempt || w.marks[i]&markAttempt != 0
	if n.agent != 0 {
		c.agent = n.agent
	}
	switch kind {
	case SpanRun:
		c.run, c.step = i, -1
		if n.name != 0 {
			c.agent = n.name
		}
		c.near = kind
	case SpanTurn:
		c.turn = true
	case SpanStep:
		if c.step < 0 {
			c.step = i
			w.steps[c.run+1].written = true
		}
	case SpanTool:
		c.tool, c.near = i, kind
	case SpanLLM:
		c.near = kind
	}
	if (kind == SpanRun || kind == SpanTool) && c.paid == paidCall {
		c.paid = unpaid // the call that it runs in did not pay for other calls
	}
	w.claim(i, n, &c)
	w.about[i] = c
}

// claim decides whether what a span says of usage and cost counts: usage on the innermost call to a model that says
// any; a sum only where no call below says any; of costs the innermost, never added to those above.
func (w *walker) claim(i int32, n *node, c *context) {
	if n.side < 0 || n.kind == SpanTool {
		return
	}
	said, below := &w.facts.calls[n.side], w.below[i]
	if said.said&saidCost != 0 {
		switch calls := n.kind.callsModel(); {
		case c.paid != unpaid:
		case calls && below&belowCost == 0:
			w.marks[i] |= markCost
			c.paid = paidCall
		case !calls && below&belowAnyCost == 0:
			w.marks[i] |= markCost
			c.paid = paidBySum
		}
	}
	if said.said&saidUsage == 0 || !w.claimsUsage(n, below, c) {
		return
	}
	w.marks[i] |= markUsage
	if c.paid == unpaid {
		w.marks[i] |= markPrice
	}
}

func (w *walker) claimsUsage(n *node, below belowBits, c *context) bool {
	switch n.kind {
	case SpanLLM:
		return below&belowLLMUsed == 0
	case SpanEmbedding, SpanRerank:
		return below&belowEmbedUsed == 0
	}
	u := &w.facts.calls[n.side].usage
	if c.claimed || below&belowAnyUsed != 0 {
		return false
	}
	c.claimed = u.input > 0 || u.output > 0
	return true
}

// above returns what is above a span, itself not included.
func (w *walker) above(i int32) context {
	if p := w.parents[i]; w.isNode(p) {
		return w.about[p]
	}
	return context{run: -1, step: -1, tool: -1}
}
