package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

// TestDedup_WithinOneRecord: what a record says twice is written once.
func TestDedup_WithinOneRecord(t *testing.T) {
	cfg, m := memConfig()
	cfg.SegmentBytes = 1 << 20
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	value := letters(rand.New(rand.NewSource(1)), 4*dedupBlock)
	r := &Record{Kind: 1, Body: bytes.Repeat(value, 3)}
	for i := range uint32(3) {
		r.Large = append(r.Large, Range{i * 4 * dedupBlock, 4 * dedupBlock})
	}
	c := l.Append(r)
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := l.Bytes(); got > segmentHeader+frameHeader+int64(len(value))+100 {
		t.Errorf("stored: got %d bytes, want little more than the %d that are said once", got, len(value))
	}
	wantReads(t, l, m, map[Position]*Record{c.Position(): r})
	closeLog(t, l)
	wantRecords(t, reopen(t, cfg), []string{text(1, nil, r.Body)})
}

// TestDedup_OnlyWhatIsNamedAndLongEnough: a body of which no part is named, and values too short for a reference, are
// written as they are.
func TestDedup_OnlyWhatIsNamedAndLongEnough(t *testing.T) {
	for _, c := range []struct {
		name     string
		compress bool
		large    []Range
		repeats  bool
	}{
		{"named", false, []Range{{10, dedupLeast}}, true},
		{"two, apart", false, []Range{{10, 300}, {400, 300}}, true},
		{"not named", false, nil, false},
		{"too short", false, []Range{{10, dedupLeast - 1}}, false},
		{"empty", false, []Range{{10, 0}}, false},
		{"outside", false, []Range{{500, 501}, {1<<32 - 1, 1<<32 - 1}}, false},
		{"compressed", true, []Range{{10, 500}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, _ := memConfig()
			cfg.Compress = c.compress
			l, rec := open(t, cfg), newRecorder()
			l.Start(rec)
			body := letters(rand.New(rand.NewSource(1)), 1000)
			var size [2]int64
			for i := range size {
				before := l.Bytes()
				if err := l.Append(&Record{Kind: 1, Body: body, Large: c.large}).Wait(); err != nil {
					t.Fatal(err)
				}
				size[i] = l.Bytes() - before
			}
			if repeats := size[1] < size[0]-dedupLeast/2; repeats != c.repeats {
				t.Errorf("stored: got %d bytes, then %d; repeats: want %v", size[0], size[1], c.repeats)
			}
			closeLog(t, l)
			wantRecords(t, reopen(t, cfg), []string{text(1, nil, body), text(1, nil, body)})
		})
	}
}

func TestAppendBlocks(t *testing.T) {
	body := letters(rand.New(rand.NewSource(1)), 6000)
	for _, c := range []struct {
		name   string
		values []Range
		want   []Range
	}{
		{"nothing", nil, nil},
		{"whole and part", []Range{{100, 2*dedupBlock + 300}}, []Range{{100, dedupBlock}, {100 + dedupBlock, dedupBlock}, {100 + 2*dedupBlock, 300}}},
		{"part too short", []Range{{0, dedupBlock + dedupLeast - 1}}, []Range{{0, dedupBlock}}},
		{"end of the body", []Range{{5000, 1000}}, []Range{{5000, 1000}}},
		{"beyond", []Range{{5000, 1001}, {6001, 0}, {1<<32 - 1, 1000}}, nil},
		{"out of order", []Range{{1000, 500}, {0, 500}, {1499, 500}, {1500, 500}}, []Range{{1000, 500}, {1500, 500}}},
	} {
		var got []Range
		for _, b := range appendBlocks(nil, body, c.values) {
			got = append(got, Range{b.off, b.len})
			if b.hash != hashBlock(body[b.off:b.off+b.len]) {
				t.Errorf("%s: block at %d has another hash", c.name, b.off)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestBlockTable_Full: at its bound the table finds what it knows, notes nothing more and does not grow.
func TestBlockTable_Full(t *testing.T) {
	var table blockTable
	hash := func(i int) blockHash { return hashBlock(binary.LittleEndian.AppendUint64(nil, uint64(i))) }
	for i := range dedupBlocks + 1000 {
		if at := table.at(hash(i), uint32(40+i)); at != 0 {
			t.Fatalf("block %d: got %d, want it to be new", i, at)
		}
	}
	for i := range dedupBlocks + 1000 {
		want := uint32(40 + i)
		if i >= dedupBlocks {
			want = 0
		}
		if at := table.at(hash(i), 1); at != want {
			t.Fatalf("block %d: got %d, want %d", i, at, want)
		}
	}
	if table.n != dedupBlocks || len(table.slots) != 2*dedupBlocks {
		t.Errorf("got %d blocks in %d slots, want %d in %d", table.n, len(table.slots), dedupBlocks, 2*dedupBlocks)
	}
	table.reset()
	if at := table.at(hash(1), 99); at != 0 || table.n != 1 {
		t.Errorf("after reset: got block at %d and %d blocks, want it to be new and alone", at, table.n)
	}
}

// TestDedup_SegmentsStandAlone: no record refers to another segment, so that older ones may go.
func TestDedup_SegmentsStandAlone(t *testing.T) {
	cfg, m := memConfig()
	cfg.SegmentBytes = 32 << 10
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	value := letters(rand.New(rand.NewSource(1)), 3*dedupBlock)
	said := map[Position]*Record{}
	var last Position
	for i := range 40 {
		r := &Record{Kind: 1, Body: append(bytes.Clone(value), fmt.Sprint(i)...), Large: []Range{{0, 3 * dedupBlock}}}
		c := l.Append(r)
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
		before := last
		last, said[c.Position()] = c.Position(), r
		whole := binary.LittleEndian.Uint32(readSegment(t, m, last.Segment())[last.Offset()+12:]) > 3*dedupBlock
		if first := before.Segment() != last.Segment(); first != whole {
			t.Fatalf("record %v: first of its segment %v, written whole %v", last, first, whole)
		}
		if i%10 == 9 {
			l.Rotate()
			if <-rec.sealed != last.Segment() {
				t.Fatal("another segment was sealed")
			}
		}
	}
	removed := last.Segment() - 2
	if err := l.RemoveThrough(removed); err != nil {
		t.Fatal(err)
	}
	for p := range said {
		if p.Segment() <= removed {
			delete(said, p)
		}
	}
	if len(said) != 20 {
		t.Fatalf("left: got %d records, want those of two segments, 20", len(said))
	}
	wantReads(t, l, m, said)
	closeLog(t, l)
	wantSaid(t, reopen(t, cfg), said)
}
