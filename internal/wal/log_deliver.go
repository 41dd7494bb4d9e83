package wal

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
)

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
		w.spillLocked(first)
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

// spillLocked empties the queue and turns delivery to the disk, from first on.
func (w *writer) spillLocked(first item) {
	d := &w.log.delivery
	d.fromDisk = true
	d.cursorSegment, d.cursor = first.pos.Segment(), int64(first.pos.Offset())
	if first.seal != 0 {
		s, _ := w.log.findLocked(first.seal)
		d.cursorSegment, d.cursor = s.id, s.end
	}
	for _, it := range d.queue[d.head:] {
		if it.Done != nil {
			w.dones = append(w.dones, it.Done)
		}
	}
	clear(d.queue)
	d.queue, d.head, d.queued = d.queue[:0], 0, 0
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

// step is what delivery does next: exactly one of its parts is set.
type step struct {
	item  item     // deliver from memory; pos or seal is set
	read  *segment // deliver from disk [from, to)
	from  int64
	to    int64
	ended *segment // all of it was delivered from disk
	stop  bool
}

// run delivers to c until the log stops.
func (l *Log) run(c Consumer) {
	w := walker{}
	l.mu.Lock()
	nothing := l.delivery.openLast == 0
	l.mu.Unlock()
	if nothing {
		c.CaughtUp()
	}
	for {
		switch s := l.next(); {
		case s.stop:
			return
		case s.ended != nil:
			l.endSegment(c, s.ended)
		case s.read != nil:
			l.deliverFrom(c, &w, s)
		case s.item.seal != 0:
			l.mu.Lock()
			if seg, ok := l.findLocked(s.item.seal); ok {
				seg.delivered = true
			}
			l.mu.Unlock()
			c.Sealed(s.item.seal)
		default:
			c.Record(Delivery{
				Position: s.item.pos, Kind: s.item.Kind, Meta: s.item.Meta, Body: s.item.Body, Attachment: s.item.Attachment,
			})
		}
	}
}

// next waits for something to deliver.
func (l *Log) next() step {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &l.delivery
	for {
		if d.fromDisk {
			if s, ok := l.nextFromDiskLocked(); ok {
				return s
			}
			continue
		}
		if d.head < len(d.queue) {
			it := d.queue[d.head]
			d.queue[d.head] = item{}
			d.head++
			if it.seal == 0 {
				d.queued -= it.bytes()
			}
			return step{item: it}
		}
		if l.stopping.Load() {
			return step{stop: true}
		}
		d.changed.Wait()
	}
}

// nextFromDiskLocked gives the next step at the cursor, or switches to memory when the cursor is the end of the log.
// Invariant: while fromDisk there is a segment at or behind the cursor.
func (l *Log) nextFromDiskLocked() (step, bool) {
	d := &l.delivery
	if l.stopping.Load() {
		return step{stop: true}, true
	}
	i, _ := l.searchLocked(d.cursorSegment)
	s := l.segments[i]
	if s.id != d.cursorSegment {
		d.cursorSegment, d.cursor = s.id, segmentHeader
	}
	switch {
	case d.cursor < s.end || s.holes != nil:
		return step{read: s, from: d.cursor, to: s.end}, true
	case s.sealed:
		return step{ended: s}, true
	default:
		d.fromDisk = false
		return step{}, false
	}
}

// endSegment moves the cursor behind s, which was read to its end.
func (l *Log) endSegment(c Consumer, s *segment) {
	l.mu.Lock()
	d := &l.delivery
	s.delivered = true
	d.cursorSegment, d.cursor = s.id+1, segmentHeader // or the first one that there is after it
	d.fromDisk = s != l.segments[len(l.segments)-1]
	last := s.id == d.openLast
	l.mu.Unlock()
	c.Sealed(s.id)
	if last {
		c.CaughtUp()
	}
}

// deliverFrom delivers the frames of [st.from, st.to), and moves the cursor behind the last one that was delivered.
func (l *Log) deliverFrom(c Consumer, w *walker, st step) {
	s := st.read
	l.mu.Lock()
	holes := s.holes
	s.holes = nil
	l.mu.Unlock()
	for _, h := range holes {
		c.Damaged(h)
	}
	w.reset(s.file, s.id, st.from, st.to, s.exact)
	for !l.stopping.Load() {
		f, hole, ok := w.next()
		if !ok {
			break
		}
		if hole == nil {
			if hole = l.deliverFrame(c, w, f); hole == nil {
				continue
			}
		}
		c.Damaged(*hole)
	}
	l.mu.Lock()
	l.delivery.cursor = w.off
	l.mu.Unlock()
}

// deliverFrame delivers f, or gives the hole that it is when its body cannot be unpacked.
func (l *Log) deliverFrame(c Consumer, w *walker, f frame) *Damage {
	body, err := f.body(&w.plain)
	if err != nil {
		return &Damage{
			Segment: w.id, File: segmentName(w.id), Offset: int64(f.Pos.Offset()), Length: f.size(), Reason: err.Error(),
		}
	}
	c.Record(Delivery{Position: f.Pos, Kind: f.Kind, Meta: f.meta, Body: body, FromDisk: true})
	return nil
}

// body gives the body as it was appended: the stored bytes, or unpacked into *buf, which grows as needed.
func (f frame) body(buf *[]byte) ([]byte, error) {
	if f.Flags&flagS2 == 0 {
		return f.stored, nil
	}
	n, err := s2.DecodedLen(f.stored)
	if err != nil || n > maxPayload {
		return nil, fmt.Errorf("%w: body is no S2 block", ErrCorrupt)
	}
	*buf = slices.Grow((*buf)[:0], n)
	b, err := s2.Decode((*buf)[:n], f.stored)
	if err != nil {
		return nil, fmt.Errorf("%w: body is no S2 block", ErrCorrupt)
	}
	return b, nil
}

// searchLocked gives the index of segment id, or where it would be.
func (l *Log) searchLocked(id SegmentID) (int, bool) {
	return slices.BinarySearchFunc(l.segments, id, func(s *segment, id SegmentID) int { return cmp.Compare(s.id, id) })
}

func (l *Log) findLocked(id SegmentID) (*segment, bool) {
	i, ok := l.searchLocked(id)
	if !ok {
		return nil, false
	}
	return l.segments[i], true
}
