package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// letters is text in which nothing repeats.
func letters(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rng.Intn(26))
	}
	return b
}

// chat is conversations whose requests carry all that was said so far, after a prompt that they share.
type chat struct {
	rng       *rand.Rand
	prompts   [][]byte
	histories [][]byte
}

func newChat(seed int64, prompts [][]byte) *chat {
	return &chat{rng: rand.New(rand.NewSource(seed)), prompts: prompts, histories: make([][]byte, 3)}
}

// next is a record of one to four calls, each with a prompt and a history between bytes that are new.
func (c *chat) next() *Record {
	r := &Record{Kind: 1, Meta: letters(c.rng, c.rng.Intn(20))}
	for range 1 + c.rng.Intn(4) {
		h := &c.histories[c.rng.Intn(len(c.histories))]
		if len(*h) > 12<<10 {
			*h = nil
		}
		*h = append(*h, letters(c.rng, c.rng.Intn(3000))...)
		for _, value := range [][]byte{c.prompts[c.rng.Intn(len(c.prompts))], *h} {
			r.Body = append(r.Body, letters(c.rng, c.rng.Intn(100))...)
			r.Large = append(r.Large, Range{uint32(len(r.Body)), uint32(len(value))})
			r.Body = append(r.Body, value...)
		}
	}
	r.Body = append(r.Body, letters(c.rng, c.rng.Intn(100))...)
	return r
}

func prompts(rng *rand.Rand) (p [][]byte) {
	for _, n := range []int{100, dedupLeast, dedupBlock - 1, 3 * dedupBlock, 5000} {
		p = append(p, letters(rng, n))
	}
	return p
}

// places says for each byte of a record's body where in its segment it stands. It follows docs/formats/wal.md and shares
// nothing with the reader.
func places(t testing.TB, segment []byte, p Position) []uint32 {
	t.Helper()
	head := segment[p.Offset():]
	metaLen, bodyLen := binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
	at := p.Offset() + 32 + metaLen
	end := at + bodyLen
	table := segment[end:end]
	if head[5]&2 != 0 {
		tableLen := binary.LittleEndian.Uint32(segment[end-8:])
		table = segment[end-16-tableLen : end-16]
		end -= 16 + tableLen
	}
	var body []uint32
	run := func(from, n uint32) {
		for i := range n {
			body = append(body, from+i)
		}
	}
	for len(table) > 0 {
		var v [3]uint32
		for i := range v {
			u, n := binary.Uvarint(table)
			v[i], table = uint32(u), table[n:]
		}
		run(at, v[0])
		run(v[2], v[1])
		at += v[0]
	}
	run(at, end-at)
	return body
}

func readSegment(t testing.TB, fsys durable.FS, id SegmentID) []byte {
	t.Helper()
	f, err := fsys.Open("data/wal/" + segmentName(id))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) {
		t.Fatal(err)
	}
	return b
}

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
