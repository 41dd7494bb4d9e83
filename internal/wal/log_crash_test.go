package wal

import (
	"fmt"
	"math/rand"
	"slices"
	"sync"
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

func (c *crashFS) Open(name string) (durable.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &crashFile{f, c.before}, nil
}

func (c *crashFS) Remove(name string) error { c.before(); return c.FS.Remove(name) }
func (c *crashFS) SyncDir(dir string) error { c.before(); return c.FS.SyncDir(dir) }

type crashFile struct {
	durable.File
	before func()
}

func (f *crashFile) WriteVec(bufs [][]byte, off int64) (int, error) {
	f.before()
	return f.File.WriteVec(bufs, off)
}

func (f *crashFile) WriteAt(p []byte, off int64) (int, error) {
	f.before()
	return f.File.WriteAt(p, off)
}

func (f *crashFile) Sync() error               { f.before(); return f.File.Sync() }
func (f *crashFile) Truncate(size int64) error { f.before(); return f.File.Truncate(size) }

// crash is the disk after a power cut, and what was promised before it.
type crash struct {
	disk  *durable.Mem
	acked []string // in order
	sent  []string // appended, acknowledged or not
}

// crashRun appends random groups and removes old segments, and cuts the power before every change to the disk. Groups
// are gathered before the log starts, so a run is the same for the same seed.
func crashRun(t *testing.T, seed int64, durability Durability) []crash {
	t.Helper()
	rng := rand.New(rand.NewSource(seed))
	cfg, disk := memConfig()
	cfg.Durability = durability
	var crashes []crash
	var mu sync.Mutex
	var commits []*Commit
	var sent []string
	cfg.FS = &crashFS{disk, func() {
		mu.Lock()
		defer mu.Unlock()
		c := crash{disk: disk.CrashClone(rng), sent: slices.Clone(sent)}
		for i, commit := range commits {
			select {
			case <-commit.Done():
				c.acked = append(c.acked, sent[i])
			default:
			}
		}
		crashes = append(crashes, c)
	}}
	for range 3 {
		l := open(t, cfg)
		add := func() {
			mu.Lock()
			defer mu.Unlock()
			r := saying(len(sent), 10+rng.Intn(2500))
			sent = append(sent, text(1, nil, r.Body))
			commits = append(commits, l.Append(r))
		}
		for range 1 + rng.Intn(8) {
			add()
		}
		rec := newRecorder()
		l.Start(rec)
		<-rec.caught
		for range 4 {
			mu.Lock()
			last := commits[len(commits)-1]
			mu.Unlock()
			if err := last.Wait(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			add()
		}
		closeLog(t, l)
	}
	return crashes
}

// TestCrash_NothingAcknowledgedIsLost cuts the power before every change to the disk of many runs. What was
// acknowledged is there, in order and once; what was not may be; and the repaired log stays as it is found.
func TestCrash_NothingAcknowledgedIsLost(t *testing.T) {
	rounds := 0
	for seed := range int64(25) {
		for i, c := range crashRun(t, seed, Always) {
			rounds++
			where := fmt.Sprintf("seed %d, crash %d (go test ./internal/wal -run TestCrash_NothingAcknowledgedIsLost)", seed, i)
			cfg, _ := memConfig()
			cfg.FS = c.disk
			rec := reopen(t, cfg)
			checkCrash(t, where, c, rec)
			if again := reopen(t, cfg); !slices.Equal(again.got, rec.got) {
				t.Fatalf("%s: got %d records, and %d when opened again", where, len(rec.got), len(again.got))
			}
		}
	}
	if rounds < 1000 {
		t.Errorf("got %d crashes, want the runs to reach more", rounds)
	}
}

func checkCrash(t *testing.T, where string, c crash, rec *recorder) {
	t.Helper()
	if extra := minus(rec.got, c.sent); len(extra) > 0 {
		t.Fatalf("%s: delivered but never appended, or twice: %.60q", where, extra)
	}
	if lost := minus(c.acked, rec.got); len(lost) > 0 {
		t.Fatalf("%s: got %d of %d acknowledged, lost %.60q, damage %+v", where, len(rec.got), len(c.acked), lost, rec.damage)
	}
	if !slices.IsSortedFunc(rec.got, func(a, b string) int { return slices.Index(c.sent, a) - slices.Index(c.sent, b) }) {
		t.Fatalf("%s: got %.300q, want the order of the appends", where, rec.got)
	}
}

// TestCrash_WithoutSyncsTheRestIsStillInOrder: under Process a power cut may cost anything, but what is left is sound.
func TestCrash_WithoutSyncsTheRestIsStillInOrder(t *testing.T) {
	for seed := range int64(10) {
		for i, c := range crashRun(t, seed, Process) {
			cfg, _ := memConfig()
			cfg.FS = c.disk
			c.acked = nil
			checkCrash(t, fmt.Sprintf("seed %d, crash %d", seed, i), c, reopen(t, cfg))
		}
	}
}

// TestCrash_RemovalLeavesTheEndOfTheLog cuts the power during removals: what is left of the log has no gap.
func TestCrash_RemovalLeavesTheEndOfTheLog(t *testing.T) {
	for seed := range int64(30) {
		rng := rand.New(rand.NewSource(seed))
		cfg, disk := memConfig()
		var crashes []*durable.Mem
		var on bool
		cfg.FS = &crashFS{disk, func() {
			if on {
				crashes = append(crashes, disk.CrashClone(rng))
			}
		}}
		l, rec := open(t, cfg), newRecorder()
		l.Start(rec)
		var want []string
		for i := range 6 {
			_, s := put(t, l, fmt.Sprint(i))
			want = append(want, s)
			l.Rotate()
			<-rec.sealed
		}
		on = true
		if err := l.RemoveThrough(4); err != nil {
			t.Fatal(err)
		}
		on = false
		closeLog(t, l)
		for i, c := range crashes {
			cfg.FS = c
			rec := reopen(t, cfg)
			wantNoDamage(t, rec)
			if n := len(rec.got); n < 2 || !slices.Equal(rec.got, want[6-n:]) {
				t.Fatalf("seed %d, crash %d: got %q, want the end of %q", seed, i, rec.got, want)
			}
		}
	}
}
