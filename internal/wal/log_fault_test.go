package wal

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// errFault stands for whatever the system may report.
var errFault = errors.New("injected fault")

// story is what became of the records of a run.
type story struct {
	kept   []string // committed, in order
	failed []string // not committed
	all    []string // both, in order
	first  int      // of kept, those before may have been removed
}

// saying is a record of size bytes that no other record is like, of which all but the end is what others say too.
func saying(n, size int) *Record {
	body := make([]byte, size)
	shared := body[:max(size-10, 0)]
	rand.New(rand.NewSource(1)).Read(shared)
	for i := range shared {
		shared[i] = 'a' + shared[i]%26
	}
	copy(body[len(shared):], fmt.Sprintf("%0*d", size-len(shared), n))
	return &Record{Kind: 1, Body: body, Large: []Range{{0, uint32(len(shared))}}}
}

// tell opens a log on fsys and runs through every operation of the write path, whatever fails: appends over several
// segments, one of them large, most of what they say said before, rotation, removal and close.
func tell(t *testing.T, cfg Config) (*story, *recorder) {
	t.Helper()
	s, rec := &story{}, newRecorder()
	l, err := Open(cfg)
	if err != nil {
		l = open(t, cfg) // the fault was for once
	}
	l.Start(rec)
	add := func(n, size int) {
		for range n {
			r := saying(len(s.all), size)
			what := text(1, nil, r.Body)
			c := l.Append(r)
			s.all = append(s.all, what)
			if c.Wait() != nil {
				s.failed = append(s.failed, what)
				continue
			}
			s.kept = append(s.kept, what)
		}
	}
	add(3, 1200)
	add(2, 10)
	add(1, 9000)
	l.Rotate()
	add(2, 3000)
	for removeErr := errFault; removeErr != nil; {
		before := len(l.Segments())
		if removeErr = l.RemoveThrough(1); removeErr == nil && len(l.Segments()) < before {
			s.first = 5
		}
	}
	add(4, 1500)
	if err := l.Close(); err != nil && !errors.Is(err, errFault) {
		t.Errorf("close: got %v, want nil or the fault", err)
	}
	return s, rec
}

// check holds what a log delivers against the story: every committed record once and in order, of the others at most
// those that were appended.
func (s *story) check(t *testing.T, rec *recorder) {
	t.Helper()
	if !slices.IsSorted(rec.pos) {
		t.Errorf("positions: got %v, want them to grow", rec.pos)
	}
	if extra := minus(rec.got, s.all); len(extra) > 0 {
		t.Errorf("delivered but never appended, or twice: %.60q", extra)
	}
	want := s.kept[min(s.first, len(s.kept)):]
	got := slices.DeleteFunc(slices.Clone(rec.got), func(x string) bool { return !slices.Contains(want, x) })
	if !slices.Equal(got, want) {
		t.Errorf("committed and delivered: got %d of %d: %.60q", len(got), len(want), minus(want, got))
	}
	if len(rec.damage) > 0 {
		t.Errorf("damage: got %+v, want none", rec.damage)
	}
}

// minus gives those of a that are not in b, counting repeats.
func minus(a, b []string) []string {
	b = slices.Clone(b)
	var left []string
	for _, x := range a {
		if i := slices.Index(b, x); i >= 0 {
			b = slices.Delete(b, i, i+1)
		} else {
			left = append(left, x)
		}
	}
	return left
}

