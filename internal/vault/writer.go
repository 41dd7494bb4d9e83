package vault

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// writer makes one block: sessions one behind the other, each begun once with all its traces. It holds a chunk
// and the index in memory, some 60 bytes a trace and 8 a name. Not safe for concurrent use; after an error only abort
// makes sense.
type writer struct {
	// Immutable after newWriter.
	ctx    context.Context
	upload Upload
	packer *packer

	footer   footer
	off      int64 // of the next byte, those in buf included
	buf      []byte
	sessions []sessionRecord
	traces   []traceRecord
	index    [filtersN][]uint64 // entries of the three indexes, not yet sorted
	heap     []byte

	// Of the session that is open.
	open    bool
	inChunk int                  // traces in the chunk that is not written
	where   map[TraceID]int      // ordinal of a trace of this session
	pending map[TraceID]struct{} // traces in the chunk that is not written
	scratch Trace
}

// maxHeapBytes bounds the ids of a block's sessions together.
const maxHeapBytes = 1 << 31

// writeBytes is how much is gathered before it goes to the bucket.
const writeBytes = 256 << 10

// newWriter begins a block; swap is the one that it belongs to, or zero.
func newWriter(ctx context.Context, b Bucket, id, swap BlockID, created time.Time, class string, p *packer) (*writer, error) {
	if len(class) > MaxIDBytes {
		return nil, fmt.Errorf("write block: class of %d bytes: the limit is %d", len(class), MaxIDBytes)
	}
	upload, err := b.Create(ctx, id.object())
	if err != nil {
		return nil, fmt.Errorf("write block: %w", err)
	}
	w := &writer{ctx: ctx, upload: upload, packer: p, where: map[TraceID]int{}, pending: map[TraceID]struct{}{}}
	w.footer = footer{id: id, swap: swap, created: created.UnixNano(), class: class, first: noTime, last: noTime}
	w.buf = appendBlockHeader(nil, &w.footer)
	w.off = int64(len(w.buf))
	return w, nil
}

// write appends bytes to the block.
func (w *writer) write(b []byte) error {
	w.off += int64(len(b))
	if len(w.buf)+len(b) < writeBytes {
		w.buf = append(w.buf, b...)
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	if len(b) < writeBytes {
		w.buf = append(w.buf, b...)
		return nil
	}
	_, err := w.upload.Write(b)
	return err
}

func (w *writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.upload.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// session begins a session; what follows belongs to it.
func (w *writer) session(id SessionID, expires int64) error {
	if err := errors.Join(w.endSession(), id.check()); err != nil {
		return err
	}
	if len(w.sessions) == maxOrdinals || len(w.heap) > maxHeapBytes {
		return fmt.Errorf("write block: more than %d sessions, or %d bytes of their ids", maxOrdinals, maxHeapBytes)
	}
	r := sessionRecord{hash: id.Order(), unit: extent{off: w.off}, expires: expires, first: noTime, last: noTime}
	name := appendBytes(appendBytes(appendBytes(nil, id.Tenant), id.Key), id.Value)
	r.id.off, r.id.len, r.id.crc = uint32(len(w.heap)), uint32(len(name)), crc32.Checksum(name, castagnoli)
	w.heap = append(w.heap, name...)
	w.index[sessionFilter] = append(w.index[sessionFilter], indexEntry(r.hash, len(w.sessions)))
	w.sessions = append(w.sessions, r)
	w.open = true
	clear(w.where)
	w.packer.begin(id, expires)
	return nil
}

// trace adds a trace, or a fragment of one, to the open session.
//
// Requires: session was called.
func (w *writer) trace(tenant string, t *Trace) error {
	if err := t.check(); err != nil {
		return err
	}
	s := &w.sessions[len(w.sessions)-1]
	ordinal, known := w.where[t.ID]
	if !known {
		if ordinal = len(w.traces); ordinal == maxOrdinals {
			return fmt.Errorf("write block: more than %d traces", maxOrdinals)
		}
		w.where[t.ID] = ordinal
		w.traces = append(w.traces, traceRecord{id: t.ID, session: uint32(len(w.sessions) - 1), start: noTime})
		w.index[traceFilter] = append(w.index[traceFilter], indexEntry(traceHash(t.ID), ordinal))
		s.tracesN++
	}
	r := &w.traces[ordinal]
	r.spansN += uint32(t.SpansN)
	r.start = earlier(r.start, nanos(t.Start))
	s.spansN += uint32(t.SpansN)
	s.first, s.last = earlier(s.first, nanos(t.Start)), max(s.last, nanos(t.End))
	for _, n := range t.Names[:min(len(t.Names), MaxNames)] {
		w.index[nameFilter] = append(w.index[nameFilter], indexEntry(n.hash(tenant), ordinal))
	}
	return w.pack(t, s)
}

// pack puts a trace into chunks: into the one that is being gathered, and further ones when it is full. What does not fit
// follows as a fragment with the same fields, so that each can be read without the others.
func (w *writer) pack(t *Trace, s *sessionRecord) error {
	fragment := &w.scratch
	*fragment = *t
	for parts := t.Parts; ; {
		n, size := 0, len(w.packer.cut.plain)
		for n < len(parts) && (n == 0 || size+len(parts[n].Body) <= w.packer.limit) {
			size += len(parts[n].Body)
			n++
		}
		if size > w.packer.limit && w.inChunk > 0 {
			if err := w.writeChunk(); err != nil {
				return err
			}
			continue
		}
		for _, p := range parts[:n] {
			s.bodyBytes += int64(len(p.Body))
		}
		fragment.Parts = parts[:n]
		w.packer.add(fragment)
		w.inChunk++
		w.pending[t.ID] = struct{}{}
		if parts = parts[n:]; len(parts) == 0 {
			return nil
		}
		fragment.SpansN = 0 // they were counted with the first
	}
}

// earlier is the earlier of two times, where noTime is none.
func earlier(a, b int64) int64 {
	if a == noTime || b != noTime && b < a {
		return b
	}
	return a
}

// writeChunk writes what is gathered and begins the session's next chunk.
func (w *writer) writeChunk() error {
	at := extent{w.off, 0}
	chunk := w.packer.finish(w.footer.id, w.off)
	at.len = int64(len(chunk))
	if err := w.write(chunk); err != nil {
		return err
	}
	for id := range w.pending {
		r := &w.traces[w.where[id]]
		if r.chunks.len == 0 {
			r.chunks = at
		}
		r.chunks.len = at.end() - r.chunks.off
	}
	clear(w.pending)
	w.inChunk = 0
	w.packer.again()
	return nil
}

// endSession closes the open session, if any. One without traces leaves no trace.
func (w *writer) endSession() error {
	if !w.open {
		return nil
	}
	w.open = false
	s := &w.sessions[len(w.sessions)-1]
	if s.tracesN == 0 {
		w.heap = w.heap[:s.id.off]
		w.sessions = w.sessions[:len(w.sessions)-1]
		w.index[sessionFilter] = w.index[sessionFilter][:len(w.sessions)]
		return nil
	}
	if w.inChunk > 0 {
		if err := w.writeChunk(); err != nil {
			return err
		}
	}
	s.unit.len = w.off - s.unit.off
	f := &w.footer
	f.spansN += uint64(s.spansN)
	f.bodyBytes += uint64(s.bodyBytes)
	f.first, f.last = earlier(f.first, s.first), max(f.last, s.last)
	return nil
}

// abort gives the block up. After finish it does nothing.
func (w *writer) abort() { w.upload.Abort() }
