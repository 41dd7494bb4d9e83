package vault

import (
	"fmt"
	mathrand "math/rand"
	"math/rand/v2"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// crashFS calls before at every operation that changes the disk, in the goroutine that is about to change it.
type crashFS struct {
	durable.FS
	before func()
}

func (c *crashFS) Create(name string) (durable.File, error) {
	c.before()
	f, err := c.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return &crashFile{f, c.before}, nil
}

func (c *crashFS) Remove(name string) error     { c.before(); return c.FS.Remove(name) }
func (c *crashFS) Rename(from, to string) error { c.before(); return c.FS.Rename(from, to) }
func (c *crashFS) SyncDir(dir string) error     { c.before(); return c.FS.SyncDir(dir) }

type crashFile struct {
	durable.File
	before func()
}

func (f *crashFile) WriteAt(p []byte, off int64) (int, error) {
	f.before()
	return f.File.WriteAt(p, off)
}

func (f *crashFile) Sync() error { f.before(); return f.File.Sync() }

// crash is the disk after a power cut, and what was promised before it.
type crash struct {
	disk  *durable.Mem
	model *model
	step  int
	what  string
}

// TestCrash_EveryChange cuts the power before changes to the disk throughout a random run. What was acknowledged is there,
// what was deleted is not, nothing unfinished is seen, and the vault goes on from there.
func TestCrash_EveryChange(t *testing.T) {
	for round := range 6 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			rng := seeded(t)
			for i, c := range crashRun(t, rng) {
				v := openVault(t, c.disk, smallBlocks)
				if err := c.model.check(v, sessionsInPlay, false); err != nil {
					t.Fatalf("crash %d, in step %d, %s: %v", i, c.step, c.what, err)
				}
				wantOnce(t, v)
				if i%5 > 0 {
					continue
				}
				wantSound(t, v)
				wantTidy(t, v)
				p := &play{model: c.model, rng: rng, v: v, next: 1_000_000}
				for range 4 {
					if what, err := p.step(); err != nil {
						t.Fatalf("crash %d, in step %d, %s: %s after it: got %v, want nil", i, c.step, c.what, what, err)
					}
				}
				if err := c.model.check(v, sessionsInPlay, false); err != nil {
					t.Fatalf("crash %d, in step %d, %s, went on: %v", i, c.step, c.what, err)
				}
			}
		})
	}
}

func crashRun(t *testing.T, rng *rand.Rand) (crashes []crash) {
	t.Helper()
	disk := newMem()
	cut := mathrand.New(mathrand.NewSource(rng.Int64()))
	p := &play{model: newModel(), rng: rng}
	step := 0
	fsys := &crashFS{disk, func() {
		if p.v != nil && cut.Intn(6) == 0 {
			crashes = append(crashes, crash{disk.CrashClone(cut), p.model.clone(), step, ""})
		}
	}}
	p.v = openVault(t, fsys, smallBlocks)
	for step = range 25 {
		from := len(crashes)
		what, err := p.step()
		if err != nil {
			t.Fatalf("step %d: %s: got %v, want nil", step, what, err)
		}
		for i := range crashes[from:] {
			crashes[from+i].what = what
		}
	}
	return crashes
}

// wantOnce says that no block is alive beside one that it replaced, or by a swap that was never committed.
func wantOnce(t *testing.T, v *Vault) {
	t.Helper()
	s := v.state.Load()
	for _, r := range s.blocks {
		if r.swap != (BlockID{}) && v.swaps[r.swap] == nil {
			t.Errorf("block %v is alive, but its swap was never committed", r.id)
		}
	}
	for _, swap := range v.swaps {
		for _, id := range swap.old {
			if s.block(id) != nil {
				t.Errorf("block %v is alive, but swap %v replaced it", id, swap.id)
			}
		}
	}
}
