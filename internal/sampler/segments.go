package sampler

import (
	"sync"
	"sync/atomic"

	"github.com/tailwise/tailwise/internal/wal"
)

// liveness counts, by segment, the bytes of spans that somebody still needs. A segment may go once it and all before
// it are at zero and everything in it has taken effect. Safe for concurrent use.
type liveness struct {
	mu       sync.RWMutex
	segments map[wal.SegmentID]*atomic.Int64
	total    atomic.Int64
}

func newLiveness() *liveness {
	return &liveness{segments: make(map[wal.SegmentID]*atomic.Int64)}
}

// add counts n more bytes, or fewer, as needed in a segment.
func (l *liveness) add(segment wal.SegmentID, n int64) {
	l.total.Add(n)
	l.mu.RLock()
	counter := l.segments[segment]
	l.mu.RUnlock()
	if counter == nil {
		l.mu.Lock()
		if counter = l.segments[segment]; counter == nil {
			counter = new(atomic.Int64)
			l.segments[segment] = counter
		}
		l.mu.Unlock()
	}
	counter.Add(n)
}

func (l *liveness) of(segment wal.SegmentID) int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if counter := l.segments[segment]; counter != nil {
		return counter.Load()
	}
	return 0
}

// forget drops the counters of segments up to and including last.
func (l *liveness) forget(last wal.SegmentID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for segment := range l.segments {
		if segment <= last {
			delete(l.segments, segment)
		}
	}
}
