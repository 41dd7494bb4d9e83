package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand"
	"testing"
)

// forged is a frame with whole checksums around a stored body, behind some bytes in segment 1.
func forged(before, stored []byte) ([]byte, frame) {
	seg := append(encodeSegmentHead(segmentHead{ID: 1}), before...)
	seg = append(seg, make([]byte, -len(seg)&7)...)
	h := header{Flags: flagDedup, Kind: 1, BodyLen: uint32(len(stored)), CRC: checksum(nil, stored), Pos: position(1, int64(len(seg)))}
	seg = append(appendHeader(seg, h), stored...)
	return seg, frame{header: h, stored: stored}
}

func TestDedup_RefusesForgedTables(t *testing.T) {
	before := letters(rand.New(rand.NewSource(1)), 1000)
	many := make([]extent, 100_000)
	for _, c := range []struct {
		name     string
		literals int
		size     uint32
		extents  []extent
	}{
		{"no extent", 0, 0, nil},
		{"no end", 0, 500, []extent{{0, 500, 40}}},
		{"end is a reference", 0, 500, []extent{{0, 0, 0}, {0, 500, 40}}},
		{"end has a place", 3, 3, []extent{{3, 0, 40}}},
		{"short reference", 300, 300 + dedupLeast - 1, []extent{{300, dedupLeast - 1, 40}, {}}},
		{"empty references", 0, 0, many},
		{"empty references and a size", 0, maxPayload, many},
		{"into the segment's header", 0, 300, []extent{{0, 300, 39}, {}}},
		{"behind the frame", 0, 300, []extent{{0, 300, 40 + 1000 + frameHeader - 299}, {}}},
		{"more literals than there are", 2, 303, []extent{{2, 300, 40}, {1, 0, 0}}},
		{"fewer literals than there are", 2, 301, []extent{{1, 300, 40}, {}}},
		{"longer than it says", 0, 300, []extent{{0, 301, 40}, {}}},
		{"shorter than it says", 0, 300, []extent{{0, 299, 40}, {}}},
		{"sums beyond 32 bits", 0, 300, []extent{{0, 1<<32 - 1, 40}, {0, 301, 40}, {}}},
		{"place beyond 32 bits", 0, 300, []extent{{0, 300, 1<<32 - 1}, {}}},
		{"literal beyond 32 bits", 5, 305, []extent{{1<<32 - 1, 300, 40}, {6, 0, 0}}},
		{"larger than a record", 0, maxPayload + 1, []extent{{0, 300, 40}, {}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stored := appendTable(make([]byte, c.literals), c.extents, 0, c.size)
			seg, f := forged(before, stored)
			var p plain
			if _, err := p.body(f, bytes.NewReader(seg)); !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v, want ErrCorrupt", err)
			}
			if limit := int(c.size)/dedupLeast + 10; cap(p.layout.extents) > limit || cap(p.buf) > 0 {
				t.Errorf("got room for %d extents and %d bytes, want at most %d and none for a table that is refused",
					cap(p.layout.extents), cap(p.buf), limit)
			}
		})
	}
}

// TestDedup_RefusesCutTables: no end of a stored body passes for a table.
func TestDedup_RefusesCutTables(t *testing.T) {
	body := letters(rand.New(rand.NewSource(1)), 300)
	stored := appendTable([]byte("ab"), []extent{{1, 300, 40}, {1, 0, 0}}, checksum(nil, []byte("a"+string(body)+"b")), 302)
	for n := range len(stored) + 1 {
		seg, f := forged(body, stored[:n])
		got, err := new(plain).body(f, bytes.NewReader(seg))
		if whole := n == len(stored); whole != (err == nil) || !whole && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes: got %d bytes, %v", n, len(stored), len(got), err)
		}
	}
}

// FuzzLayout: whatever the table says, reading it ends without a panic, takes memory in proportion to the body it speaks
// of, and what it allows lies within the segment.
func FuzzLayout(f *testing.F) {
	add := func(literals int, size uint32, extents ...extent) {
		b := appendTable(nil, extents, 0, size)
		f.Add(b[:len(b)-dedupTrailer], uint32(literals), size, uint32(1000))
	}
	add(3, 303, extent{2, 300, 40}, extent{1, 0, 0})
	add(0, 1000, extent{0, 500, 40}, extent{0, 500, 90}, extent{})
	add(0, 0, make([]extent, 50)...)
	add(1<<30, 1<<30, extent{1 << 30, 0, 0})
	add(0, 300, extent{0, 300, 1<<32 - 200}, extent{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0}, uint32(0), uint32(9), uint32(40))
	f.Fuzz(func(t *testing.T, table []byte, literals, size, at uint32) {
		l := layoutOf{trailer: trailer{size: size % (maxPayload + 1)}}
		size = l.size
		base := uint64(at) + frameHeader
		err := l.parseExtents(table, base, uint64(literals))
		if limit := int(size)/dedupLeast + 64; cap(l.extents) > 2*limit {
			t.Fatalf("got room for %d extents of a body of %d bytes", cap(l.extents), size)
		}
		if err != nil {
			return
		}
		rng := rand.New(rand.NewSource(int64(size)))
		for range 5 {
			from := uint32(rng.Int63n(int64(size) + 1))
			r := Range{from, uint32(rng.Int63n(int64(size-from) + 1))}
			n := 7
			for _, p := range l.appendParts(nil, r, 7) {
				if p.to != n || p.len == 0 || p.at < segmentHeader || uint64(p.at)+uint64(p.len) > base+uint64(literals) {
					t.Fatalf("range %v: got part %+v, want one for %d, before %d", r, p, n, base+uint64(literals))
				}
				n += int(p.len)
			}
			if n != 7+int(r.Len) {
				t.Fatalf("range %v: got parts of %d bytes", r, n-7)
			}
		}
	})
}

// FuzzAssemble: a forged frame whose checksums are right gives an error, or a body of the checksum that it names.
func FuzzAssemble(f *testing.F) {
	before := letters(rand.New(rand.NewSource(1)), 2000)
	add := func(literals string, crc, size uint32, extents ...extent) {
		f.Add(before, appendTable([]byte(literals), extents, crc, size))
	}
	add("ab", checksum(nil, []byte("a"+string(before[:300])+"b")), 302, extent{1, 300, 40}, extent{1, 0, 0})
	add("ab", 1, 302, extent{1, 300, 40}, extent{1, 0, 0})
	add("", 1, 100_000, extent{0, 2000, 40}, extent{0, 2000, 40}, extent{})
	add("", 0, 0, make([]extent, 20)...)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, before, stored []byte) {
		if n := len(stored); n >= dedupTrailer { // most mutations would only meet the checksum of the table
			tableLen := binary.LittleEndian.Uint32(stored[n-8:])
			if int64(tableLen)+dedupTrailer <= int64(n) {
				sum := checksum(nil, stored[n-dedupTrailer-int(tableLen):n-4])
				stored = binary.LittleEndian.AppendUint32(bytes.Clone(stored[:n-4]), sum)
			}
		}
		seg, fr := forged(before, stored)
		var p plain
		b, err := p.body(fr, bytes.NewReader(seg))
		if err == nil && checksum(nil, b) != p.layout.crc {
			t.Fatalf("got a body of %d bytes with another checksum", len(b))
		}
		if limit := len(seg) * (len(stored)/5 + 1); len(b) > limit {
			t.Fatalf("got a body of %d bytes out of %d", len(b), limit)
		}
	})
}