// TestFaults_EveryOperation fails every call of every operation once, in every way, and then cuts the power as well.
// One fault costs at most the one record that met it.
func TestFaults_EveryOperation(t *testing.T) {
	ops := []durable.Op{
		durable.OpMkdirAll, durable.OpReadDir, durable.OpCreate, durable.OpWrite, durable.OpSync, durable.OpSyncDir,
		durable.OpTruncate, durable.OpPreallocate, durable.OpRemove, durable.OpClose,
	}
	cells := 0
	for _, op := range ops {
		for _, effect := range []durable.Effect{durable.Nothing, durable.Half, durable.Whole} {
			for nth := 1; ; nth++ {
				cfg, m := memConfig()
				faulty := durable.NewFaulty(m, durable.Rule{Op: op, Nth: nth, Effect: effect, Err: errFault})
				cfg.FS = faulty
				s, rec := tell(t, cfg)
				cells++
				if !t.Run(fmt.Sprintf("%s-%d-%d", op, effect, nth), func(t *testing.T) { checkFault(t, cfg, m, s, rec) }) {
					break
				}
				if faulty.Calls(op) < nth {
					break // there is no nth call
				}
			}
		}
	}
	if cells < 150 {
		t.Errorf("got %d cells, want the matrix to reach every call", cells)
	}
}

func checkFault(t *testing.T, cfg Config, m *durable.Mem, s *story, rec *recorder) {
	live := *s
	live.first = 0
	live.check(t, rec)
	if len(rec.got) != len(s.kept) {
		t.Errorf("delivered while open: got %d, want the %d that were committed", len(rec.got), len(s.kept))
	}
	if len(s.failed) > 1 {
		t.Errorf("failed: got %d records, want one at most", len(s.failed))
	}
	for seed := range int64(5) {
		cfg.FS = m.CrashClone(rand.New(rand.NewSource(seed)))
		s.check(t, reopen(t, cfg))
		s.check(t, reopen(t, cfg)) // the repair left a sound log
	}
	cfg.FS = m
	s.check(t, reopen(t, cfg))
}

// TestFaults_PersistentThenGone: while an operation keeps failing appends fail, and when it works again so do they.
func TestFaults_PersistentThenGone(t *testing.T) {
	for _, op := range []durable.Op{durable.OpCreate, durable.OpWrite, durable.OpSync, durable.OpSyncDir} {
		for _, effect := range []durable.Effect{durable.Nothing, durable.Half, durable.Whole} {
			t.Run(fmt.Sprintf("%s-%d", op, effect), func(t *testing.T) {
				cfg, m := memConfig()
				faulty := durable.NewFaulty(m)
				var failures int
				cfg.FS, cfg.OnFailure = faulty, func(error) { failures++ }
				l, rec := open(t, cfg), newRecorder()
				l.Start(rec)
				s := &story{}
				keep := func() {
					_, text := put(t, l, fmt.Sprint("body ", len(s.all)))
					s.kept, s.all = append(s.kept, text), append(s.all, text)
				}
				keep()
				l.Rotate()
				<-rec.sealed
				faulty.Add(durable.Rule{Op: op, Times: -1, Effect: effect, Err: errFault})
				for range 5 {
					body := fmt.Sprint("body ", len(s.all))
					c := l.Append(&Record{Kind: 3, Meta: []byte("m"), Body: []byte(body)})
					if err := c.Wait(); !errors.Is(err, errFault) {
						t.Errorf("append: got %v, want the fault", err)
					}
					s.all = append(s.all, "3/m/"+body)
				}
				faulty.Clear()
				keep()
				keep()
				closeLog(t, l)
				if failures != 5 {
					t.Errorf("failures told: got %d, want 5", failures)
				}
				wantRecords(t, rec, s.kept)
				for seed := range int64(10) {
					cfg.FS = m.CrashClone(rand.New(rand.NewSource(seed)))
					s.check(t, reopen(t, cfg))
				}
			})
		}
	}
}

// TestFaults_AfterAFailedSyncTheSegmentIsLeft: what a sync reports after one that failed is worth nothing.
func TestFaults_AfterAFailedSyncTheSegmentIsLeft(t *testing.T) {
	cfg, m := memConfig()
	faulty := durable.NewFaulty(m)
	cfg.FS = faulty
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	before, _ := put(t, l, "before")
	faulty.Add(durable.Rule{Op: durable.OpSync, Err: errFault})
	if err := l.Append(&Record{Kind: 1}).Wait(); !errors.Is(err, errFault) {
		t.Errorf("got %v, want the fault", err)
	}
	if id := <-rec.sealed; id != before.Segment() {
		t.Errorf("sealed: got %d, want %d", id, before.Segment())
	}
	if after, _ := put(t, l, "after"); after.Segment() <= before.Segment() {
		t.Errorf("next record: got segment %d, want one after %d", after.Segment(), before.Segment())
	}
	closeLog(t, l)
}

