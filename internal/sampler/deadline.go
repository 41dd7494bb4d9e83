package sampler

// deadlines orders the open traces of one shard by deadline: a binary heap whose entries know their place, so that a
// root's arrival can move its trace in O(log n). Owned by the shard.
type deadlines []*trace

// next returns the trace that is due first, or nil.
func (d deadlines) next() *trace {
	if len(d) == 0 {
		return nil
	}
	return d[0]
}

// set places t by its deadline, whether it was there before or not.
func (d *deadlines) set(t *trace) {
	if t.slot < 0 {
		t.slot = int32(len(*d))
		*d = append(*d, t)
	}
	if !d.up(int(t.slot)) {
		d.down(int(t.slot))
	}
}

// remove takes t out, if it is there.
func (d *deadlines) remove(t *trace) {
	if t.slot < 0 {
		return
	}
	i, last := int(t.slot), len(*d)-1
	d.swap(i, last)
	(*d)[last] = nil
	*d = (*d)[:last]
	t.slot = -1
	if i < last && !d.up(i) {
		d.down(i)
	}
}

func (d deadlines) up(i int) (moved bool) {
	for i > 0 {
		parent := (i - 1) / 2
		if d[parent].deadline <= d[i].deadline {
			break
		}
		d.swap(i, parent)
		i, moved = parent, true
	}
	return moved
}

func (d deadlines) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(d) {
			return
		}
		if child+1 < len(d) && d[child+1].deadline < d[child].deadline {
			child++
		}
		if d[i].deadline <= d[child].deadline {
			return
		}
		d.swap(i, child)
		i = child
	}
}

func (d deadlines) swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].slot, d[j].slot = int32(i), int32(j)
}
