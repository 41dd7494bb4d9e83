package wal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLog_DeliversEverythingAgainAfterEachOpen(t *testing.T) {
	mem, _ := memConfig()
	for _, c := range []struct {
		name string
		cfg  Config
	}{
		{"memory", mem},
		{"disk", Config{Dir: t.TempDir() + "/a/wal", SegmentBytes: 4096}},
		{"compressed", Config{Dir: t.TempDir() + "/wal", SegmentBytes: 4096, Compress: true}},
		{"interval", Config{Dir: t.TempDir() + "/wal", Durability: Interval}},
		{"process", Config{Dir: t.TempDir() + "/wal", Durability: Process, SegmentBytes: 4096}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			for range 3 {
				l, rec := open(t, c.cfg), newRecorder()
				l.Start(rec)
				<-rec.caught
				for i := range 50 {
					_, s := put(t, l, fmt.Sprintf("body %d %0*d", i, 50*i, i))
					want = append(want, s)
				}
				closeLog(t, l)
				wantRecords(t, rec, want)
				wantNoDamage(t, rec)
				if !slices.IsSorted(rec.ended) {
					t.Errorf("sealed: got %v, want them in order", rec.ended)
				}
			}
		})
	}
}

func TestLog_RecordBodyFromMemoryIsTheCallersOwn(t *testing.T) {
	cfg, _ := memConfig()
	l, rec := open(t, cfg), newRecorder()
	rec.seen = make(chan struct{}, 1)
	l.Start(rec)
	<-rec.caught
	c := l.Append(&Record{Kind: 1, Attachment: 42, Done: func() { t.Error("Done was called for a record delivered from memory") }})
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	<-rec.seen
	closeLog(t, l)
	if rec.attach[0] != 42 || rec.disk[0] {
		t.Errorf("got attachment %v, from disk %v, want 42 from memory", rec.attach[0], rec.disk[0])
	}
}

func TestLog_RefusesWhatItCannotStore(t *testing.T) {
	cfg, _ := memConfig()
	l := open(t, cfg)
	l.Start(newRecorder())
	var done int
	if err := l.Append(&Record{Done: func() { done++ }}).Wait(); err == nil {
		t.Error("kind 0: got nil, want an error")
	}
	closeLog(t, l)
	if err := l.Append(&Record{Kind: 1, Done: func() { done++ }}).Wait(); !errors.Is(err, ErrClosed) {
		t.Errorf("append after Close: got %v, want ErrClosed", err)
	}
	if done != 2 {
		t.Errorf("Done: got %d calls, want 2", done)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close twice: got %v, want nil", err)
	}
}

func TestLog_CloseWithoutStartFailsWhatWasAppended(t *testing.T) {
	cfg, _ := memConfig()
	l := open(t, cfg)
	c := l.Append(&Record{Kind: 1})
	closeLog(t, l)
	if err := c.Wait(); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestOpen_NamesEveryFaultOfTheConfig(t *testing.T) {
	_, err := Open(Config{SegmentBytes: 1, QueueBytes: -1, SyncInterval: -1, Durability: 9})
	for _, key := range []string{"Dir", "SegmentBytes", "QueueBytes", "SyncInterval", "Durability"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("got %v, want %s named", err, key)
		}
	}
}

func TestOpen_LeavesNewerFormatsAlone(t *testing.T) {
	for _, c := range []struct {
		name    string
		off     int64 // of the header
		size    int
		version int // its place in the header
	}{
		{"segment", 0, segmentHeader, 8},
		{"frame", segmentHeader, frameHeader, 4},
		{"flags", segmentHeader, frameHeader, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, m := memConfig()
			l := open(t, cfg)
			l.Start(newRecorder())
			put(t, l, "x")
			closeLog(t, l)
			f, err := m.Open("data/wal/00000001.wal")
			if err != nil {
				t.Fatal(err)
			}
			head := make([]byte, c.size)
			if _, err := f.ReadAt(head, c.off); err != nil {
				t.Fatal(err)
			}
			head[c.version] = 0x80
			rewriteChecksum(head)
			if _, err := f.WriteAt(head, c.off); err != nil {
				t.Fatal(err)
			}
			before, _ := f.Size()
			if _, err := Open(cfg); !errors.Is(err, ErrVersion) {
				t.Errorf("got %v, want ErrVersion", err)
			}
			if after, err := f.Size(); after != before || err != nil {
				t.Errorf("file: got %d bytes, %v, want the %d there were", after, err, before)
			}
		})
	}
}