// TestFaults_FailedGroupLeavesNothingBehind fails a group of a long and a short record although both reach the disk,
// and commits a short one after it: it must not stand before the failed ones' remains.
func TestFaults_FailedGroupLeavesNothingBehind(t *testing.T) {
	for _, ops := range [][]durable.Op{
		{durable.OpWrite}, {durable.OpWrite, durable.OpTruncate}, {durable.OpSync}, {durable.OpSync, durable.OpTruncate},
	} {
		t.Run(fmt.Sprint(ops), func(t *testing.T) {
			cfg, m := memConfig()
			faulty := durable.NewFaulty(m)
			entered, release := make(chan struct{}, 10), make(chan struct{})
			cfg.FS = faulty
			cfg.OnSync = func(time.Duration, int, int64) { entered <- struct{}{}; <-release }
			l, rec := open(t, cfg), newRecorder()
			l.Start(rec)
			first := l.Append(&Record{Kind: 1, Body: []byte("first")})
			<-entered
			long := l.Append(saying(0, 1200))
			short := l.Append(&Record{Kind: 1, Body: []byte("short")})
			faulty.Add(durable.Rule{Op: ops[0], Effect: durable.Whole, Err: errFault})
			if len(ops) > 1 {
				faulty.Add(durable.Rule{Op: ops[1], Err: errFault})
			}
			close(release)
			for i, c := range []*Commit{first, long, short} {
				if err := c.Wait(); (i == 0) != (err == nil) {
					t.Errorf("record %d: got %v", i, err)
				}
			}
			last := saying(1, 1100) // what it repeats of long is not there
			if err := l.Append(last).Wait(); err != nil {
				t.Fatal(err)
			}
			cfg.FS = m.CrashClone(rand.New(rand.NewSource(1)))
			closeLog(t, l)
			want := []string{"1//first", text(1, nil, last.Body)}
			wantRecords(t, rec, want)
			rec = reopen(t, cfg)
			wantRecords(t, rec, want)
			wantNoDamage(t, rec)
		})
	}
}

func TestFaults_IntervalSyncSealsTheSegment(t *testing.T) {
	cfg, m := memConfig()
	told := make(chan error, 1)
	cfg.FS = durable.NewFaulty(m, durable.Rule{Op: durable.OpSync, Nth: 2, Err: errFault}) // the first is of the header
	cfg.Durability, cfg.SyncInterval, cfg.OnFailure = Interval, 1, func(err error) { told <- err }
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	_, a := put(t, l, "a")
	if err := <-told; !errors.Is(err, errFault) {
		t.Errorf("told: got %v, want the fault", err)
	}
	<-rec.sealed
	_, b := put(t, l, "b")
	closeLog(t, l)
	wantRecords(t, rec, []string{a, b})
	wantRecords(t, reopen(t, cfg), []string{a, b})
}

func TestFaults_FullDisk(t *testing.T) {
	cfg, m := memConfig()
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	_, a := put(t, l, "a")
	m.SetLimit(6000)
	for range 10 {
		if err := l.Append(saying(0, 8000)).Wait(); !errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("got %v, want ErrFull around ENOSPC", err)
		}
	}
	small := saying(1, 1200) // there is room for it; what it repeats of the others is not there
	b := text(1, nil, small.Body)
	if err := l.Append(small).Wait(); err != nil {
		t.Fatal(err)
	}
	if got := len(l.Segments()); got > 3 {
		t.Errorf("segments after ten refusals: got %d, want no pile of empty ones", got)
	}
	m.SetLimit(0)
	closeLog(t, l)
	wantRecords(t, rec, []string{a, b})
	wantRecords(t, reopen(t, cfg), []string{a, b})
}
