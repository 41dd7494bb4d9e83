package wal

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// writer turns groups into frames. All fields are owned by its goroutine once the log is started.
//
// Invariant: bytes in [0, off) of the active segment are known to be as written, and nothing behind off was ever
// acknowledged. A write that fails is cut off again; where that fails too, or a sync fails, the segment is sealed at
// off and never touched again. So no record ever stands behind bytes whose state is unknown.
type writer struct {
	log *Log

	active   *segment // nil when the next record begins a new segment
	off      int64    // where the next frame goes
	reserved int64    // how far the active file is preallocated
	growing  bool     // preallocation is of no use for this segment
	nextID   SegmentID

	// What was written but not synced, under Interval.
	dirtyRecords int
	dirtyBytes   int64

	// Reused between groups.
	arena []byte
	bufs  [][]byte
	dones []func()
}

func (w *writer) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	timer.Stop()
	var ticking bool
	for {
		select {
		case <-w.log.wake:
		case <-timer.C:
			ticking = false
			w.syncDirty()
		}
		j := w.log.take()
		if j.rotate && w.off > segmentHeader {
			w.seal()
		}
		if j.group != nil {
			w.write(j.group)
		}
		for _, reply := range j.fresh {
			reply <- w.ensure()
		}
		if j.closed {
			w.finish()
			return
		}
		if w.dirtyRecords > 0 && !ticking {
			timer.Reset(w.log.cfg.SyncInterval)
			ticking = true
		}
	}
}

// refuse fails a job that will never be run.
func (w *writer) refuse(j job) {
	if j.group != nil {
		w.conclude(j.group, j.group.entries, ErrClosed)
	}
	for _, reply := range j.fresh {
		reply <- ErrClosed
	}
}

// write makes all entries of g durable, or as many of the first ones as it can, and completes their commits.
func (w *writer) write(g *group) {
	rest := g.entries
	var err error
	for len(rest) > 0 && err == nil {
		var n int
		n, err = w.writeRun(rest)
		rest = rest[n:]
	}
	w.conclude(g, rest, err)
	w.log.giveBack(g.entries)
}

// conclude completes the commits of g, of which those in failed have failed, and lets go what delivery will not use.
func (w *writer) conclude(g *group, failed []entry, err error) {
	for i := range failed {
		failed[i].unpack()
		failed[i].commit.err = err
		if done := failed[i].Record.Done; done != nil {
			w.dones = append(w.dones, done)
		}
	}
	close(g.done)
	for _, done := range w.dones {
		done()
	}
	clear(w.dones)
	w.dones = w.dones[:0]
}

// writeRun writes those first entries that fit into one segment, and says how many were committed.
func (w *writer) writeRun(entries []entry) (int, error) {
	if err := w.room(frameSize(entries[0].payload())); err != nil {
		return 0, err
	}
	n, end := w.layout(entries)
	w.reserve(end)
	if _, err := w.active.file.WriteVec(w.bufs, w.off); err != nil {
		return 0, w.abandon(fmt.Errorf("write segment %d: %w", w.active.id, err), false)
	}
	if err := w.syncRun(n, end-w.off); err != nil {
		return 0, w.abandon(err, true)
	}
	clear(w.bufs)
	w.off = end
	// Commit point: the frames are on disk, or with the operating system where Durability asks for no more. From
	// here on they are delivered, in this life of the log or in the next.
	w.publish(entries[:n])
	return n, nil
}

// syncRun makes a run durable under Always, and notes it as dirty under Interval.
func (w *writer) syncRun(records int, bytes int64) error {
	switch w.log.cfg.Durability {
	case Always:
		return w.sync(records, bytes)
	case Interval:
		w.dirtyRecords += records
		w.dirtyBytes += bytes
	}
	return nil
}

func (w *writer) sync(records int, bytes int64) error {
	start := w.log.cfg.Clock()
	if err := w.active.file.Sync(); err != nil {
		return fmt.Errorf("sync segment %d: %w", w.active.id, err)
	}
	if w.log.cfg.OnSync != nil {
		w.log.cfg.OnSync(w.log.cfg.Clock().Sub(start), records, bytes)
	}
	return nil
}

// syncDirty syncs what was acknowledged before it was durable. When that fails nothing can be taken back: the
// segment is sealed as it is, and the failure reported.
func (w *writer) syncDirty() {
	if w.dirtyRecords == 0 {
		return
	}
	err := w.sync(w.dirtyRecords, w.dirtyBytes)
	w.dirtyRecords, w.dirtyBytes = 0, 0
	if err != nil {
		w.failed(err)
		w.close()
	}
}

// inlineMax is the longest body that is copied beside its header rather than written from the caller's slice.
const inlineMax = 2 << 10

var padding [frameAlign]byte

// layout places entries behind off, as many as the segment takes and at least one, and leaves their bytes in bufs.
// It gives the number of entries and the offset behind them. Headers, metas, small bodies and padding are collected
// in one arena, so that a large record is two slices of a vectored write.
func (w *writer) layout(entries []entry) (n int, end int64) {
	w.arena, w.bufs = w.arena[:0], w.bufs[:0]
	from := 0 // start of the part of the arena that is not in bufs
	end = w.off
	for ; n < len(entries); n++ {
		e := &entries[n]
		size := frameSize(e.payload())
		if n > 0 && end+size > w.log.cfg.SegmentBytes {
			break
		}
		e.pos = position(w.active.id, end)
		w.arena = appendHeader(w.arena, header{
			Flags: e.flags, Kind: e.Kind, MetaLen: uint32(len(e.Meta)), BodyLen: uint32(len(e.stored)), CRC: e.crc, Pos: e.pos,
		})
		w.arena = append(w.arena, e.Meta...)
		if len(e.stored) <= inlineMax {
			w.arena = append(w.arena, e.stored...)
		} else {
			w.bufs = append(w.bufs, w.arena[from:], e.stored)
			from = len(w.arena)
		}
		w.arena = append(w.arena, padding[:size-frameHeader-e.payload()]...)
		end += size
	}
	w.bufs = append(w.bufs, w.arena[from:])
	return n, end
}

// abandon deals with a run that failed. Under a failed write the segment goes on when its end can be restored; after
// a failed sync it never does, since a later sync may report success for pages that the kernel has dropped.
func (w *writer) abandon(err error, inSync bool) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = fmt.Errorf("%w: %w", ErrFull, err)
	}
	w.failed(err)
	clear(w.bufs)
	cut := w.active.file.Truncate(w.off)
	w.reserved, w.growing = w.off, true
	// Readers and the next segment's header know the good end, so a tail that could not be cut is ignored.
	switch {
	case inSync:
		w.close()
	case cut != nil:
		w.seal()
	}
	return err
}

func (w *writer) failed(err error) {
	if w.log.cfg.OnFailure != nil {
		w.log.cfg.OnFailure(err)
	}
}