func TestLog_OneSyncForAGroup(t *testing.T) {
	cfg, _ := memConfig()
	var groups []int
	cfg.OnSync = func(_ time.Duration, records int, _ int64) { groups = append(groups, records) }
	l := open(t, cfg)
	var commits []*Commit
	for range 10 { // before Start they all gather
		commits = append(commits, l.Append(&Record{Kind: 1, Body: []byte("x")}))
	}
	l.Start(newRecorder())
	for _, c := range commits {
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, l)
	if !slices.Equal(groups, []int{10}) {
		t.Errorf("records by sync: got %v, want [10]", groups)
	}
}

func TestLog_IntervalSyncsInTheBackground(t *testing.T) {
	cfg, _ := memConfig()
	synced := make(chan int, 10)
	cfg.Durability, cfg.SyncInterval = Interval, time.Millisecond
	cfg.OnSync = func(_ time.Duration, records int, _ int64) { synced <- records }
	l := open(t, cfg)
	l.Start(newRecorder())
	put(t, l, "x")
	if got := <-synced; got != 1 {
		t.Errorf("records synced: got %d, want 1", got)
	}
	closeLog(t, l)
}

func TestLog_RecordLargerThanASegmentIsAlone(t *testing.T) {
	cfg, _ := memConfig()
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	a, _ := put(t, l, "small")
	b, _ := put(t, l, strings.Repeat("large", 4000))
	c, _ := put(t, l, "small")
	closeLog(t, l)
	if a.Segment() != 1 || b.Segment() != 2 || c.Segment() != 3 || b.Offset() != segmentHeader {
		t.Errorf("positions: got %v, %v, %v, want segments 1, 2, 3", a, b, c)
	}
}

func TestLog_RotateSeals(t *testing.T) {
	cfg, _ := memConfig()
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	put(t, l, "x")
	l.Rotate()
	if id := <-rec.sealed; id != 1 {
		t.Errorf("sealed: got %d, want 1", id)
	}
	l.Rotate() // nothing to seal
	p, _ := put(t, l, "y")
	if p.Segment() != 2 {
		t.Errorf("next record: got segment %d, want 2", p.Segment())
	}
	closeLog(t, l)
}

func TestLog_ConcurrentUse(t *testing.T) {
	cfg := Config{Dir: t.TempDir() + "/wal", SegmentBytes: 64 << 10, QueueBytes: 20 << 10, Compress: true}
	l, rec := open(t, cfg), newRecorder()
	rec.seen = make(chan struct{}, 801)
	l.Start(rec)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 100 {
				body := bytes.Repeat(fmt.Appendf(nil, "%d %d ", w, i), 1+i*3)
				c := l.Append(&Record{Kind: Kind(w + 1), Body: body})
				if i%10 > 0 {
					continue
				}
				if err := c.Wait(); err != nil {
					t.Error(err)
				}
				got, err := l.ReadRanges(c.Position(), []Range{{1, 3}, {0, 2}}, []byte("-"))
				if want := "-" + string(body[1:4]) + string(body[:2]); err != nil || string(got) != want {
					t.Errorf("ranges: got %q, %v, want %q", got, err, want)
				}
				l.Bytes()
				l.Segments()
			}
		})
	}
	wg.Wait()
	last, _ := put(t, l, "last")
	for range 801 {
		<-rec.seen
	}
	closeLog(t, l)
	live := rec.got
	rec = reopen(t, cfg)
	wantRecords(t, rec, live)
	wantNoDamage(t, rec)
	if len(rec.got) != 801 || rec.pos[800] != last {
		t.Fatalf("got %d records that end at %v, want 801 that end at %v", len(rec.got), rec.pos[len(rec.pos)-1], last)
	}
	next := map[Kind]int{} // each writer's records are in the order of its calls
	for _, s := range rec.got[:800] {
		var k Kind
		var w, i int
		if _, err := fmt.Sscanf(s, "%d//%d %d", &k, &w, &i); err != nil {
			t.Fatal(err)
		}
		if i != next[k] || w+1 != int(k) {
			t.Fatalf("writer %d: got record %d, want %d", w, i, next[k])
		}
		next[k]++
	}
}
