package wal

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// place is a record of a log that was written, and where.
type place struct {
	text string
	pos  Position
	size int64 // header and payload, without padding
}

// written makes a log of several segments on disk, cleanly closed if clean, and says what is in it.
func written(t *testing.T, clean bool) (*durable.Mem, []place) {
	t.Helper()
	cfg, m := memConfig()
	l := open(t, cfg)
	l.Start(newRecorder())
	var places []place
	for i := range 24 {
		body := fmt.Sprintf("%0*d", 1+i*37%1500, i)
		p, s := put(t, l, body)
		places = append(places, place{s, p, frameHeader + 1 + int64(len(body))})
	}
	disk := m.CrashClone(rand.New(rand.NewSource(1))) // before Close seals it
	closeLog(t, l)
	if clean {
		disk = m.CrashClone(rand.New(rand.NewSource(1)))
	}
	return disk, places
}

func texts(places []place) []string {
	var s []string
	for _, p := range places {
		s = append(s, p.text)
	}
	return s
}

// TestRecover_TornTail cuts the newest segment at every length: the records before the cut are delivered, the rest is
// taken for one that was never acknowledged, and the log goes on behind them.
func TestRecover_TornTail(t *testing.T) {
	disk, places := written(t, false)
	newest := places[len(places)-1].pos.Segment()
	end := int64(places[len(places)-1].pos.Offset()) + frameSize(places[len(places)-1].size-frameHeader)
	for cut := range end {
		cfg, _ := memConfig()
		c := disk.CrashClone(rand.New(rand.NewSource(1)))
		cfg.FS = c
		truncate(t, c, newest, cut)
		if cut%3 == 0 { // as on a file system that had extended the file
			truncate(t, c, newest, end+100)
		}
		if cut < segmentHeader {
			continue // such a file was durable before it was used; see TestRecover_UnbornSegment
		}
		var want []string
		for _, p := range places {
			if p.pos.Segment() < newest || int64(p.pos.Offset())+p.size <= cut {
				want = append(want, p.text)
			}
		}
		l, rec := open(t, cfg), newRecorder()
		if got, want := fileSize(t, c, newest), l.Segments()[newest-1].Bytes; got != want {
			t.Fatalf("cut at %d: the file has %d bytes after Open, want the %d that are good", cut, got, want)
		}
		l.Start(rec)
		<-rec.caught
		_, s := put(t, l, "after")
		closeLog(t, l)
		wantRecords(t, rec, append(want, s))
		wantNoDamage(t, rec)
		if rec = reopen(t, cfg); len(rec.damage) > 0 || len(rec.got) != len(want)+1 {
			t.Fatalf("cut at %d, opened again: got %d records and damage %v, want %d and none", cut, len(rec.got), rec.damage, len(want)+1)
		}
	}
}

// TestRecover_FlippedBits changes bytes anywhere in a closed log: every record whose bytes are intact is delivered, in
// order, and nothing else; and what is lost is reported.
func TestRecover_FlippedBits(t *testing.T) {
	disk, places := written(t, true)
	for seed := range int64(600) {
		rng := rand.New(rand.NewSource(seed))
		cfg, _ := memConfig()
		c := disk.CrashClone(rng)
		cfg.FS = c
		hit := map[Position]bool{}
		var expect []string // files in which something that counts was changed
		last := places[len(places)-1]
		sealed := true
		for range 1 + rng.Intn(3) {
			id := SegmentID(1 + rng.Intn(int(places[len(places)-1].pos.Segment())))
			from, n := smear(t, c, id, rng)
			if id == last.pos.Segment() && from+n > int64(last.pos.Offset())+frameSize(last.size-frameHeader) {
				sealed = false
			}
			if from < segmentHeader {
				expect = append(expect, segmentName(id))
			}
			for _, p := range places {
				if start := int64(p.pos.Offset()); p.pos.Segment() == id && from < start+p.size && start < from+n {
					hit[p.pos] = true
					expect = append(expect, segmentName(id))
				}
			}
		}
		want := texts(slices.DeleteFunc(slices.Clone(places), func(p place) bool { return hit[p.pos] }))
		rec := reopen(t, cfg)
		if !slices.Equal(rec.got, want) {
			t.Fatalf("seed %d: got %d records, want %d; lost %.60q, too many %.60q", seed, len(rec.got), len(want), minus(want, rec.got), minus(rec.got, want))
		}
		for _, file := range expect {
			if !sealed && file == segmentName(last.pos.Segment()) {
				continue // without its seal the end of the log may be a tear, which is cut off
			}
			if !slices.ContainsFunc(rec.damage, func(d Damage) bool { return d.File == file && d.Length > 0 && d.Reason != "" }) {
				t.Fatalf("seed %d: got damage %+v, want some of %s", seed, rec.damage, file)
			}
		}
	}
}

// smear changes every byte of a random short range of a segment, and says which.
func smear(t *testing.T, fsys durable.FS, id SegmentID, rng *rand.Rand) (from, n int64) {
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
	from = rng.Int63n(size)
	n = min(1+rng.Int63n(1<<rng.Intn(9)), size-from)
	b := make([]byte, n)
	if _, err := f.ReadAt(b, from); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] ^= byte(1 + rng.Intn(255))
	}
	if _, err := f.WriteAt(b, from); err != nil {
		t.Fatal(err)
	}
	return from, n
}

