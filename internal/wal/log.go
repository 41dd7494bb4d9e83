package wal

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// Errors that callers branch on.
var (
	// ErrClosed fails what is asked of a log after Close began.
	ErrClosed = errors.New("log is closed")
	// ErrFull fails appends when the volume or the quota has no room. It comes wrapped around the system's error.
	ErrFull = errors.New("no space left for the log")
	// ErrGone fails reads of a position whose segment was removed, or never was.
	ErrGone = errors.New("segment is gone")
	// ErrTooLarge fails the append of a record with more than 1 GiB of meta and body.
	ErrTooLarge = errors.New("record is too large")
	// ErrCorrupt fails reads of a record whose bytes on disk do not match their checksum.
	ErrCorrupt = errors.New("record is damaged")
	// ErrVersion fails Open when a segment was written by a newer program.
	ErrVersion = errors.New("format is unknown")
)

// Durability says what a Commit waits for.
type Durability uint8

const (
	// Always syncs before the commit: what was acknowledged survives power loss.
	Always Durability = iota
	// Interval acknowledges what the operating system holds, and syncs every SyncInterval. It survives the death of
	// the process; power loss costs up to an interval, and may leave holes.
	Interval
	// Process acknowledges what the operating system holds, and leaves syncing to it.
	Process
)

// Defaults and bounds of Config.
const (
	DefaultSegmentBytes = 128 << 20
	DefaultQueueBytes   = 64 << 20
	DefaultSyncInterval = time.Second

	minSegmentBytes = 4 << 10
	maxSegmentBytes = 1 << 31
)

// Config says where the log is and how it behaves.
type Config struct {
	// FS holds the files. Default: the operating system's.
	FS durable.FS
	// Dir is the log's own directory; no other log may be open on it. Created if missing.
	Dir string
	// SegmentBytes is the size at which a segment is sealed and the next one begun, 4 KiB to 2 GiB. Smaller segments
	// are given back sooner, larger ones cost fewer files. A larger record gets a segment of its own. Default 128 MiB.
	SegmentBytes int64
	// FirstSegment is the least number that the next new segment gets: for a caller who has noted positions elsewhere
	// and must not meet them again when the log itself was lost. Default 1.
	FirstSegment SegmentID
	// Durability is what a Commit waits for. Default Always.
	Durability Durability
	// SyncInterval is the longest time between syncs under Interval. Default 1 s.
	SyncInterval time.Duration
	// Compress stores bodies as S2 blocks where that makes them smaller. The caller of Append pays for it.
	Compress bool
	// QueueBytes bounds what waits for delivery in memory: metas and bodies, and 512 bytes a record for the rest.
	// Beyond it the log lets all of them go and reads from disk. It does not bound what waits to be written, which
	// callers bound by waiting for their commits. Default 64 MiB.
	QueueBytes int64
	// Clock dates segments and measures syncs. Default time.Now.
	Clock func() time.Time
	// OnSync is told of each successful sync: how long it took, and what it made durable. Called by the writer.
	OnSync func(d time.Duration, records int, bytes int64)
	// OnFailure is told of each failed write, sync or new segment, whether or not a commit failed with it. Called by
	// the writer.
	OnFailure func(error)
}

func (c Config) withDefaults() (Config, error) {
	if c.FS == nil {
		c.FS = durable.OS()
	}
	c.SegmentBytes = cmp.Or(c.SegmentBytes, DefaultSegmentBytes)
	c.QueueBytes = cmp.Or(c.QueueBytes, DefaultQueueBytes)
	c.SyncInterval = cmp.Or(c.SyncInterval, DefaultSyncInterval)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	var faults []error
	if c.Dir == "" {
		faults = append(faults, errors.New("Dir: is empty"))
	}
	if c.SegmentBytes < minSegmentBytes || c.SegmentBytes > maxSegmentBytes {
		faults = append(faults, fmt.Errorf("SegmentBytes: %d is not in %d to %d", c.SegmentBytes, minSegmentBytes, int64(maxSegmentBytes)))
	}
	if c.QueueBytes < 0 {
		faults = append(faults, fmt.Errorf("QueueBytes: %d is negative", c.QueueBytes))
	}
	if c.SyncInterval < 0 {
		faults = append(faults, fmt.Errorf("SyncInterval: %v is negative", c.SyncInterval))
	}
	if c.Durability > Process {
		faults = append(faults, fmt.Errorf("Durability: %d is unknown", c.Durability))
	}
	return c, errors.Join(faults...)
}

// Log is an open log. All methods may be called concurrently.
//
// Three parties meet in it. Callers of Append leave entries in gather, under a lock of its own. The writer takes all that
// was gathered, writes and syncs it as one group and completes its commits; meanwhile the next group gathers, so a slow
// disk makes groups larger, not queues longer. Delivery gives the committed records to the consumer, from the queue or
// from disk. The plain design, in which the writer calls the consumer, was not taken: a consumer that folds for a while
// would hold up every acknowledgement behind it, and start-up would need another road.
type Log struct {
	// Immutable after Open.
	cfg  Config
	wake chan struct{} // has one token when gather has something for the writer

	// gather is what Append leaves for the writer. It has its own lock, so that appends never wait for readers.
	gather gather

	// removing serialises RemoveThrough. Taken before mu, held across I/O.
	removing sync.Mutex

	// mu guards the fields below. Never held across I/O or a call of the consumer.
	mu       sync.Mutex
	segments []*segment // oldest first
	delivery delivery

	// stopping tells delivery to end: at once from disk, after the queue from memory.
	stopping atomic.Bool
	started  bool // guarded by gather.mu
	closing  sync.Once
	closeErr error
	writing  sync.WaitGroup
	deliver  sync.WaitGroup

	bodies  recent[[]byte]    // unpacked
	layouts recent[*layoutOf] // of bodies that leave out what repeats
	writer  *writer           // owned by the writer's goroutine once started
}

// Start starts the writer, and delivery to c from the oldest segment on. It is called once; Append may be called
// before or after, and commits complete from Start on.
func (l *Log) Start(c Consumer) {
	l.gather.mu.Lock()
	defer l.gather.mu.Unlock()
	if l.started || l.gather.closed {
		panic("wal: Start after Start or Close")
	}
	l.started = true
	l.writing.Go(l.writer.run)
	l.deliver.Go(func() { l.run(c) })
}

// Close stops taking appends, writes and syncs those that were taken, delivers what memory holds and waits for its
// goroutines; so it waits for a consumer that is at work. Delivery that is reading from disk ends after the record at
// hand, as the next Open begins it anew. It is safe to repeat.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.gather.mu.Lock()
		l.gather.closed = true
		started := l.started
		l.gather.mu.Unlock()
		if !started {
			l.writer.refuse(l.take())
		}
		l.signal()
		l.writing.Wait()

		l.stopping.Store(true)
		l.mu.Lock()
		l.delivery.changed.Broadcast()
		l.mu.Unlock()
		l.deliver.Wait()
		l.closeErr = l.closeFiles()
	})
	return l.closeErr
}

func (l *Log) closeFiles() error {
	l.mu.Lock()
	segments := l.segments
	l.segments = nil
	var idle []*segment
	for _, s := range segments {
		s.removed = true
		if s.users == 0 {
			idle = append(idle, s)
		}
	}
	l.mu.Unlock()
	var errs []error
	for _, s := range idle {
		errs = append(errs, s.file.Close())
	}
	return errors.Join(errs...)
}

// signal wakes the writer. One token is enough, as the writer takes all there is.
func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
