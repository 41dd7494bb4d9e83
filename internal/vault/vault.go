package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of Config.
const (
	DefaultBlockBytes = 64 << 20
	DefaultChunkBytes = 16 << 20
	DefaultCacheBytes = 32 << 20
	DefaultExpiryStep = 24 * time.Hour
)

// Config says how to open a vault. The zero value of a field stands for its default.
type Config struct {
	// Bucket holds the objects. Required.
	Bucket Bucket
	// Now is the clock, and Random the source of block ids. Both required; neither is called twice at a time.
	Now    func() time.Time
	Random io.Reader
	// Settled is how sessions are squeezed that are written for the first time, and Merged how those are that are written
	// again; what was written otherwise stays readable. Agents' turns that settle apart come to a tenth with Fast, merged to a
	// twenty-fourth; Small saves a sixth more for 1.7 times the processor time; Bare settles in three fifths of the time
	// of Fast and to a third of the bytes, which is worth it where merging follows within the hour. Default Fast.
	Settled, Merged Compression
	// BlockBytes is the size at which a block is closed, in bytes of chunks as stored. Default 64 MiB.
	BlockBytes int64
	// ChunkBytes is how many bytes of spans, as they come, are compressed as one. It bounds the memory of writing and reading
	// a session, some three times it, and how far back what a session repeats is found. Default 16 MiB.
	ChunkBytes int64
	// CacheBytes bounds the cache of filter and index pages. Default 32 MiB, which holds the filters of two million
	// traces with ten names each; with more, look-ups read a page of 4 KiB a block. Below 0 there is no cache.
	CacheBytes int64
	// ExpiryStep: merging puts sessions together that expire within one such step, so that whole blocks expire.
	// Default 24 h.
	ExpiryStep time.Duration
}

func (c Config) withDefaults() Config {
	if c.BlockBytes == 0 {
		c.BlockBytes = DefaultBlockBytes
	}
	if c.ChunkBytes == 0 {
		c.ChunkBytes = DefaultChunkBytes
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = DefaultCacheBytes
	}
	if c.ExpiryStep == 0 {
		c.ExpiryStep = DefaultExpiryStep
	}
	return c
}

func (c Config) validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(c.Bucket == nil, "Bucket: missing")
	fault(c.Now == nil, "Now: missing")
	fault(c.Random == nil, "Random: missing")
	fault(c.Settled > Bare, "Settled: %d is neither Fast, Small nor Bare", c.Settled)
	fault(c.Merged > Bare, "Merged: %d is neither Fast, Small nor Bare", c.Merged)
	fault(c.BlockBytes < 0, "BlockBytes: %d is below 0", c.BlockBytes)
	fault(c.ChunkBytes < 0 || c.ChunkBytes > MaxPartBytes, "ChunkBytes: %d is not between 1 and %d", c.ChunkBytes, MaxPartBytes)
	fault(c.ExpiryStep < 0, "ExpiryStep: %v is below 0", c.ExpiryStep)
	return errors.Join(faults...)
}

// Vault is the set of blocks that are alive, found in the bucket when it was opened and changed by what it does. One
// Vault at a time may write to a bucket. Safe for concurrent use; it starts no goroutine that outlives a call.
//
// Invariant: a block is alive if it is in the bucket, no committed swap names it as replaced, and, where it names a swap
// that it belongs to, that swap is committed. A swap is committed by its object, which is written once all its blocks are
// durable, and goes when none of its new blocks is left in the bucket and none of the old. So at any instant every
// session is in exactly the blocks that it should be in, whatever was written, half written or not yet removed.
type Vault struct {
	// Immutable after Open.
	cfg   Config
	cache *pageCache

	// state is what look-ups see: replaced whole, never changed in place.
	state atomic.Pointer[state]

	// Each is a lock that is held across I/O, so that a waiting caller can give up. The order is working, then committing.
	working    chan struct{} // merging, expiring, deleting: one at a time
	committing chan struct{} // commit points: swaps and graves, so that neither overlooks the other

	// drawing guards the clock and the source of randomness.
	drawing sync.Mutex

	// mu guards the fields below, and changes of state. Never held across I/O.
	mu         sync.Mutex
	swaps      map[BlockID]*swap
	graves     map[BlockID]*grave
	garbage    map[string]bool   // objects that are dead and not yet deleted
	ages       map[BlockID]age   // what expiry has found out about a block
	stuck      error             // a commit whose outcome is unknown: nothing is rewritten any more
	damaged    []Damage          // found by Open: blocks that cannot be opened and other objects that cannot be read
	unopened   map[BlockID]int64 // sizes of those blocks
	unreadable map[BlockID]bool  // swaps whose objects are there and damaged
}

// state is the blocks that are alive and the graves in them.
type state struct {
	blocks []*reader // sorted by id
	graves map[BlockID][]*grave
}

// block finds a block that is alive, or nil.
func (s *state) block(id BlockID) *reader {
	for _, b := range s.blocks {
		if b.id == id {
			return b
		}
	}
	return nil
}

func (v *Vault) newPacker(c Compression) *packer {
	return &packer{compression: c, limit: int(v.cfg.ChunkBytes)}
}

func (v *Vault) newID() (id BlockID, created time.Time, err error) {
	v.drawing.Lock()
	defer v.drawing.Unlock()
	created = v.cfg.Now()
	binary.BigEndian.PutUint64(id[:], uint64(created.UnixNano()))
	if _, err := io.ReadFull(v.cfg.Random, id[8:]); err != nil {
		return id, created, fmt.Errorf("draw a block id: %w", err)
	}
	return id, created, nil
}

// acquire takes a lock, and gives what lets it go.
func acquire(ctx context.Context, lock chan struct{}) (release func(), err error) {
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Damaged lists what Open could not read: blocks whose footer is gone, which Repair may save, and small objects.
func (v *Vault) Damaged() []Damage {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Damage(nil), v.damaged...)
}

// Block describes a block that is alive.
type Block struct {
	ID      BlockID
	Class   string
	Level   int // 0: settled; merging adds one
	Created time.Time
	// The earliest start and the latest end of its traces; zero where none is known.
	First, Last time.Time
	// When the first session expires and when all have, as it was written; zero is never.
	ExpiresFirst, ExpiresLast time.Time
	Bytes                     int64 // of the object
	BodyBytes                 int64 // of the spans, as they came
	DeadBytes                 int64 // of sessions expired, released or deleted, as last looked at
	SessionsN, TracesN        int
	SpansN                    int
}

// Blocks lists the blocks that are alive, the oldest first.
func (v *Vault) Blocks() []Block {
	s := v.state.Load()
	all := make([]Block, len(s.blocks))
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, r := range s.blocks {
		all[i] = r.describe()
		all[i].DeadBytes = v.ages[r.id].dead
	}
	return all
}

func (r *reader) describe() Block {
	return Block{
		ID: r.id, Class: r.class, Level: int(r.level), Created: fromNanos(r.created),
		First: fromNanos(r.first), Last: fromNanos(r.last),
		ExpiresFirst: fromNanos(r.expiresFirst), ExpiresLast: fromNanos(r.expiresLast),
		Bytes: r.bytes, BodyBytes: int64(r.bodyBytes),
		SessionsN: int(r.sessionsN), TracesN: int(r.tracesN), SpansN: int(r.spansN),
	}
}
