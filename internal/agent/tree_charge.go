package agent

import (
	"time"

	"github.com/tailwise/tailwise/internal/price"
)

// charge adds what a span says of usage and cost, if it counts, to the facts and to its action. answered is the call
// that it is another record of; -1: none.
func (w *walker) charge(i int32, n *node, a *Action, answered int32) {
	if n.side < 0 || n.kind == SpanTool {
		return
	}
	c := &w.facts.calls[n.side]
	if answered >= 0 && w.facts.calls[w.facts.nodes[answered].side].said&saidUsage != 0 {
		return
	}
	t := w.facts.tree
	if w.marks[i]&markUsage != 0 {
		a.Usage, a.UsageSaid = c.usage.whole(), true
	}
	switch {
	case w.marks[i]&markCost != 0:
		a.CostNanos, a.CostSaid = c.cost, true
	case w.marks[i]&markPrice != 0:
		a.CostNanos, a.CostSaid = w.price(n, c)
	}
	if w.emit != nil {
		return
	}
	if a.UsageSaid {
		t.usageKnown = true
		t.usage.add(&c.usage)
	}
	if a.CostSaid {
		t.costKnown = true
		t.cost = addCount(t.cost, a.CostNanos)
	}
	if w.marks[i]&markCost != 0 {
		t.reportedKnown = true
		t.reported = addCount(t.reported, c.cost)
	}
	if w.marks[i]&markPrice != 0 && !a.CostSaid && c.usage != (compactUsage{}) {
		t.unpricedN++
		t.unpriced.add(w.unpricedName(c))
	}
}

// unpricedName names a model that has no price.
func (w *walker) unpricedName(c *call) string {
	if c.model == 0 {
		return "unknown"
	}
	return w.facts.words.text(c.model)
}

// price asks the table what a call costs.
func (w *walker) price(n *node, c *call) (int64, bool) {
	words := &w.facts.words
	asked := price.Call{
		Provider: words.text(c.provider), Model: words.text(c.model), Usage: price.Usage(c.usage.whole()),
		Batch: c.tier == tierBatch, ServiceTier: tierNames[c.tier],
	}
	if n.kind.callsModel() {
		asked.RequestModel = words.text(n.name)
	}
	if n.start != 0 {
		asked.At = time.Unix(0, int64(min(n.start, 1<<63-1)))
	}
	return w.facts.plan.prices.CostNanos(asked)
}
