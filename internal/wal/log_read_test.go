package wal

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

func TestReadRanges(t *testing.T) {
	for _, compress := range []bool{false, true} {
		t.Run(fmt.Sprintf("compress=%v", compress), func(t *testing.T) {
			cfg, m := memConfig()
			faulty := durable.NewFaulty(m)
			cfg.FS, cfg.Compress = faulty, compress
			l := open(t, cfg)
			l.Start(newRecorder())
			defer closeLog(t, l)
			body := make([]byte, 200<<10)
			for i := range body {
				body[i] = byte(i / 100)
			}
			c := l.Append(&Record{Kind: 1, Meta: []byte("meta"), Body: body})
			if err := c.Wait(); err != nil {
				t.Fatal(err)
			}
			for _, tc := range []struct {
				name   string
				ranges []Range
				reads  int // of an uncompressed body, with its header
			}{
				{"none", nil, 1},
				{"all", []Range{{0, 200 << 10}}, 2},
				{"near", []Range{{10, 20}, {30, 5}, {50, 0}, {16000, 100}}, 2},
				{"far", []Range{{10, 20}, {100 << 10, 5}}, 3},
				{"descending", []Range{{100, 20}, {10, 50}}, 3},
				{"overlapping", []Range{{100, 20}, {110, 50}}, 3},
				{"end", []Range{{200<<10 - 1, 1}, {200 << 10, 0}}, 2},
			} {
				want := []byte("before")
				for _, r := range tc.ranges {
					want = append(want, body[r.Off:r.Off+r.Len]...)
				}
				before := faulty.Calls(durable.OpRead)
				got, err := l.ReadRanges(c.Position(), tc.ranges, []byte("before"))
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: got %d bytes, %v, want %d", tc.name, len(got), err, len(want))
				}
				if reads := faulty.Calls(durable.OpRead) - before; !compress && reads != tc.reads {
					t.Errorf("%s: got %d reads, want %d", tc.name, reads, tc.reads)
				}
			}
			for _, r := range []Range{{200 << 10, 1}, {1<<32 - 1, 1<<32 - 1}} {
				if got, err := l.ReadRanges(c.Position(), []Range{{0, 1}, r}, []byte("x")); err == nil || string(got) != "x" {
					t.Errorf("range %v outside the body: got %q, %v, want an error and dst as it was", r, got, err)
				}
			}
			for _, p := range []Position{0, c.Position() + 8, c.Position() + 1<<20, 77 << 32} {
				if _, err := l.ReadRanges(p, []Range{{0, 1}}, nil); err == nil {
					t.Errorf("position %v: got nil, want an error", p)
				}
				if _, err := l.ReadRecord(p); err == nil {
					t.Errorf("position %v: got nil, want an error", p)
				}
			}
			d, err := l.ReadRecord(c.Position())
			if err != nil || string(d.Meta) != "meta" || !bytes.Equal(d.Body, body) || d.Kind != 1 || !d.FromDisk {
				t.Errorf("record: got %d+%d bytes, kind %d, %v", len(d.Meta), len(d.Body), d.Kind, err)
			}
		})
	}
}

func TestReadRecord_ReportsDamage(t *testing.T) {
	cfg, m := memConfig()
	l := open(t, cfg)
	l.Start(newRecorder())
	defer closeLog(t, l)
	p, _ := put(t, l, "some body")
	flip(t, m, p.Segment(), int64(p.Offset())+frameHeader+3)
	if _, err := l.ReadRecord(p); !errors.Is(err, ErrCorrupt) {
		t.Errorf("payload: got %v, want ErrCorrupt", err)
	}
	flip(t, m, p.Segment(), int64(p.Offset())+9)
	if _, err := l.ReadRanges(p, []Range{{0, 1}}, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("header: got %v, want ErrCorrupt", err)
	}
}

func TestReadRanges_KeepsWhatItMadeWithinBounds(t *testing.T) {
	c := recent[[]byte]{limit: 16 << 20}
	for i := range 300 {
		body := make([]byte, 3<<20>>(i%20))
		c.put(Position(i), body, len(body))
		sum := 0
		for _, e := range c.entries {
			sum += len(e.value)
		}
		if sum != c.bytes || sum > c.limit || len(c.entries) > recentEntries {
			t.Fatalf("got %d bodies of %d bytes, counted as %d, want at most %d of %d", len(c.entries), sum, c.bytes, recentEntries, c.limit)
		}
	}
	before := c.bytes
	if c.put(299, nil, 1); c.bytes != before {
		t.Errorf("put twice: got %d bytes, want the %d there were", c.bytes, before)
	}
	c.put(1000, nil, c.limit+1)
	if _, ok := c.get(1000); ok {
		t.Error("a body larger than the limit was kept")
	}
	if _, ok := c.get(299); !ok {
		t.Error("the last body was not kept")
	}
	if _, ok := c.get(0); ok {
		t.Error("the first body was kept, want it forgotten")
	}
}

// flip changes a bit of a segment file.
func flip(t *testing.T, fsys durable.FS, id SegmentID, off int64) {
	t.Helper()
	f, err := fsys.Open("data/wal/" + segmentName(id))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}
