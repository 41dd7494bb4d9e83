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
	segments map[wal.SegmentID]*segmentBytes
	total    atomic.Int64 // needed
	came     atomic.Int64 // in all that is there
}

// segmentBytes counts bytes of requests as they came, of which the log leaves out what repeats.
type segmentBytes struct{ needed, came atomic.Int64 }

func newLiveness() *liveness {
	return &liveness{segments: make(map[wal.SegmentID]*segmentBytes)}
}

// add counts n more bytes, or fewer, as needed in a segment.
func (l *liveness) add(segment wal.SegmentID, n int64) {
	l.total.Add(n)
	l.segment(segment).needed.Add(n)
}

// arrived counts the n bytes of a request that stands in a segment.
func (l *liveness) arrived(segment wal.SegmentID, n int) {
	l.came.Add(int64(n))
	l.segment(segment).came.Add(int64(n))
}

func (l *liveness) segment(id wal.SegmentID) *segmentBytes {
	l.mu.RLock()
	s := l.segments[id]
	l.mu.RUnlock()
	if s != nil {
		return s
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s = l.segments[id]; s == nil {
		s = new(segmentBytes)
		l.segments[id] = s
	}
	return s
}

func (l *liveness) of(segment wal.SegmentID) int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if s := l.segments[segment]; s != nil {
		return s.needed.Load()
	}
	return 0
}

// stored estimates what the needed bytes take in a log of so many bytes: their share of what came.
func (l *liveness) stored(log int64) int64 {
	needed, came := l.total.Load(), l.came.Load()
	if came <= log || needed <= 0 {
		return needed
	}
	return int64(float64(needed) / float64(came) * float64(log))
}

// forget drops the counters of segments up to and including last.
func (l *liveness) forget(last wal.SegmentID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, s := range l.segments {
		if id <= last {
			l.came.Add(-s.came.Load())
			delete(l.segments, id)
		}
	}
}
