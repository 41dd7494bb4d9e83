package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// TestDeliver_SpillsToDiskAndComesBack holds the consumer at the first record until the queue has overflowed several
// times, then lets it go: every record comes once, in order, the last ones from memory again.
func TestDeliver_SpillsToDiskAndComesBack(t *testing.T) {
	for _, segmentBytes := range []int64{4096, 1 << 20} {
		t.Run(fmt.Sprint(segmentBytes), func(t *testing.T) {
			cfg, _ := memConfig()
			cfg.SegmentBytes = segmentBytes
			cfg.QueueBytes = 10 * (itemOverhead + 200)
			l, rec := open(t, cfg), newRecorder()
			rec.gate, rec.seen = make(chan struct{}), make(chan struct{}, 1000)
			l.Start(rec)

			var done atomic.Int32
			var want []string
			send := func(n int) {
				for range n {
					body := fmt.Sprintf("%0200d", len(want))
					c := l.Append(&Record{Kind: 1, Body: []byte(body), Attachment: len(want), Done: func() { done.Add(1) }})
					if err := c.Wait(); err != nil {
						t.Fatal(err)
					}
					want = append(want, "1//"+body)
				}
			}
			pass := func(n int) {
				for range n {
					rec.gate <- struct{}{}
					<-rec.seen
				}
			}
			send(8) // all fit
			pass(3)
			if got := done.Load(); got != 0 {
				t.Fatalf("Done before the queue is full: got %d, want 0", got)
			}
			send(50)
			spilled := done.Load()
			pass(len(want) - 3)
			send(1) // the end was reached, or is about to be: this one may take either road
			pass(1)
			send(5)
			pass(5)
			closeLog(t, l)
			wantRecords(t, rec, want)
			wantNoDamage(t, rec)
			var disk int32
			for i, d := range rec.disk {
				if d {
					disk++
				}
				if d == (rec.attach[i] != nil) {
					t.Errorf("record %d: from disk %v with attachment %v", i, d, rec.attach[i])
				}
			}
			if spilled < 40 || disk != done.Load() {
				t.Errorf("got %d from disk, Done called %d times, %d of them before delivery went on; want the same, at least 40", disk, done.Load(), spilled)
			}
			if rec.disk[len(want)-1] {
				t.Error("the last record came from disk, want memory again")
			}
		})
	}
}

// TestDeliver_AppendsDuringRecovery: what is appended while old segments are delivered comes behind them, and behind it
// what is appended later.
func TestDeliver_AppendsDuringRecovery(t *testing.T) {
	cfg, _ := memConfig()
	l := open(t, cfg)
	l.Start(newRecorder())
	var want []string
	add := func(n int) {
		for range n {
			_, s := put(t, l, fmt.Sprintf("%0500d", len(want)))
			want = append(want, s)
		}
	}
	add(30)
	closeLog(t, l)
	rec := newRecorder()
	rec.enter, rec.gate, rec.seen = make(chan struct{}, 1000), make(chan struct{}), make(chan struct{}, 1000)
	l = open(t, cfg)
	l.Start(rec)
	<-rec.enter
	add(30)
	select {
	case <-rec.caught:
		t.Error("caught up while the first record is held")
	default:
	}
	close(rec.gate)
	<-rec.caught
	add(30)
	for range want {
		<-rec.seen
	}
	closeLog(t, l)
	wantRecords(t, rec, want)
	wantNoDamage(t, rec)
}

func TestDeliver_RecordLargerThanTheQueue(t *testing.T) {
	cfg, _ := memConfig()
	cfg.QueueBytes = 1000
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	var want []string
	for i := range 20 {
		_, s := put(t, l, strings.Repeat("x", 200*i))
		want = append(want, s)
	}
	l.Rotate()
	for id := range rec.sealed {
		if infos := l.Segments(); infos[len(infos)-1].ID == id {
			break
		}
	}
	closeLog(t, l)
	wantRecords(t, rec, want)
}

func TestDeliver_CloseEndsReadingFromDiskAndDrainsMemory(t *testing.T) {
	cfg, _ := memConfig()
	l := open(t, cfg)
	l.Start(newRecorder())
	var want []string
	for i := range 100 {
		_, s := put(t, l, fmt.Sprint(i))
		want = append(want, s)
	}
	closeLog(t, l)

	// closeHeld closes l while the consumer holds the first record it was given, which it lets go when only delivery
	// is left to wait for.
	closeHeld := func(l *Log, rec *recorder) {
		closed := make(chan error)
		<-rec.enter
		go func() { closed <- l.Close() }()
		for !l.stopping.Load() {
			runtime.Gosched()
		}
		close(rec.gate)
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
	}

	l, rec := open(t, cfg), newRecorder()
	rec.enter, rec.gate = make(chan struct{}, 1000), make(chan struct{})
	l.Start(rec)
	closeHeld(l, rec)
	wantRecords(t, rec, want[:1])

	l, rec = open(t, cfg), newRecorder()
	l.Start(rec)
	<-rec.caught
	rec.enter, rec.gate = make(chan struct{}, 1000), make(chan struct{})
	for i := range 50 {
		_, s := put(t, l, fmt.Sprint("more ", i))
		want = append(want, s)
	}
	closeHeld(l, rec)
	wantRecords(t, rec, want)
}

func TestRemoveThrough_TakesTheOldestDeliveredOnes(t *testing.T) {
	cfg, m := memConfig()
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	first, _ := put(t, l, "first")
	for range 3 {
		l.Rotate()
		<-rec.sealed
		put(t, l, "next")
	}
	before := l.Bytes()
	if err := l.RemoveThrough(2); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, m.ReadDir, "00000003.wal", "00000004.wal")
	if got := l.Bytes(); got >= before {
		t.Errorf("bytes: got %d, want less than %d", got, before)
	}
	if _, err := l.ReadRecord(first); !errors.Is(err, ErrGone) {
		t.Errorf("read of a removed record: got %v, want ErrGone", err)
	}
	if _, err := l.ReadRanges(first, []Range{{0, 1}}, nil); !errors.Is(err, ErrGone) {
		t.Errorf("ranges of a removed record: got %v, want ErrGone", err)
	}
	if err := l.RemoveThrough(100); err != nil { // 4 is not sealed
		t.Fatal(err)
	}
	wantFiles(t, m.ReadDir, "00000004.wal")
	closeLog(t, l)
	wantRecords(t, reopen(t, cfg), []string{"3/m/next"})
}

// TestRemoveThrough_NeverUsesANumberAgain: positions are kept by others, so an emptied log goes on counting.
func TestRemoveThrough_NeverUsesANumberAgain(t *testing.T) {
	cfg, m := memConfig()
	var last Position
	for round := range 3 {
		l, rec := open(t, cfg), newRecorder()
		l.Start(rec)
		<-rec.caught
		if err := l.RemoveThrough(1 << 30); err != nil {
			t.Fatal(err)
		}
		closeLog(t, l) // with nothing in it but the number
		l, rec = open(t, cfg), newRecorder()
		l.Start(rec)
		<-rec.caught
		p, _ := put(t, l, "x")
		if p <= last {
			t.Fatalf("round %d: got position %v after %v", round, p, last)
		}
		last = p
		closeLog(t, l)
	}
	names, err := m.ReadDir("data/wal")
	if err != nil || len(names) > 2 {
		t.Errorf("files: got %v, %v, want the last one and an empty one before it at most", names, err)
	}
}

func wantFiles(t *testing.T, list func(string) ([]string, error), want ...string) {
	t.Helper()
	got, err := list("data/wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("files: got %v, want %v", got, want)
	}
}
