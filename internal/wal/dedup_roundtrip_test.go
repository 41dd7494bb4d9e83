package wal

import (
	"bytes"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// TestDedup_RoundTrip: what several writers say, over and over, comes back as it was appended: delivered live, from
// disk, by record and by ranges; and takes much less room.
func TestDedup_RoundTrip(t *testing.T) {
	for _, c := range []struct {
		name    string
		segment int64
		records int // of each writer
		queue   int64
	}{
		{"segments of 4 KiB", 4 << 10, 30, 1 << 30},
		{"segments of 128 KiB", 128 << 10, 60, 1 << 30},
		{"one segment", 64 << 20, 60, 1 << 30},
		{"delivered from disk", 128 << 10, 30, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, m := memConfig()
			cfg.SegmentBytes, cfg.QueueBytes = c.segment, c.queue
			l, rec := open(t, cfg), newRecorder()
			rec.seen = make(chan struct{}, 1000)
			l.Start(rec)
			said := chatter(t, l, c.records)
			for range said {
				<-rec.seen
			}
			stored, in := l.Bytes(), int64(0)
			for _, r := range said {
				in += int64(len(r.Meta) + len(r.Body))
			}
			if c.segment > 4<<10 && stored > in*6/10 {
				t.Errorf("stored: got %d bytes of %d, want less than six tenths", stored, in)
			}
			wantSaid(t, rec, said)
			if got, want := slices.Contains(rec.disk, true), c.queue == 1; got != want {
				t.Errorf("delivered from disk: got %v, want %v", got, want)
			}
			wantReads(t, l, m, said)
			closeLog(t, l)
			wantSaid(t, reopen(t, cfg), said)
		})
	}
}

// chatter appends n records from each of four writers, and says what they are and where.
func chatter(t *testing.T, l *Log, n int) map[Position]*Record {
	t.Helper()
	said := map[Position]*Record{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	shared := prompts(rand.New(rand.NewSource(9)))
	for w := range 4 {
		wg.Go(func() {
			c := newChat(int64(w), shared)
			for range n {
				r := c.next()
				commit := l.Append(r)
				if err := commit.Wait(); err != nil {
					t.Error(err)
					return
				}
				ranges, want := someRanges(c.rng, r.Body) // while others write and read
				if got, err := l.ReadRanges(commit.Position(), ranges, nil); err != nil || !bytes.Equal(got, want) {
					t.Errorf("record %v, ranges %v: got %d bytes, %v, want %d", commit.Position(), ranges, len(got), err, len(want))
				}
				mu.Lock()
				said[commit.Position()] = r
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return said
}

func wantSaid(t *testing.T, rec *recorder, said map[Position]*Record) {
	t.Helper()
	wantNoDamage(t, rec)
	if len(rec.got) != len(said) || !slices.IsSorted(rec.pos) {
		t.Fatalf("delivered: got %d records at %v, want %d in order", len(rec.got), rec.pos, len(said))
	}
	for i, p := range rec.pos {
		if r := said[p]; r == nil || rec.got[i] != text(r.Kind, r.Meta, r.Body) {
			t.Fatalf("record %v: got other bytes than were appended", p)
		}
	}
}

// wantReads reads every record, and ranges that begin and end anywhere in it.
func wantReads(t *testing.T, l *Log, fsys durable.FS, said map[Position]*Record) {
	t.Helper()
	segments := map[SegmentID][]byte{}
	for p, r := range said {
		if segments[p.Segment()] == nil {
			segments[p.Segment()] = readSegment(t, fsys, p.Segment())
		}
		seg := segments[p.Segment()]
		for i, at := range places(t, seg, p) {
			if at < segmentHeader || seg[at] != r.Body[i] {
				t.Fatalf("record %v: byte %d is not at %d, where the table says", p, i, at)
			}
		}
		d, err := l.ReadRecord(p)
		if err != nil || !bytes.Equal(d.Body, r.Body) || !bytes.Equal(d.Meta, r.Meta) || d.Kind != r.Kind {
			t.Fatalf("record %v: got other bytes than were appended, %v", p, err)
		}
		rng := rand.New(rand.NewSource(int64(p)))
		for range 10 {
			ranges, want := someRanges(rng, r.Body)
			got, err := l.ReadRanges(p, ranges, []byte("before"))
			if err != nil || string(got) != "before"+string(want) {
				t.Fatalf("record %v, ranges %v: got %d bytes, %v, want %d", p, ranges, len(got), err, len(want))
			}
		}
		for _, outside := range []Range{{uint32(len(r.Body)), 1}, {0, uint32(len(r.Body)) + 1}, {1<<32 - 1, 1<<32 - 1}} {
			if got, err := l.ReadRanges(p, []Range{{0, 1}, outside}, []byte("x")); err == nil || string(got) != "x" {
				t.Fatalf("record %v, range %v: got %q, %v, want an error and dst as it was", p, outside, got, err)
			}
		}
	}
}

// someRanges are a few ranges of body, in any order, and what they say.
func someRanges(rng *rand.Rand, body []byte) (ranges []Range, want []byte) {
	for range rng.Intn(6) {
		from := rng.Intn(len(body) + 1)
		n := rng.Intn(len(body) - from + 1)
		if rng.Intn(2) == 0 {
			n = min(n, 50)
		}
		ranges = append(ranges, Range{uint32(from), uint32(n)})
	}
	if rng.Intn(2) == 0 {
		slices.SortFunc(ranges, func(a, b Range) int { return int(a.Off) - int(b.Off) })
	}
	for _, r := range ranges {
		want = append(want, body[r.Off:r.Off+r.Len]...)
	}
	return ranges, want
}
