package meter

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// talker is a user of a tenant.
type talker struct{ tenant, user string }

// talked is what a user spent while there was room for him.
type talked struct {
	talker
	at     int // in the heap
	weight int64
	series series
}

// talkers finds those who spend most among any number of users, in the way of Metwally's Space-Saving: when there is no
// room, a new user takes the place of the one with the least weight and starts with that weight, so whoever spends more
// than a share of 1/room is among them for sure. What is rendered of a user is only what he spent himself since he came
// in, never what he inherited.
type talkers struct {
	room  int
	known map[talker]*talked
	least leastFirst
}

// talkersFor is the room that tells n users from the rest reliably.
func talkersFor(n int) int {
	if n == 0 {
		return 0
	}
	return max(16*n, 256)
}

// tokenWeight is what a token counts for beside cost, in nano-dollars: users of models without a price are ranked by it.
const tokenWeight = 1000

func (t *talkers) add(who talker, a *amounts, now time.Time) {
	weight := a[spentNanos]
	for i := tokensInput; i <= tokensReasoning; i++ {
		weight += tokenWeight * a[i]
	}
	if weight <= 0 {
		return
	}
	u := t.known[who]
	switch {
	case u != nil:
	case len(t.least) < t.room:
		u = &talked{talker: who, series: series{start: now}}
		if t.known == nil {
			t.known = make(map[talker]*talked)
		}
		t.known[who] = u
		heap.Push(&t.least, u)
	default:
		u = t.least[0]
		delete(t.known, u.talker)
		*u = talked{talker: who, at: u.at, weight: u.weight, series: series{start: now}}
		t.known[who] = u
	}
	u.weight += weight
	heap.Fix(&t.least, u.at)
	u.series.last = now
	for i, n := range a {
		u.series.sums[i] += n
	}
}

// top returns the n users with the greatest weight.
func (t *talkers) top(n int) []*talked {
	all := slices.SortedFunc(slices.Values(t.least), func(a, b *talked) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.user, b.user))
	})
	return all[:min(n, len(all))]
}

// leastFirst is a heap for container/heap.
type leastFirst []*talked

func (l leastFirst) Len() int           { return len(l) }
func (l leastFirst) Less(i, j int) bool { return l[i].weight < l[j].weight }
func (l leastFirst) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].at, l[j].at = i, j
}

// Push implements heap.Interface.
func (l *leastFirst) Push(x any) {
	u := x.(*talked)
	u.at = len(*l)
	*l = append(*l, u)
}

// Pop implements heap.Interface.
func (l *leastFirst) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}
