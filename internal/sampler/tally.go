package sampler

import "math/bits"

// tally is the size of a trace's first groups, so that each is weighed once.
type tally struct{ bytes, groupsN, spansN int }

// weigh returns the size of t in bytes as the Collector's tail_sampling counts it: for each request the ResourceSpans
// messages that its spans of the trace make up, without schema URLs. Spans count as their sender wrote them.
//
// Requires: all spans of a record are added before the next call, so that no message is weighed in part.
func (t *trace) weigh() int {
	w := &t.size
	for w.groupsN < len(t.groups) {
		first := &t.groups[w.groupsN]
		resourceSpans := nestedSize(int(first.resource.Len))
		for ; w.groupsN < len(t.groups) && t.groups[w.groupsN].besides(first); w.groupsN++ {
			g := &t.groups[w.groupsN]
			scopeSpans := nestedSize(int(g.scope.Len))
			for _, span := range t.spans[w.spansN : w.spansN+int(g.spansN)] {
				scopeSpans += nestedSize(int(span.Len))
			}
			w.spansN += int(g.spansN)
			resourceSpans += nestedSize(scopeSpans)
		}
		w.bytes += resourceSpans
	}
	return w.bytes
}

// besides tells whether g came in the same ResourceSpans as first.
func (g *group) besides(first *group) bool {
	return g.origin == first.origin && g.position == first.position && g.resource == first.resource
}

// nestedSize is the size of a length-delimited field below 16 whose value has n bytes.
func nestedSize(n int) int { return 1 + (bits.Len(uint(n)|1)+6)/7 + n }
