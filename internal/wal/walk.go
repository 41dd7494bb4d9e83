package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/s2"
)

// walkBytes is how much of a segment is read at once.
const walkBytes = 2 << 20

// blockBytes is the unit in which a region that cannot be read at once is tried again.
const blockBytes = 4096

// frame is a frame as read: its slices are parts of the walker's window.
type frame struct {
	header
	meta, stored []byte
}

// plain is the memory in which bodies are put together or unpacked, reused.
type plain struct {
	buf    []byte
	layout layoutOf
}

// shrink lets go of memory that only an unusual record needed.
func (p *plain) shrink() {
	if cap(p.buf) > 16*walkBytes {
		*p = plain{}
	}
}

// body gives the body of f as it was appended: the stored bytes, or what is made of them in p, valid until the next
// call. file is the segment's. An error that is not ErrCorrupt is the file's.
func (p *plain) body(f frame, file io.ReaderAt) ([]byte, error) {
	switch f.Flags {
	case 0:
		return f.stored, nil
	case flagDedup:
		return p.assemble(f, file)
	}
	n, err := s2.DecodedLen(f.stored)
	if err != nil || n > maxPayload {
		return nil, fmt.Errorf("%w: body is no S2 block", ErrCorrupt)
	}
	p.buf = slices.Grow(p.buf[:0], n)
	b, err := s2.Decode(p.buf[:n], f.stored)
	if err != nil {
		return nil, fmt.Errorf("%w: body is no S2 block", ErrCorrupt)
	}
	return b, nil
}

// walker reads the frames of one segment in order. It is the only reader of whole segments: delivery and repair use it.
type walker struct {
	file io.ReaderAt
	id   SegmentID

	off   int64 // the next frame, or where to look for one
	good  int64 // behind the last good frame
	limit int64 // no frame reaches beyond
	exact bool  // limit is the end of a frame; otherwise zeros before it are a clean end

	win     []byte // bytes of the file from winOff on
	winOff  int64
	readErr error // the last failed read of the window
	newer   error // a frame of a newer program was met
	plain   plain
}

// reset begins a walk over [from, limit), keeping the buffers.
func (w *walker) reset(file io.ReaderAt, id SegmentID, from, limit int64, exact bool) {
	w.plain.shrink()
	w.file, w.id, w.off, w.limit, w.exact = file, id, from, limit, exact
	w.good, w.win, w.winOff, w.readErr, w.newer = from, w.win[:0], from, nil, nil
}

// next gives the next good frame or the next hole, and false at the end. A frame's slices are valid until the next call.
func (w *walker) next() (frame, *Damage, bool) {
	for w.off < w.limit {
		f, err := w.frame()
		if err != nil {
			if errors.Is(err, ErrVersion) {
				w.newer = err
			}
			if hole := w.resync(f, err); hole != nil {
				return frame{}, hole, true
			}
			break
		}
		w.off = min(w.off+f.size(), w.limit)
		w.good = w.off
		if f.Kind != kindSeal {
			return f, nil, true
		}
	}
	return frame{}, nil, false
}

// frame reads the frame at off. The header is valid with errPayload, so that the whole frame can be skipped.
func (w *walker) frame() (frame, error) {
	head := w.bytes(w.off, frameHeader)
	if head == nil {
		return frame{}, errNoFrame
	}
	h, err := parseHeader(head, position(w.id, w.off))
	if err != nil {
		return frame{}, err
	}
	if w.off+frameHeader+h.payload() > w.limit {
		return frame{}, errCut
	}
	b := w.bytes(w.off, frameHeader+int(h.payload()))[frameHeader:]
	f := frame{header: h, meta: b[:h.MetaLen:h.MetaLen], stored: b[h.MetaLen:]}
	if checksum(f.meta, f.stored) != h.CRC {
		return f, errPayload
	}
	return f, nil
}

// resync moves off behind the damage at off, to the next header that is whole and names its own place or to the
// limit, and gives the hole. It gives nil where what is left is the clean end of a preallocated file.
func (w *walker) resync(f frame, cause error) *Damage {
	start := w.off
	if errors.Is(cause, errPayload) {
		// Only the payload is bad: the header tells where the frame ends.
		w.off = min(start+f.size(), w.limit)
		return w.hole(start, cause)
	}
	zero := true
	p := start
	for ; p+frameAlign <= w.limit; p += frameAlign {
		word := binary.LittleEndian.Uint64(w.bytes(p, frameAlign))
		zero = zero && word == 0
		if uint32(word) != frameMagic || p == start {
			continue
		}
		if _, err := parseHeader(w.bytes(p, frameHeader), position(w.id, p)); err == nil {
			w.off = p
			return w.hole(start, cause)
		}
	}
	for _, b := range w.bytes(p, int(w.limit-p)) {
		zero = zero && b == 0
	}
	w.off = w.limit
	if zero && !w.exact {
		return nil
	}
	return w.hole(start, cause)
}

func (w *walker) hole(start int64, cause error) *Damage {
	reason := cause.Error()
	if w.readErr != nil {
		reason += ": " + w.readErr.Error()
		w.readErr = nil
	}
	return &Damage{Segment: w.id, File: segmentName(w.id), Offset: start, Length: w.off - start, Reason: reason}
}

// bytes gives n bytes at off, or nil where they reach beyond the limit.
func (w *walker) bytes(off int64, n int) []byte {
	if off+int64(n) > w.limit {
		return nil
	}
	if off < w.winOff || off+int64(n) > w.winOff+int64(len(w.win)) {
		w.load(off, n)
	}
	return w.win[off-w.winOff:][:n]
}

// load moves the window to off with at least n bytes, keeping what it has of them.
func (w *walker) load(off int64, n int) {
	size := int(min(int64(max(n, walkBytes)), w.limit-off))
	var kept []byte
	if off >= w.winOff && off < w.winOff+int64(len(w.win)) {
		kept = w.win[off-w.winOff:]
	}
	buf := w.win[:cap(w.win)]
	if cap(buf) < size || cap(buf) > 16*walkBytes && size <= walkBytes {
		buf = make([]byte, max(size+size/4, min(2*cap(buf), walkBytes), 32<<10))
	}
	have := copy(buf, kept)
	w.win, w.winOff = buf[:size], off
	if err := readAround(w.file, w.win[have:], off+int64(have)); err != nil {
		w.readErr = err
	}
}

// readAround fills p from off. What cannot be read becomes zeros, a block at a time, so that checksums find it and
// everything around it is still used. It gives the first error.
func readAround(file io.ReaderAt, p []byte, off int64) error {
	n, err := file.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	first := err
	for n < len(p) {
		block := p[n:min(n+blockBytes-int((off+int64(n))%blockBytes), len(p))]
		m, err := file.ReadAt(block, off+int64(n))
		if err != nil {
			clear(block[m:])
		}
		n += len(block)
	}
	return first
}
