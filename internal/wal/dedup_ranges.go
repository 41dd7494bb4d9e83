package wal

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// rangeReader is what reading ranges of a body that leaves out what repeats needs, reused.
type rangeReader struct {
	parts []part
	room  []byte // into which parts are read together
	tail  []byte // the end of a frame
}

const (
	// tailBytes is how much of a frame's end is read at once to find its table.
	tailBytes = 4 << 10
	// dedupGap is the longest gap that is read over: copying 4 KiB costs about as much as another system call.
	dedupGap = 4 << 10
	// keptRoom is the largest buffer that is kept for the next reader.
	keptRoom = 1 << 20
)

var rangeReaders = sync.Pool{New: func() any { return new(rangeReader) }}

func (r *rangeReader) release() {
	if cap(r.room) > keptRoom {
		r.room = nil
	}
	if cap(r.tail) > keptRoom {
		r.tail = nil
	}
	rangeReaders.Put(r)
}

// readRepeating appends ranges of the body of f, which leaves out what repeats, to dst.
func (l *Log) readRepeating(s *segment, f frame, ranges []Range, dst []byte) ([]byte, error) {
	r := rangeReaders.Get().(*rangeReader)
	defer r.release()
	at, ok := l.layouts.get(f.Pos)
	if !ok {
		at = new(layoutOf)
		if err := r.layout(s, f.header, at); err != nil {
			return dst, fmt.Errorf("read record %v: %w", f.Pos, err)
		}
		l.layouts.put(f.Pos, at, at.bytes())
	}
	if err := checkRanges(ranges, int(at.size), f.Pos); err != nil {
		return dst, err
	}
	r.parts = r.parts[:0]
	n := 0
	for _, rg := range ranges {
		r.parts = at.appendParts(r.parts, rg, n)
		n += int(rg.Len)
	}
	start := len(dst)
	out := slices.Grow(dst, n)[:start+n]
	if err := r.scatter(s, out[start:]); err != nil {
		return dst, fmt.Errorf("read record %v: %w", f.Pos, err)
	}
	return out, nil
}

// layout reads the table of the frame f of s, without its body.
func (r *rangeReader) layout(s *segment, f header, l *layoutOf) error {
	end := int64(f.Pos.Offset()) + frameHeader + f.payload()
	if err := r.readTail(s, end, min(tailBytes, int64(f.BodyLen))); err != nil {
		return err
	}
	t, err := parseTrailer(r.tail, f)
	if err != nil {
		return err
	}
	if whole := int64(t.table) + dedupTrailer; whole > int64(len(r.tail)) {
		if err := r.readTail(s, end, whole); err != nil {
			return err
		}
	}
	return l.parse(r.tail, f)
}

// readTail reads the n bytes before end.
func (r *rangeReader) readTail(s *segment, end, n int64) error {
	r.tail = slices.Grow(r.tail[:0], int(n))[:n]
	if got, err := s.file.ReadAt(r.tail, end-n); got < len(r.tail) {
		return err
	}
	return nil
}

// scatter reads the parts into dst, in the order in which they stand in the file: those with small gaps between them
// with one call.
func (r *rangeReader) scatter(s *segment, dst []byte) error {
	slices.SortFunc(r.parts, func(a, b part) int { return cmp.Compare(a.at, b.at) })
	for parts := r.parts; len(parts) > 0; {
		n, end := 1, int64(parts[0].at)+int64(parts[0].len)
		for ; n < len(parts) && int64(parts[n].at) <= end+dedupGap && end-int64(parts[0].at) < runBytes; n++ {
			end = max(end, int64(parts[n].at)+int64(parts[n].len))
		}
		if err := r.scatterRun(s, parts[:n], end, dst); err != nil {
			return err
		}
		parts = parts[n:]
	}
	return nil
}

// runBytes is about how much is read with one call; what stands in the gaps counts.
const runBytes = 1 << 20

// scatterRun reads parts that end at end with one call.
func (r *rangeReader) scatterRun(s *segment, parts []part, end int64, dst []byte) error {
	from := int64(parts[0].at)
	into := dst[parts[0].to:][:parts[0].len]
	if len(parts) > 1 {
		r.room = slices.Grow(r.room[:0], int(end-from))
		into = r.room[:end-from]
	}
	if n, err := s.file.ReadAt(into, from); n < len(into) {
		return err
	}
	if len(parts) > 1 {
		for _, p := range parts {
			copy(dst[p.to:][:p.len], into[int64(p.at)-from:])
		}
	}
	return nil
}
