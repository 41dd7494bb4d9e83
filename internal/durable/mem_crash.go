package durable

import (
	"maps"
	"math/rand"
	"slices"
)

// CrashClone gives what a power cut would leave at this moment: all that was synced, and of the rest a random part.
// Each unsynced write is there, missing or torn at a random byte, whatever became of those before it; each unsynced
// entry of a directory is as it was or as it is. Equal states and seeds give equal clones. The clone is independent
// of m, has nothing unsynced and no limit.
func (m *Mem) CrashClone(rng *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	clone := NewMem()
	maps.Copy(clone.dirs, m.dirs)
	nodes := map[*memNode]*memNode{} // a file that is found under two names stays one file
	for _, name := range m.namesLocked() {
		n := m.synced[name]
		if now := m.now[name]; now != n && rng.Intn(2) == 0 {
			n = now
		}
		if n == nil {
			continue
		}
		if nodes[n] == nil {
			nodes[n] = n.crash(rng)
		}
		clone.now[name], clone.synced[name] = nodes[n], nodes[n]
	}
	return clone
}

// namesLocked lists all names in either view, sorted so that a seed means the same in every run.
func (m *Mem) namesLocked() []string {
	all := maps.Clone(m.now)
	maps.Copy(all, m.synced)
	return slices.Sorted(maps.Keys(all))
}

// crash gives the node as a power cut leaves it.
func (n *memNode) crash(rng *rand.Rand) *memNode {
	data := slices.Clone(n.onDisk)
	for _, w := range n.pending {
		switch rng.Intn(4) {
		case 0: // lost
		case 1: // torn; what the file system put in place of the rest may be zeros
			if len(w.data) > 0 {
				data = w.apply(data, rng.Intn(len(w.data)))
				if rng.Intn(2) == 0 {
					data = resize(data, max(int64(len(data)), w.off+int64(len(w.data))))
				}
			}
		default:
			data = w.apply(data, len(w.data))
		}
	}
	return &memNode{data: data, onDisk: slices.Clone(data)}
}
