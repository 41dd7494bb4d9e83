package wal

import "sync"

// itemOverhead is what QueueBytes counts for each record besides its slices.
const itemOverhead = 512

// item is something to deliver from memory: a record, or the end of a segment.
type item struct {
	Record
	pos  Position
	seal SegmentID // not 0: all records of this segment were delivered
}

func (i item) bytes() int64 { return int64(len(i.Meta)) + int64(len(i.Body)) + itemOverhead }

// delivery is the state of delivery, guarded by Log.mu.
//
// Invariant: the consumer has been given everything before the cursor (reading from disk) or before the queue's head
// (from memory), but for the one item at hand. The queue is always the end of the log without gaps: when it
// overflows all of it is let go, the cursor is put at its head, and reading from disk goes on until the cursor is the
// end of the log. Both switches happen under the lock that guards the end, so no record is missed or repeated.
type delivery struct {
	changed  *sync.Cond // of Log.mu: the queue, an end or stopping changed
	fromDisk bool
	// Valid while fromDisk.
	cursorSegment SegmentID
	cursor        int64

	queue  []item
	head   int
	queued int64 // bytes

	openLast SegmentID // the newest segment at Open; CaughtUp comes behind it
}

// publish makes committed entries readable and hands them to delivery.
func (w *writer) publish(entries []entry) {
	l := w.log
	l.mu.Lock()
	defer l.mu.Unlock()
	w.active.end = w.off
	for i := range entries {
		e := &entries[i]
		e.commit.pos = e.pos
		e.unpack()
		w.enqueueLocked(item{Record: e.Record, pos: e.pos})
	}
	l.delivery.changed.Signal()
}

// enqueueLocked queues it for delivery from memory, or lets it go when delivery is behind. The Done functions of what
// is let go are left in w.dones, as they must not run under the lock.
func (w *writer) enqueueLocked(it item) {
	d := &w.log.delivery
	if !d.fromDisk && d.queued+it.bytes() > w.log.cfg.QueueBytes {
		first := it
		if d.head < len(d.queue) {
			first = d.queue[d.head]
		}
		w.dones = w.log.spillLocked(first, w.dones)
	}
	if d.fromDisk {
		if it.Done != nil {
			w.dones = append(w.dones, it.Done)
		}
		return
	}
	if d.head > len(d.queue)/2 {
		n := copy(d.queue, d.queue[d.head:])
		clear(d.queue[n:])
		d.queue, d.head = d.queue[:n], 0
	}
	d.queue = append(d.queue, it)
	d.queued += it.bytes()
}

// Spill lets go of all records that wait in memory for delivery, as when there are more than QueueBytes: they are
// delivered from disk. It is for a caller who needs the memory.
func (l *Log) Spill() {
	l.mu.Lock()
	var dones []func()
	if d := &l.delivery; !d.fromDisk && d.head < len(d.queue) {
		dones = l.spillLocked(d.queue[d.head], nil)
	}
	l.mu.Unlock()
	for _, done := range dones {
		done()
	}
}

// spillLocked empties the queue and turns delivery to the disk, from first on. It adds the Done functions of what is let
// go to dones, and returns them.
func (l *Log) spillLocked(first item, dones []func()) []func() {
	d := &l.delivery
	d.fromDisk = true
	d.cursorSegment, d.cursor = first.pos.Segment(), int64(first.pos.Offset())
	if first.seal != 0 {
		s, _ := l.findLocked(first.seal)
		d.cursorSegment, d.cursor = s.id, s.end
	}
	for _, it := range d.queue[d.head:] {
		if it.Done != nil {
			dones = append(dones, it.Done)
		}
	}
	clear(d.queue)
	d.queue, d.head, d.queued = d.queue[:0], 0, 0
	return dones
}

// sealed marks s as finished and tells delivery.
func (l *Log) sealed(s *segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.sealed = true
	d := &l.delivery
	if !d.fromDisk {
		// A marker is not counted against QueueBytes: there is one a segment.
		d.queue = append(d.queue, item{seal: s.id})
	}
	d.changed.Signal()
}
