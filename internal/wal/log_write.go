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

	said blockTable // what the active segment holds

	// Reused between groups.
	out     gatherer
	extents []extent
	table   []byte
	dones   []func()
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
	if _, err := w.active.file.WriteVec(w.out.bufs, w.off); err != nil {
		return 0, w.abandon(fmt.Errorf("write segment %d: %w", w.active.id, err), false)
	}
	if err := w.syncRun(n, end-w.off); err != nil {
		return 0, w.abandon(err, true)
	}
	w.out.reset()
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

// layout places entries behind off, as many as the segment takes and at least one, and leaves their bytes in out. It
// gives the number of entries and the offset behind them.
func (w *writer) layout(entries []entry) (n int, end int64) {
	w.out.reset()
	end = w.off
	for ; n < len(entries); n++ {
		e := &entries[n]
		if n > 0 && end+frameSize(e.payload()) > w.log.cfg.SegmentBytes {
			break
		}
		e.pos = position(w.active.id, end)
		if e.blocks == nil || !w.placeRepeating(e) {
			w.place(e)
		}
		end = w.off + w.out.size
	}
	w.out.flush()
	return n, end
}

// place lays out e as it is.
func (w *writer) place(e *entry) {
	w.out.header(header{
		Flags: e.flags, Kind: e.Kind, MetaLen: uint32(len(e.Meta)), BodyLen: uint32(len(e.stored)), CRC: e.crc, Pos: e.pos,
	})
	w.out.copy(e.Meta)
	w.out.add(e.stored)
	w.out.pad()
}

// placeRepeating lays out e without what of it stands in the segment already, unless nothing does.
func (w *writer) placeRepeating(e *entry) bool {
	base := e.pos.Offset() + frameHeader + uint32(len(e.Meta))
	w.extents = w.said.appendExtents(w.extents[:0], len(e.Body), *e.blocks, base)
	if len(w.extents) == 1 {
		return false
	}
	w.table = appendTable(w.table[:0], w.extents, e.crc, uint32(len(e.Body)))
	stored := len(w.table)
	eachLiteral(e.Body, w.extents, func(p []byte) { stored += len(p) })
	w.out.header(header{
		Flags: flagDedup, Kind: e.Kind, MetaLen: uint32(len(e.Meta)), BodyLen: uint32(stored),
		CRC: checksumParts(e.Meta, e.Body, w.extents, w.table), Pos: e.pos,
	})
	w.out.copy(e.Meta)
	eachLiteral(e.Body, w.extents, w.out.add)
	w.out.copy(w.table)
	w.out.pad()
	return true
}

// gatherer collects the bytes of a vectored write. Headers and other small parts are copied into one arena, so that a
// large record is two slices.
type gatherer struct {
	bufs  [][]byte
	arena []byte
	from  int   // start of the part of arena that is not in bufs
	size  int64 // of everything
}

const (
	// inlineMax is the longest part that is copied rather than written from where it is.
	inlineMax = 2 << 10
	// arenaMax is the largest arena that is kept for the next write.
	arenaMax = 4 << 20
)

func (g *gatherer) reset() {
	clear(g.bufs)
	if cap(g.arena) > arenaMax {
		g.arena = nil
	}
	g.bufs, g.arena, g.from, g.size = g.bufs[:0], g.arena[:0], 0, 0
}

func (g *gatherer) header(h header) {
	g.arena = appendHeader(g.arena, h)
	g.size += frameHeader
}

// copy takes p, which may change afterwards.
func (g *gatherer) copy(p []byte) {
	g.arena = append(g.arena, p...)
	g.size += int64(len(p))
}

// add takes p, which must not change until the write.
func (g *gatherer) add(p []byte) {
	if len(p) <= inlineMax {
		g.copy(p)
		return
	}
	g.flush()
	g.bufs = append(g.bufs, p)
	g.size += int64(len(p))
}

func (g *gatherer) flush() {
	if g.from < len(g.arena) {
		g.bufs = append(g.bufs, g.arena[g.from:])
		g.from = len(g.arena)
	}
}

var padding [frameAlign]byte

// pad ends a frame. Segments begin with a multiple of frameAlign.
func (g *gatherer) pad() {
	n := -g.size & (frameAlign - 1)
	g.arena = append(g.arena, padding[:n]...)
	g.size += n
}

// abandon deals with a run that failed. Under a failed write the segment goes on when its end can be restored; after
// a failed sync it never does, since a later sync may report success for pages that the kernel has dropped.
func (w *writer) abandon(err error, inSync bool) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = fmt.Errorf("%w: %w", ErrFull, err)
	}
	w.failed(err)
	w.out.reset()
	w.said.reset() // it may know of blocks that are not there
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
