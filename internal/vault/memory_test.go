package vault

import (
	"runtime"
	"testing"
)

// heldBy says how much memory an open vault keeps of blocks with so many sessions each, its cache aside.
func heldBy(t *testing.T, blocks, sessions int) int64 {
	t.Helper()
	disk := newMem()
	v := openVault(t, disk)
	rng := randomBytes{}.with(1)
	for n := range blocks {
		var all []stored
		for i := range sessions {
			all = append(all, stored{id: sid(n*sessions + i), traces: []Trace{{ID: tid(n*sessions + i), Parts: []Part{{Body: letters(rng, 20)}}}}})
		}
		write(t, v, "hold", all...)
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	v = openVault(t, disk, func(c *Config) { c.CacheBytes = -1 })
	for i := range blocks * sessions {
		if found, err := v.FindSession(ctx, sid(i)); i%17 == 0 && (err != nil || len(found) != 1) {
			t.Fatalf("find: got %v, %v, want one", found, err)
		}
		if i == 50 {
			break
		}
	}
	after := heap()
	runtime.KeepAlive(v)
	runtime.KeepAlive(disk)
	return after - before
}

// TestMemory_GrowsWithBlocksAlone opens blocks of one session and as many of three hundred: the memory is the same, some
// kilobyte a block.
func TestMemory_GrowsWithBlocksAlone(t *testing.T) {
	const blocks = 100
	few, many := heldBy(t, blocks, 1), heldBy(t, blocks, 300)
	t.Logf("%d bytes a block of one session, %d of three hundred", few/blocks, many/blocks)
	if few > 2000*blocks || many > 2000*blocks {
		t.Errorf("memory of %d blocks: got %d bytes with one session each and %d with 300, want at most 2000 a block in either", blocks, few, many)
	}
}
