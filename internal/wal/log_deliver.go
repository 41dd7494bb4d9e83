package wal

import (
	"cmp"
	"slices"
)

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

// deliverFrame delivers f, or gives the hole that it is when its body cannot be unpacked, or bytes that it repeats are
// damaged.
func (l *Log) deliverFrame(c Consumer, w *walker, f frame) *Damage {
	body, err := w.plain.body(f, w.file)
	if err != nil {
		return &Damage{
			Segment: w.id, File: segmentName(w.id), Offset: int64(f.Pos.Offset()), Length: f.size(), Reason: err.Error(),
		}
	}
	c.Record(Delivery{Position: f.Pos, Kind: f.Kind, Meta: f.meta, Body: body, FromDisk: true})
	return nil
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
