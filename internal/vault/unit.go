package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// chunks reads the chunks that stand in a part of a block, one behind the other, and calls each with those that are
// whole. What c holds is good until each returns; an error of each ends it. Damage is reported and passed over: by the
// chunk's length where its header is whole, else by looking at every multiple of 8 for the next header that is whole.
type chunks struct {
	r     *reader
	in    extent
	ahead int64 // how much is read at a time, at least
	found damages

	session SessionID // whose chunks they are, if they are of one, for reports of damage
	limit   int64     // where reading ahead ends, when one extent follows the other; 0: at the extent's end

	c     *chunk
	buf   []byte
	bufAt int64 // offset in the block of buf
}

// decoded is memory for chunks: fresh pages cost more than decoding into old ones.
var decoded = sync.Pool{New: func() any { return &chunk{} }}

// nearby is how far behind the last read a read may be and still count as going on from there.
const nearby = 64 << 10

// readAhead is how much of a block is read at a time: a session is nearly always one read.
const readAhead = 4 << 20

// bytes gives n bytes at off, which are within the extent, reading ahead where it has to read.
func (s *chunks) bytes(ctx context.Context, off, n int64) ([]byte, error) {
	if bufEnd := s.bufAt + int64(len(s.buf)); off < s.bufAt || off+n > bufEnd {
		end := s.in.end()
		if off >= s.bufAt && off <= bufEnd+nearby {
			end = max(end, s.limit)
		}
		size := min(max(n, s.ahead), end-off)
		if int64(cap(s.buf)) > 4*max(size, readAhead) {
			s.buf = nil // the memory of one huge chunk
		}
		s.buf = grown(s.buf, int(size))
		s.bufAt = off
		if err := s.r.bucket.ReadAt(ctx, s.r.id.object(), s.buf, off); err != nil {
			s.buf = s.buf[:0]
			return nil, &readError{err}
		}
	}
	return s.buf[off-s.bufAt:][:n], nil
}

func (s *chunks) damaged(off, n int64, err error) {
	s.found = append(s.found, Damage{Block: s.r.id, Session: s.session, Offset: off, Bytes: n, Reason: err})
}

// each reads all chunks. The error is the caller's, or one that may pass, or ErrVersion; damage is in found.
func (s *chunks) each(ctx context.Context, do func(c *chunk) error) error {
	if s.c == nil {
		s.c = decoded.Get().(*chunk)
		defer func() {
			if cap(s.c.bodies)+cap(s.c.unpacked) <= 2*DefaultChunkBytes {
				decoded.Put(s.c)
			}
			s.c = nil
		}()
	}
	for off := s.in.off; off < s.in.end(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := s.header(ctx, off)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			s.damaged(off, s.in.end()-off, err) // the object ends before: there is nothing to search
			return nil
		}
		if isDamage(err) {
			next, searchErr := s.search(ctx, off+chunkAlign)
			if searchErr != nil {
				return searchErr
			}
			s.damaged(off, next-off, err)
			off = next
			continue
		}
		if err != nil {
			return err
		}
		packed, err := s.bytes(ctx, off+chunkHeader, int64(h.packed))
		if err == nil {
			err = s.c.decode(h, packed)
		}
		switch {
		case isDamage(err):
			s.damaged(off, h.size(), err)
		case err != nil:
			return err
		default:
			if err := do(s.c); err != nil {
				return err
			}
		}
		off += h.size()
	}
	return nil
}

// header reads the header of the chunk at off. One that goes beyond the extent is damage.
func (s *chunks) header(ctx context.Context, off int64) (chunkHead, error) {
	b, err := s.bytes(ctx, off, min(chunkHeader, s.in.end()-off))
	if err != nil {
		return chunkHead{}, err
	}
	h, err := parseChunkHead(b, s.r.id, off)
	if err == nil && off+h.size() > s.in.end() {
		return h, fmt.Errorf("chunk of %d bytes goes beyond the session's", h.size())
	}
	return h, err
}

// search gives the offset of the next header that is whole, or the end.
func (s *chunks) search(ctx context.Context, off int64) (int64, error) {
	for ; off < s.in.end(); off += chunkAlign {
		if _, err := s.header(ctx, off); err == nil {
			return off, nil
		} else if !isDamage(err) {
			return off, err
		}
	}
	return s.in.end(), nil
}
