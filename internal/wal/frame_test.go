package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"
	"time"
)

// rewriteChecksum makes a changed header pass for a whole one.
func rewriteChecksum(b []byte) {
	n := len(b) - 4
	binary.LittleEndian.PutUint32(b[n:], crc32.Checksum(b[:n], castagnoli))
}

func TestFrame_HeaderRoundTrip(t *testing.T) {
	want := header{Flags: flagS2, Kind: 200, MetaLen: 7, BodyLen: 1 << 29, CRC: 12345, Pos: position(9, 4096)}
	b := appendHeader(nil, want)
	if len(b) != frameHeader {
		t.Fatalf("length: got %d, want %d", len(b), frameHeader)
	}
	if got, err := parseHeader(b, want.Pos); got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := parseHeader(b, want.Pos+8); !errors.Is(err, errFramePlace) {
		t.Errorf("elsewhere: got %v, want errFramePlace", err)
	}
}

func TestFrame_HeaderRefuses(t *testing.T) {
	good := appendHeader(nil, header{Kind: 1, MetaLen: 1, BodyLen: 2, Pos: 48})
	for i := range frameHeader {
		b := bytes.Clone(good)
		b[i] ^= 4
		if _, err := parseHeader(b, 48); err == nil {
			t.Errorf("bit flipped in byte %d: got nil, want an error", i)
		}
	}
	for _, c := range []struct {
		name string
		edit func(b []byte)
	}{
		{"version", func(b []byte) { b[4] = 9 }},
		{"flags", func(b []byte) { b[5] = 0x80 }},
		{"length", func(b []byte) { binary.LittleEndian.PutUint32(b[12:], 1<<30) }},
	} {
		b := bytes.Clone(good)
		c.edit(b)
		rewriteChecksum(b)
		if _, err := parseHeader(b, 48); err == nil {
			t.Errorf("%s: got nil, want an error", c.name)
		}
	}
	if _, err := parseHeader(good[:31], 48); !errors.Is(err, errNoFrame) {
		t.Errorf("cut: got %v, want errNoFrame", err)
	}
}

func TestSegment_HeadRoundTrip(t *testing.T) {
	want := segmentHead{ID: 7, Created: time.Unix(3, 9), Prev: 5, PrevEnd: 3 << 30}
	b := encodeSegmentHead(want)
	if got, err := parseSegmentHead(b, 7); got != want || err != nil || len(b) != segmentHeader {
		t.Errorf("got %+v, %v in %d bytes, want %+v in %d", got, err, len(b), want, segmentHeader)
	}
	if _, err := parseSegmentHead(b, 8); !errors.Is(err, errSegmentHeader) {
		t.Errorf("another segment's: got %v, want errSegmentHeader", err)
	}
	for i := range segmentHeader {
		c := bytes.Clone(b)
		c[i] ^= 1
		if _, err := parseSegmentHead(c, 7); err == nil || errors.Is(err, ErrVersion) {
			t.Errorf("bit flipped in byte %d: got %v, want damage", i, err)
		}
	}
}

func TestSegment_Names(t *testing.T) {
	for name, want := range map[string]SegmentID{
		"00000001.wal": 1, "00000042.wal": 42, "4294967295.wal": 1<<32 - 1,
		"1.wal": 0, "00000000.wal": 0, "00000001.tmp": 0, "x0000001.wal": 0, "4294967296.wal": 0, "+0000001.wal": 0,
	} {
		if got, ok := parseSegmentName(name); got != want || ok != (want != 0) {
			t.Errorf("%s: got %d, %v, want %d", name, got, ok, want)
		}
	}
}

// segmentBytes is a segment with these bodies, and where each of their frames ends.
func segmentBytes(id SegmentID, bodies ...string) ([]byte, []int) {
	b := encodeSegmentHead(segmentHead{ID: id})
	var ends []int
	for _, body := range bodies {
		b = appendHeader(b, header{Kind: 1, BodyLen: uint32(len(body)), CRC: checksum(nil, []byte(body)), Pos: position(id, int64(len(b)))})
		b = append(b, body...)
		b = append(b, make([]byte, -len(b)&7)...)
		ends = append(ends, len(b))
	}
	return b, ends
}

// FuzzWalker: whatever the bytes, the walk ends, covers the file without overlap, and never yields a frame whose
// checksum is wrong.
func FuzzWalker(f *testing.F) {
	whole, ends := segmentBytes(1, "one", "", "three and a little more")
	f.Add(whole, true)
	f.Add(whole[:ends[1]-1], false)
	f.Add(append(bytes.Clone(whole), make([]byte, 64)...), false)
	f.Add(append(bytes.Clone(whole[:ends[0]]), whole...), true)
	torn := bytes.Clone(whole)
	torn[ends[0]+3] ^= 1
	f.Add(torn, true)
	f.Fuzz(func(t *testing.T, data []byte, exact bool) {
		data = append(encodeSegmentHead(segmentHead{ID: 1}), data[min(len(data), segmentHeader):]...)
		w := walker{}
		w.reset(bytes.NewReader(data), 1, segmentHeader, int64(len(data)), exact)
		at := int64(segmentHeader)
		for {
			fr, hole, ok := w.next()
			if !ok {
				break
			}
			start, end := int64(fr.Pos.Offset()), w.off
			if hole != nil {
				start, end = hole.Offset, hole.Offset+hole.Length
			} else if checksum(fr.meta, fr.stored) != fr.CRC {
				t.Fatalf("frame at %d: checksum is wrong", start)
			}
			if start < at || end <= start || end > int64(len(data)) {
				t.Fatalf("got [%d,%d) after %d of %d bytes", start, end, at, len(data))
			}
			at = end
		}
		if exact && w.off != int64(len(data)) {
			t.Fatalf("walk ended at %d of %d", w.off, len(data))
		}
	})
}