// TestRecover_SealedSegmentCutShort: a sealed segment that lost its end is damage even when the cut is between frames.
func TestRecover_SealedSegmentCutShort(t *testing.T) {
	disk, places := written(t, true)
	cfg, _ := memConfig()
	cfg.FS = disk
	var inFirst []place
	for _, p := range places {
		if p.pos.Segment() == 1 {
			inFirst = append(inFirst, p)
		}
	}
	cut := int64(inFirst[2].pos.Offset())
	truncate(t, disk, 1, cut)
	rec := reopen(t, cfg)
	wantRecords(t, rec, append(texts(inFirst[:2]), texts(places[len(inFirst):])...))
	if len(rec.damage) != 1 || rec.damage[0].File != segmentName(1) || rec.damage[0].Offset != cut || rec.damage[0].Length <= 0 {
		t.Errorf("damage: got %+v, want the end of segment 1 from %d", rec.damage, cut)
	}
}

func TestRecover_MissingSegment(t *testing.T) {
	disk, places := written(t, true)
	cfg, _ := memConfig()
	cfg.FS = disk
	if err := disk.Remove("data/wal/00000002.wal"); err != nil {
		t.Fatal(err)
	}
	rec := reopen(t, cfg)
	wantRecords(t, rec, texts(slices.DeleteFunc(places, func(p place) bool { return p.pos.Segment() == 2 })))
	if len(rec.damage) != 1 || rec.damage[0].File != segmentName(2) || rec.damage[0].Length <= segmentHeader {
		t.Errorf("damage: got %+v, want all of segment 2", rec.damage)
	}
}

// TestRecover_UnbornSegment: a crash while a segment is being made leaves a file with any part of its header.
func TestRecover_UnbornSegment(t *testing.T) {
	disk, places := written(t, true)
	id := places[len(places)-1].pos.Segment() + 1
	head := encodeSegmentHead(segmentHead{ID: id, Prev: id - 1, PrevEnd: 8 << 10})
	for n := range segmentHeader {
		for _, zeros := range []int64{0, 5000} {
			cfg, _ := memConfig()
			c := disk.CrashClone(rand.New(rand.NewSource(1)))
			cfg.FS = c
			f, err := c.Create("data/wal/" + segmentName(id))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(head[:n], 0); err != nil {
				t.Fatal(err)
			}
			if err := f.Truncate(max(int64(n), zeros)); err != nil {
				t.Fatal(err)
			}
			rec := reopen(t, cfg)
			wantRecords(t, rec, texts(places))
			wantNoDamage(t, rec)
			if _, err := c.Open("data/wal/" + segmentName(id)); err == nil {
				t.Fatalf("%d bytes of a header: the file is still there", n)
			}
		}
	}
}

// TestRecover_HoleBeforeGoodFramesIsKept: what stands behind a hole in the newest segment is delivered, not cut off.
func TestRecover_HoleBeforeGoodFramesIsKept(t *testing.T) {
	cfg, m := memConfig()
	l := open(t, cfg)
	l.Start(newRecorder())
	_, first := put(t, l, "first")
	p, _ := put(t, l, "second")
	_, third := put(t, l, "third")
	disk := m.CrashClone(rand.New(rand.NewSource(1))) // unsealed: only the third record tells the hole from a tear
	closeLog(t, l)
	cfg.FS = disk
	flip(t, disk, p.Segment(), int64(p.Offset())+frameHeader)
	for range 2 {
		rec := reopen(t, cfg)
		wantRecords(t, rec, []string{first, third})
		if len(rec.damage) != 1 || rec.damage[0].Offset != int64(p.Offset()) {
			t.Errorf("damage: got %+v, want the record at %v", rec.damage, p)
		}
	}
}

// TestRecover_UnreadableBlocks: a disk that cannot read some blocks costs the records in them and no others.
func TestRecover_UnreadableBlocks(t *testing.T) {
	cfg, m := memConfig()
	cfg.SegmentBytes = 1 << 20
	l := open(t, cfg)
	l.Start(newRecorder())
	var want []string
	var lost Position
	for i := range 100 {
		p, s := put(t, l, fmt.Sprintf("%01000d", i))
		if off := int64(p.Offset()); off < 3*blockBytes && off+frameHeader+1001 > 2*blockBytes {
			lost = max(lost, p)
			continue
		}
		want = append(want, s)
	}
	closeLog(t, l)
	cfg.FS = badBlockFS{m}
	rec := reopen(t, cfg)
	wantRecords(t, rec, want)
	if len(rec.damage) == 0 || lost == 0 {
		t.Errorf("damage: got none, want the records in the bad block")
	}
}

// badBlockFS cannot read the third block of any file.
type badBlockFS struct{ durable.FS }

func (b badBlockFS) Open(name string) (durable.File, error) {
	f, err := b.FS.Open(name)
	return badBlockFile{f}, err
}

type badBlockFile struct{ durable.File }

func (f badBlockFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 3*blockBytes && off+int64(len(p)) > 2*blockBytes {
		return 0, errFault
	}
	return f.File.ReadAt(p, off)
}

func truncate(t *testing.T, fsys durable.FS, id SegmentID, size int64) {
	t.Helper()
	f, err := fsys.Open("data/wal/" + segmentName(id))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

func fileSize(t *testing.T, fsys durable.FS, id SegmentID) int64 {
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
	return size
}
