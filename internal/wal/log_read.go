package wal

import (
	"fmt"
	"slices"
	"sync"
)

// Range is a part of a record's body, in bytes of the body as it was appended.
type Range struct{ Off, Len uint32 }

// gapBytes is the longest gap between two ranges that is read over rather than skipped with another system call.
const gapBytes = 16 << 10

// ReadRanges appends the ranges of the body of the record at p to dst, in the order given, and returns it. Ranges in
// ascending order are read together where gaps are small. It does not verify the record's checksum, as it does not read
// all of it: where bytes are damaged it gives them as they are, and the caller checks what it gets. That holds for what
// the record repeats, too, but not for where it stands: the table has a checksum of its own. Of a compressed record it
// reads, verifies and unpacks all, and keeps a few unpacked bodies. It fails with ErrGone, or with ErrCorrupt when there
// is no frame at p or its table is damaged. On an error dst is returned as it was.
func (l *Log) ReadRanges(p Position, ranges []Range, dst []byte) ([]byte, error) {
	s, end, err := l.acquire(p)
	if err != nil {
		return dst, err
	}
	defer l.release(s)
	f, err := readHeader(s, p, end)
	if err != nil {
		return dst, err
	}
	if f.Flags&flagS2 != 0 {
		body, err := l.unpacked(s, f)
		if err != nil {
			return dst, err
		}
		return cutRanges(body, ranges, dst, p)
	}
	if f.Flags&flagDedup != 0 {
		return l.readRepeating(s, f, ranges, dst)
	}
	if err := checkRanges(ranges, int(f.BodyLen), p); err != nil {
		return dst, err
	}
	out := dst
	base := int64(p.Offset()) + frameHeader + int64(f.MetaLen)
	for len(ranges) > 0 {
		n := together(ranges)
		if out, err = readTogether(s, base, ranges[:n], out); err != nil {
			return dst, fmt.Errorf("read record %v: %w", p, err)
		}
		ranges = ranges[n:]
	}
	return out, nil
}

// together says how many of the first ranges are worth one read: they ascend, and the gaps between them are small.
func together(ranges []Range) int {
	n := 1
	for ; n < len(ranges); n++ {
		end := uint64(ranges[n-1].Off) + uint64(ranges[n-1].Len)
		if next := uint64(ranges[n].Off); next < end || next > end+gapBytes {
			break
		}
	}
	return n
}

// readTogether reads ascending ranges with one call: all into the end of dst, from where the gaps are squeezed out.
func readTogether(s *segment, base int64, ranges []Range, dst []byte) ([]byte, error) {
	first, last := ranges[0], ranges[len(ranges)-1]
	span := int(last.Off-first.Off) + int(last.Len)
	start := len(dst)
	dst = slices.Grow(dst, span)[:start+span]
	if n, err := s.file.ReadAt(dst[start:], base+int64(first.Off)); n < span {
		return nil, err
	}
	to := start
	for _, r := range ranges {
		from := start + int(r.Off-first.Off)
		to += copy(dst[to:], dst[from:from+int(r.Len)])
	}
	return dst[:to], nil
}

func checkRanges(ranges []Range, body int, p Position) error {
	for _, r := range ranges {
		if uint64(r.Off)+uint64(r.Len) > uint64(body) {
			return fmt.Errorf("read record %v: range %d+%d is outside its %d bytes", p, r.Off, r.Len, body)
		}
	}
	return nil
}

func cutRanges(body []byte, ranges []Range, dst []byte, p Position) ([]byte, error) {
	if err := checkRanges(ranges, len(body), p); err != nil {
		return dst, err
	}
	for _, r := range ranges {
		dst = append(dst, body[r.Off:r.Off+r.Len]...)
	}
	return dst, nil
}

// ReadRecord reads the whole record at p and verifies its checksum. The slices are the caller's. It fails with ErrGone
// or ErrCorrupt.
func (l *Log) ReadRecord(p Position) (Delivery, error) {
	s, end, err := l.acquire(p)
	if err != nil {
		return Delivery{}, err
	}
	defer l.release(s)
	f, err := readHeader(s, p, end)
	if err != nil {
		return Delivery{}, err
	}
	if err := f.readPayload(s); err != nil {
		return Delivery{}, err
	}
	body, err := new(plain).body(f, s.file)
	if err != nil {
		return Delivery{}, fmt.Errorf("read record %v: %w", p, err)
	}
	return Delivery{Position: p, Kind: f.Kind, Meta: f.meta, Body: body, FromDisk: true}, nil
}

