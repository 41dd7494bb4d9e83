package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand"
	"slices"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// TestDedup_Damage flips a bit of one byte after the other. Records that need the byte, in their own frame or as what
// they repeat, are holes, and no others; ranges read from them are damaged in that byte or refused, and never others.
func TestDedup_Damage(t *testing.T) {
	disk, said := sharing(t)
	needs := map[Position][]bool{} // by offset in the segment
	var at []Position              // what is flipped
	for p := range said {
		seg := readSegment(t, disk, p.Segment())
		needs[p] = make([]bool, len(seg))
		head := seg[p.Offset():]
		size := frameHeader + binary.LittleEndian.Uint32(head[8:]) + binary.LittleEndian.Uint32(head[12:])
		for i := p.Offset(); i < p.Offset()+size; i++ {
			needs[p][i] = true
		}
		where := places(t, seg, p)
		for i := p.Offset(); i < p.Offset()+size; i++ {
			if literal := slices.Contains(where, i); !literal || i%17 == 0 {
				at = append(at, position(p.Segment(), int64(i)))
			}
		}
		for _, i := range where {
			needs[p][i] = true
		}
	}
	shared := 0
	for _, hit := range at {
		lost := map[Position]bool{}
		for p := range said {
			lost[p] = p.Segment() == hit.Segment() && needs[p][hit.Offset()]
		}
		c := disk.CrashClone(rand.New(rand.NewSource(1)))
		flip(t, c, hit.Segment(), int64(hit.Offset()))
		checkDamage(t, c, said, lost, hit)
		maps.DeleteFunc(lost, func(_ Position, lost bool) bool { return !lost })
		if len(lost) > 1 {
			shared++
		}
	}
	if shared < 50 {
		t.Errorf("got %d bytes that several records need, want the log to share more", shared)
	}
}

// sharing is a closed log of two segments and more in which records share much.
func sharing(t *testing.T) (*durable.Mem, map[Position]*Record) {
	t.Helper()
	cfg, m := memConfig()
	cfg.SegmentBytes = 12 << 10
	l := open(t, cfg)
	l.Start(newRecorder())
	rng := rand.New(rand.NewSource(3))
	history := letters(rng, 600)
	said := map[Position]*Record{}
	for range 12 {
		history = append(history, letters(rng, 300)...)
		r := &Record{Kind: 1, Meta: letters(rng, 5), Body: append(letters(rng, 40), history...)}
		r.Large = []Range{{40, uint32(len(history))}}
		c := l.Append(r)
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
		said[c.Position()] = r
	}
	closeLog(t, l)
	return m, said
}

func checkDamage(t *testing.T, disk durable.FS, said map[Position]*Record, lost map[Position]bool, hit Position) {
	t.Helper()
	cfg, _ := memConfig()
	cfg.FS = disk
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	<-rec.caught
	defer closeLog(t, l)
	for i, p := range rec.pos {
		if r := said[p]; r == nil || rec.got[i] != text(r.Kind, r.Meta, r.Body) {
			t.Fatalf("byte %v flipped: record %v was delivered with other bytes", hit, p)
		}
	}
	for p, r := range said {
		if got := slices.Contains(rec.pos, p); got == lost[p] {
			t.Fatalf("byte %v flipped: record %v, which needs it: %v, delivered: %v", hit, p, lost[p], got)
		}
		if reported := slices.ContainsFunc(rec.damage, func(d Damage) bool {
			return d.Segment == p.Segment() && d.Offset <= int64(p.Offset()) && int64(p.Offset()) < d.Offset+d.Length
		}); reported != lost[p] {
			t.Fatalf("byte %v flipped: record %v, which needs it: %v, in the holes %+v: %v", hit, p, lost[p], rec.damage, reported)
		}
		d, err := l.ReadRecord(p)
		if lost[p] && !errors.Is(err, ErrCorrupt) || !lost[p] && (err != nil || !bytes.Equal(d.Body, r.Body)) {
			t.Fatalf("byte %v flipped: record %v, which needs it: %v: got %v", hit, p, lost[p], err)
		}
		got, err := l.ReadRanges(p, []Range{{0, uint32(len(r.Body))}}, nil)
		switch {
		case err != nil && (!lost[p] || !errors.Is(err, ErrCorrupt)):
			t.Fatalf("byte %v flipped: ranges of record %v: got %v", hit, p, err)
		case err == nil && !sameBut(got, r.Body, lost[p]):
			t.Fatalf("byte %v flipped: ranges of record %v, which needs it: %v: got other bytes", hit, p, lost[p])
		}
	}
}

// sameBut compares a and b, of which bytes may have been changed by flip.
func sameBut(a, b []byte, flipped bool) bool {
	return slices.EqualFunc(a, b, func(x, y byte) bool { return x == y || flipped && x == y^0x10 })
}
