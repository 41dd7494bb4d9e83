package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
)

// SegmentInfo describes a segment.
type SegmentInfo struct {
	ID SegmentID
	// Bytes is where its last committed frame ends. The file may be larger while it is written.
	Bytes int64
	// Sealed: nothing is written to it any more. Delivered: the consumer was told so, or is being told.
	Sealed, Delivered bool
}

// Segments lists the segments, oldest first.
func (l *Log) Segments() []SegmentInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	infos := make([]SegmentInfo, len(l.segments))
	for i, s := range l.segments {
		infos[i] = SegmentInfo{ID: s.id, Bytes: s.end, Sealed: s.sealed, Delivered: s.delivered}
	}
	return infos
}

// Bytes is the size of all segments together, without what is preallocated for the active one.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var n int64
	for _, s := range l.segments {
		n += s.end
	}
	return n
}

// RemoveThrough deletes the segments up to id that are sealed and fully delivered, oldest first, and stops at the
// first one that is not. Each removal is durable before the next begins, so that what remains after a crash is always
// the end of the log. The newest segment carries the numbering: when it goes too, an empty one is begun first.
// It is safe to repeat, also after an error.
func (l *Log) RemoveThrough(id SegmentID) error {
	l.removing.Lock()
	defer l.removing.Unlock()
	synced := l.cfg.Durability == Always
	for {
		s, newest := l.removable(id)
		if s == nil {
			return nil
		}
		if !synced {
			if err := l.syncRest(id); err != nil {
				return fmt.Errorf("remove segment %d: %w", s.id, err)
			}
			synced = true
		}
		if newest {
			if err := l.freshen(); err != nil {
				return fmt.Errorf("remove segment %d: %w", s.id, err)
			}
		}
		if err := l.remove(s); err != nil {
			return fmt.Errorf("remove segment %d: %w", s.id, err)
		}
	}
}

// syncRest syncs the segments behind id. What is removed may have been on disk for hours, and be replaced by records
// that were acknowledged before they were synced: those must not be all that is left of it.
func (l *Log) syncRest(id SegmentID) error {
	l.mu.Lock()
	rest := make([]*segment, 0, len(l.segments))
	for _, s := range l.segments {
		if s.id > id && !s.synced {
			s.users++
			rest = append(rest, s)
		}
	}
	l.mu.Unlock()
	var failed error
	for _, s := range rest {
		l.mu.Lock()
		sealed := s.sealed
		l.mu.Unlock()
		err := s.file.Sync()
		l.mu.Lock()
		s.synced = sealed && err == nil
		l.mu.Unlock()
		failed = errors.Join(failed, err)
		l.release(s)
	}
	return failed
}

// removable gives the oldest segment if it may be removed, and whether it is the only one.
func (l *Log) removable(id SegmentID) (s *segment, newest bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segments) == 0 {
		return nil, false
	}
	s = l.segments[0]
	if s.id > id || !s.sealed || !s.delivered {
		return nil, false
	}
	return s, len(l.segments) == 1
}

func (l *Log) remove(s *segment) error {
	err := l.cfg.FS.Remove(filepath.Join(l.cfg.Dir, segmentName(s.id)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := l.cfg.FS.SyncDir(l.cfg.Dir); err != nil {
		return err
	}
	l.mu.Lock()
	i, ok := l.searchLocked(s.id)
	if ok { // else Close has taken it
		l.segments = slices.Delete(l.segments, i, i+1)
		s.removed = true
		s.users++
	}
	l.mu.Unlock()
	if ok {
		l.release(s)
	}
	return nil
}
