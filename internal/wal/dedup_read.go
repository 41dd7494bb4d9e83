package wal

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"
	"unsafe"
)

// layoutOf is where the bytes of a body with flagDedup stand.
type layoutOf struct {
	size    uint32 // of the body
	crc     uint32 // of meta and body
	extents []extent
	starts  []uint32 // of each extent, in the body
	places  []uint32 // of each extent's literal, in the segment
}

// parseTrailer reads the end of a stored body.
func parseTrailer(end []byte, stored uint32) (crc, size, table uint32, err error) {
	if len(end) < dedupTrailer {
		return 0, 0, 0, fmt.Errorf("%w: body is too short for its table", ErrCorrupt)
	}
	end = end[len(end)-dedupTrailer:]
	crc, size, table = binary.LittleEndian.Uint32(end), binary.LittleEndian.Uint32(end[4:]), binary.LittleEndian.Uint32(end[8:])
	if size > maxPayload || table > stored-dedupTrailer {
		return 0, 0, 0, fmt.Errorf("%w: table of the body is out of bounds", ErrCorrupt)
	}
	return crc, size, table, nil
}

// parse fills l from an encoded table. The frame's literals are stored bytes at base; references point at whole bytes
// before their own frame's end.
func (l *layoutOf) parse(table []byte, base, literals uint32) error {
	l.extents, l.starts, l.places = l.extents[:0], l.starts[:0], l.places[:0]
	var body, literal uint64
	for len(table) > 0 {
		var v [3]uint64
		for i := range v {
			n := 0
			if v[i], n = binary.Uvarint(table); n <= 0 || v[i] > maxSegment {
				return fmt.Errorf("%w: table of the body", ErrCorrupt)
			}
			table = table[n:]
		}
		if v[1] > 0 && (v[2] < segmentHeader || v[2]+v[1] > uint64(base)+uint64(literals)) {
			return fmt.Errorf("%w: table of the body points outside the segment", ErrCorrupt)
		}
		l.extents = append(l.extents, extent{uint32(v[0]), uint32(v[1]), uint32(v[2])})
		l.starts = append(l.starts, uint32(body))
		l.places = append(l.places, base+uint32(literal))
		literal += v[0]
		if body += v[0] + v[1]; literal > uint64(literals) || body > uint64(l.size) {
			return fmt.Errorf("%w: table of the body does not add up", ErrCorrupt)
		}
	}
	if literal != uint64(literals) || body != uint64(l.size) {
		return fmt.Errorf("%w: table of the body does not add up", ErrCorrupt)
	}
	return nil
}

// maxSegment is larger than any offset in a segment.
const maxSegment = 1<<32 - 1

// layout reads the table of a frame whose stored body is at hand.
func (f frame) layout(l *layoutOf) error {
	stored := uint32(len(f.stored))
	crc, size, table, err := parseTrailer(f.stored, stored)
	if err != nil {
		return err
	}
	l.crc, l.size = crc, size
	literals := stored - dedupTrailer - table
	return l.parse(f.stored[literals:stored-dedupTrailer], f.Pos.Offset()+frameHeader+f.MetaLen, literals)
}

// assemble puts a body with flagDedup together in *buf, from the frame and from what file holds before it.
func (f frame) assemble(file io.ReaderAt, buf *[]byte) ([]byte, error) {
	var l layoutOf
	if err := f.layout(&l); err != nil {
		return nil, err
	}
	b := slices.Grow((*buf)[:0], int(l.size))
	literals := f.stored
	for _, e := range l.extents {
		b = append(b, literals[:e.literal]...)
		literals = literals[e.literal:]
		n := len(b)
		b = b[:n+int(e.ref)]
		if got, err := file.ReadAt(b[n:], int64(e.refAt)); got < int(e.ref) {
			return nil, fmt.Errorf("read what the record repeats: %w", err)
		}
	}
	*buf = b
	if checksum(f.meta, b) != l.crc {
		return nil, fmt.Errorf("%w: what the body repeats does not match its checksum", ErrCorrupt)
	}
	return b, nil
}

// bytes is the memory that l takes.
func (l *layoutOf) bytes() int {
	return int(unsafe.Sizeof(*l)) + cap(l.extents)*int(unsafe.Sizeof(extent{})) + 4*(cap(l.starts)+cap(l.places))
}

// tailBytes is how much of a frame's end is read at once to find its table.
const tailBytes = 4 << 10