// readHeader reads and checks the header of the frame at p, which must end before end.
func readHeader(s *segment, p Position, end int64) (frame, error) {
	var buf [frameHeader]byte
	if n, err := s.file.ReadAt(buf[:], int64(p.Offset())); n < len(buf) {
		return frame{}, fmt.Errorf("read record %v: %w", p, err)
	}
	h, err := parseHeader(buf[:], p)
	if err == nil && int64(p.Offset())+h.size() > end {
		err = errCut
	}
	if err != nil {
		return frame{}, fmt.Errorf("read record %v: %w: %w", p, ErrCorrupt, err)
	}
	return frame{header: h}, nil
}

// readPayload reads meta and body into a buffer of their own and verifies them.
func (f *frame) readPayload(s *segment) error {
	buf := make([]byte, f.payload())
	if n, err := s.file.ReadAt(buf, int64(f.Pos.Offset())+frameHeader); n < len(buf) {
		return fmt.Errorf("read record %v: %w", f.Pos, err)
	}
	f.meta, f.stored = buf[:f.MetaLen:f.MetaLen], buf[f.MetaLen:]
	if checksum(f.meta, f.stored) != f.CRC {
		return fmt.Errorf("read record %v: %w: %w", f.Pos, ErrCorrupt, errPayload)
	}
	return nil
}

// acquire finds the segment of p, which stays readable until release, and its end.
func (l *Log) acquire(p Position) (*segment, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.findLocked(p.Segment())
	if !ok {
		return nil, 0, fmt.Errorf("read record %v: %w", p, ErrGone)
	}
	if off := int64(p.Offset()); off < segmentHeader || off+frameHeader > s.end {
		return nil, 0, fmt.Errorf("read record %v: the segment holds frames from %d to %d", p, segmentHeader, s.end)
	}
	s.users++
	return s, s.end, nil
}

func (l *Log) release(s *segment) {
	l.mu.Lock()
	s.users--
	last := s.removed && s.users == 0
	l.mu.Unlock()
	if last {
		s.file.Close() // nothing was written through it since its last sync
	}
}

// unpacked gives the body of a compressed record, read or kept from before.
func (l *Log) unpacked(s *segment, f frame) ([]byte, error) {
	if body, ok := l.bodies.get(f.Pos); ok {
		return body, nil
	}
	if err := f.readPayload(s); err != nil {
		return nil, err
	}
	body, err := new(plain).body(f, s.file)
	if err != nil {
		return nil, fmt.Errorf("read record %v: %w", f.Pos, err)
	}
	l.bodies.put(f.Pos, body, len(body))
	return body, nil
}

// recent keeps what was made of the last few records that were read by ranges: the spans of a trace lie in a handful of
// records, and those of the next trace in much the same. At its bound it forgets the oldest.
type recent[T any] struct {
	mu      sync.Mutex
	entries []recentEntry[T] // oldest first
	bytes   int
	limit   int // bytes
}

type recentEntry[T any] struct {
	pos   Position
	value T
	bytes int
}

const (
	recentEntries = 128
	recentBodies  = 16 << 20 // bytes
	recentLayouts = 4 << 20  // bytes
)

func (c *recent[T]) get(p Position) (value T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.entries {
		if c.entries[i].pos == p {
			return c.entries[i].value, true
		}
	}
	return value, false
}

func (c *recent[T]) put(p Position, value T, bytes int) {
	if bytes > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.entries, func(e recentEntry[T]) bool { return e.pos == p }) {
		return // another reader made it at the same time
	}
	c.entries = append(c.entries, recentEntry[T]{p, value, bytes})
	c.bytes += bytes
	n := 0
	for ; len(c.entries)-n > recentEntries || c.bytes > c.limit; n++ {
		c.bytes -= c.entries[n].bytes
	}
	c.entries = slices.Delete(c.entries, 0, n)
}
