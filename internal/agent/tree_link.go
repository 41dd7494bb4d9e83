package agent

// rootGroup is the place that stands for the parent of spans that have none.
func (w *walker) rootGroup() int32 { return int32(len(w.facts.nodes)) }

// link finds each span's parent, and tells whether ids are unique. Of spans with the same id the first is the parent of
// all that name it.
func (w *walker) link() (unique bool) {
	nodes := w.facts.nodes
	unique = true
	size := 16
	for size < 4*len(nodes) {
		size *= 2
	}
	w.slots, w.missing = sized(w.slots, size), w.missing[:0]
	for i := range nodes {
		if slot := w.slot(nodes[i].id); w.slots[slot] == 0 {
			w.slots[slot] = int32(i) + 1
		} else {
			unique = false
		}
	}
	w.parents = sized(w.parents, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		if n.parent == 0 {
			w.parents[i] = w.rootGroup()
			continue
		}
		slot := w.slot(n.parent)
		if w.slots[slot] == 0 {
			w.missing = append(w.missing, n.parent)
			w.slots[slot] = w.rootGroup() + int32(len(w.missing)) + 1
		}
		w.parents[i] = w.slots[slot] - 1
	}
	return unique
}

// slot returns where an id is in slots, or where it would be.
func (w *walker) slot(id uint64) int {
	mask := len(w.slots) - 1
	for at := int(mix(id, 0)>>20) & mask; ; at = (at + 1) & mask {
		there := w.slots[at] - 1
		if there < 0 || w.idAt(there) == id {
			return at
		}
	}
}

// idAt returns the span id that a place stands for.
func (w *walker) idAt(place int32) uint64 {
	if root := w.rootGroup(); place > root {
		return w.missing[place-root-1]
	}
	return w.facts.nodes[place].id
}

// isNode tells whether a place is a node's.
func (w *walker) isNode(place int32) bool { return place < w.rootGroup() }

// arrange puts children before their parents. A span that is its own ancestor loses its parent: of such a ring the one
// that started first.
func (w *walker) arrange() {
	n := len(w.facts.nodes)
	w.pending, w.order = sized(w.pending, n), w.order[:0]
	for _, p := range w.parents {
		if w.isNode(p) {
			w.pending[p]++
		}
	}
	for i := range n {
		if w.pending[i] == 0 {
			w.order = append(w.order, int32(i))
		}
	}
	done, ring := 0, 0
	for {
		for ; done < len(w.order); done++ {
			w.leave(w.parents[w.order[done]])
		}
		if len(w.order) == n {
			return
		}
		for w.pending[ring] <= 0 {
			ring++
		}
		parent := w.parents[ring]
		w.missing = append(w.missing, 0)
		w.parents[ring] = w.rootGroup() + int32(len(w.missing))
		w.leave(parent)
	}
}

// leave notes that one child of a place is in order.
func (w *walker) leave(parent int32) {
	if !w.isNode(parent) {
		return
	}
	if w.pending[parent]--; w.pending[parent] == 0 {
		w.order = append(w.order, parent)
	}
}