// readLayout reads the table of the frame f of s, without its body.
func readLayout(s *segment, f frame, l *layoutOf) error {
	var near [tailBytes]byte
	bodyAt := int64(f.Pos.Offset()) + frameHeader + int64(f.MetaLen)
	tail := near[:min(tailBytes, f.BodyLen)]
	if n, err := s.file.ReadAt(tail, bodyAt+int64(f.BodyLen)-int64(len(tail))); n < len(tail) {
		return err
	}
	crc, size, table, err := parseTrailer(tail, f.BodyLen)
	if err != nil {
		return err
	}
	l.crc, l.size = crc, size
	literals := f.BodyLen - dedupTrailer - table
	if whole := int(table) + dedupTrailer; whole > len(tail) {
		tail = make([]byte, whole)
		if n, err := s.file.ReadAt(tail, bodyAt+int64(literals)); n < len(tail) {
			return err
		}
	}
	tail = tail[len(tail)-dedupTrailer-int(table) : len(tail)-dedupTrailer]
	return l.parse(tail, uint32(bodyAt), literals)
}

// part is bytes of a segment and their place in what is read.
type part struct{ at, len, to uint32 }

// appendParts says where in the segment the body's bytes of r stand.
func (l *layoutOf) appendParts(parts []part, r Range, to uint32) []part {
	i, found := slices.BinarySearch(l.starts, r.Off)
	if !found {
		i--
	}
	for off, end := r.Off, r.Off+r.Len; off < end; i++ {
		e, in := l.extents[i], off-l.starts[i]
		if in < e.literal {
			n := min(e.literal-in, end-off)
			parts = append(parts, part{l.places[i] + in, n, to})
			off, to, in = off+n, to+n, in+n
		}
		if n := min(e.literal+e.ref-in, end-off); off < end && n > 0 {
			parts = append(parts, part{e.refAt + in - e.literal, n, to})
			off, to = off+n, to+n
		}
	}
	return parts
}

// scatter reads parts into dst, in the order in which they stand in the file: those with small gaps between them
// with one call.
func scatter(s *segment, parts []part, dst []byte, room *[]byte) error {
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.at, b.at) })
	for len(parts) > 0 {
		n, end := 1, parts[0].at+parts[0].len
		for ; n < len(parts) && parts[n].at <= end+dedupGap; n++ {
			end = max(end, parts[n].at+parts[n].len)
		}
		if err := scatterRun(s, parts[:n], end, dst, room); err != nil {
			return err
		}
		parts = parts[n:]
	}
	return nil
}

// dedupGap is the longest gap that is read over: copying 4 KiB costs about as much as another system call.
const dedupGap = 4 << 10

// scatterRun reads parts that end at end with one call.
func scatterRun(s *segment, parts []part, end uint32, dst []byte, room *[]byte) error {
	from := parts[0].at
	into := dst[parts[0].to:][:parts[0].len]
	if len(parts) > 1 {
		*room = slices.Grow((*room)[:0], int(end-from))
		into = (*room)[:end-from]
	}
	if n, err := s.file.ReadAt(into, int64(from)); n < len(into) {
		return err
	}
	if len(parts) > 1 {
		for _, p := range parts {
			copy(dst[p.to:][:p.len], into[p.at-from:])
		}
	}
	return nil
}

// rangeReader is what reading ranges of such a body needs, reused.
type rangeReader struct {
	parts []part
	room  []byte
}

var rangeReaders = sync.Pool{New: func() any { return new(rangeReader) }}

// read appends ranges of the body of f to dst.
func (r *rangeReader) read(l *Log, s *segment, f frame, ranges []Range, dst []byte) ([]byte, error) {
	at, ok := l.layouts.get(f.Pos)
	if !ok {
		at = new(layoutOf)
		if err := readLayout(s, f, at); err != nil {
			return dst, fmt.Errorf("read record %v: %w", f.Pos, err)
		}
		l.layouts.put(f.Pos, at, at.bytes())
	}
	if err := checkRanges(ranges, int(at.size), f.Pos); err != nil {
		return dst, err
	}
	r.parts = r.parts[:0]
	n := uint32(0)
	for _, rg := range ranges {
		r.parts = at.appendParts(r.parts, rg, n)
		n += rg.Len
	}
	start := len(dst)
	out := slices.Grow(dst, int(n))[:start+int(n)]
	if err := scatter(s, r.parts, out[start:], &r.room); err != nil {
		return dst, fmt.Errorf("read record %v: %w", f.Pos, err)
	}
	return out, nil
}
