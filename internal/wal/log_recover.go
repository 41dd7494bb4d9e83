package wal

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
)

// Open opens the log in cfg.Dir, which it creates if missing. It finds the end of every segment and repairs the tail
// of the newest one: bytes behind the last good frame were never acknowledged and are cut off. A tear with good frames
// behind it is a hole, which is left in place and reported when it is delivered. Open begins no new segment: the
// first Append does. It fails with ErrVersion rather than touch files of a newer program.
func Open(cfg Config) (*Log, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l := &Log{cfg: cfg, wake: make(chan struct{}, 1)}
	l.bodies.limit, l.layouts.limit = recentBodies, recentLayouts
	l.delivery.changed = sync.NewCond(&l.mu)
	l.writer = &writer{log: l, nextID: max(cfg.FirstSegment, 1)}
	if err := l.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open log %s: %w", cfg.Dir, err), l.closeFiles())
	}
	return l, nil
}

// old is a segment file as Open finds it.
type old struct {
	*segment
	head segmentHead
	err  error // why head could not be read
	size int64
}

// recover fills segments from the directory and puts delivery before the first of them.
func (l *Log) recover() error {
	if err := l.cfg.FS.MkdirAll(l.cfg.Dir); err != nil {
		return err
	}
	if err := l.cfg.FS.SyncDir(filepath.Dir(l.cfg.Dir)); err != nil {
		return err
	}
	olds, err := l.openSegments()
	if err != nil || len(olds) == 0 {
		return err
	}
	linkSegments(olds)
	if olds, err = l.dropUnborn(olds); err != nil || len(olds) == 0 {
		return err
	}
	newest := olds[len(olds)-1]
	if err := repairTail(newest); err != nil {
		return err
	}
	l.delivery.fromDisk = true
	l.delivery.cursorSegment, l.delivery.cursor = olds[0].id, segmentHeader
	l.delivery.openLast = newest.id
	return nil
}

// openSegments opens all segment files, oldest first, and keeps them in l.segments.
func (l *Log) openSegments() ([]old, error) {
	names, err := l.cfg.FS.ReadDir(l.cfg.Dir)
	if err != nil {
		return nil, err
	}
	var olds []old
	for _, name := range names {
		id, ok := parseSegmentName(name)
		if !ok {
			continue
		}
		f, err := l.cfg.FS.Open(filepath.Join(l.cfg.Dir, name))
		if err != nil {
			return nil, err
		}
		s := &segment{id: id, file: f, sealed: true}
		l.segments = append(l.segments, s)
		l.writer.nextID = max(l.writer.nextID, id+1)
		o := old{segment: s}
		if o.size, err = f.Size(); err != nil {
			return nil, fmt.Errorf("segment %d: %w", id, err)
		}
		var buf [segmentHeader]byte
		n, _ := f.ReadAt(buf[:], 0) // an unreadable header is a damaged one
		o.head, o.err = parseSegmentHead(buf[:n], id)
		if errors.Is(o.err, ErrVersion) {
			return nil, o.err
		}
		olds = append(olds, o)
	}
	// Names sort as numbers only up to eight digits.
	slices.SortFunc(olds, func(a, b old) int { return cmp.Compare(a.id, b.id) })
	slices.SortFunc(l.segments, func(a, b *segment) int { return cmp.Compare(a.id, b.id) })
	return olds, nil
}

// linkSegments sets the end of each segment, from the header of the one that followed it where there is one, and notes
// what is missing.
func linkSegments(olds []old) {
	for i, o := range olds {
		o.end = max(o.size, segmentHeader)
		if o.err != nil {
			o.holes = append(o.holes, Damage{
				Segment: o.id, File: segmentName(o.id), Length: segmentHeader, Reason: o.err.Error(),
			})
			continue
		}
		if i == 0 || o.head.Prev == 0 {
			continue
		}
		j, ok := slices.BinarySearchFunc(olds[:i], o.head.Prev, func(p old, id SegmentID) int { return cmp.Compare(p.id, id) })
		switch {
		case !ok && o.head.Prev > olds[0].id:
			o.holes = append(o.holes, Damage{
				Segment: o.head.Prev, File: segmentName(o.head.Prev), Length: o.head.PrevEnd, Reason: "segment is missing",
			})
		case ok:
			olds[j].endAt(o.head.PrevEnd)
		}
	}
}

// endAt takes end from the header of the next segment.
func (o old) endAt(end int64) {
	if o.exact {
		return // two segments name this one when the creation of the first of them failed; both are right
	}
	o.exact = true
	if o.end = min(end, max(o.size, segmentHeader)); end > o.end {
		o.holes = append(o.holes, Damage{
			Segment: o.id, File: segmentName(o.id), Offset: o.end, Length: end - o.end, Reason: "segment is cut short",
		})
	}
}

// dropUnborn removes the files of segments whose creation was cut off before their header was durable: there is no
// frame in them, and no later segment knows of any.
func (l *Log) dropUnborn(olds []old) ([]old, error) {
	var kept []old
	for _, o := range olds {
		if o.err == nil || !o.unborn() {
			kept = append(kept, o)
			continue
		}
		if err := o.file.Close(); err != nil {
			return nil, err
		}
		i, _ := l.searchLocked(o.id)
		l.segments = slices.Delete(l.segments, i, i+1)
		if err := l.cfg.FS.Remove(filepath.Join(l.cfg.Dir, segmentName(o.id))); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

func (o old) unborn() bool {
	if o.exact {
		return o.end == segmentHeader && o.size <= segmentHeader
	}
	w := walker{}
	w.reset(o.file, o.id, segmentHeader, o.end, false)
	_, _, any := w.next()
	return !any
}

// repairTail finds the end of the newest segment and cuts off what is behind it.
func repairTail(o old) error {
	w := walker{}
	w.reset(o.file, o.id, segmentHeader, o.end, false)
	for {
		if _, _, ok := w.next(); !ok {
			break
		}
	}
	if w.newer != nil {
		return fmt.Errorf("segment %d: %w", o.id, w.newer) // cutting it off would destroy what another program can read
	}
	o.end, o.exact = w.good, true
	if o.size <= o.end {
		return nil
	}
	if err := o.file.Truncate(o.end); err != nil {
		return fmt.Errorf("cut the tail of segment %d: %w", o.id, err)
	}
	if err := o.file.Sync(); err != nil {
		return fmt.Errorf("cut the tail of segment %d: %w", o.id, err)
	}
	return nil
}
