package sampler

// arrivals lists the open traces of one shard from the one that came first, so that at the memory bound the oldest
// can be decided early. Owned by the shard.
type arrivals struct{ oldest, newest *trace }

func (a *arrivals) push(t *trace) {
	t.older, t.newer = a.newest, nil
	if a.newest == nil {
		a.oldest = t
	} else {
		a.newest.newer = t
	}
	a.newest = t
}

// remove takes t out, if it is there.
func (a *arrivals) remove(t *trace) {
	if t.older == nil && t.newer == nil && a.oldest != t {
		return
	}
	if t.older == nil {
		a.oldest = t.newer
	} else {
		t.older.newer = t.newer
	}
	if t.newer == nil {
		a.newest = t.older
	} else {
		t.newer.older = t.older
	}
	t.older, t.newer = nil, nil
}
