package wal

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
)

// Commit is the promise of a record's durability. All methods may be called concurrently.
type Commit struct {
	done chan struct{}
	// Written by the writer before done is closed, read-only after.
	pos Position
	err error
}

// Wait returns nil once the record is as durable as Config.Durability says, else why it is not: ErrClosed, ErrFull,
// ErrTooLarge or an error of the file system. A record that failed is not delivered in this life of the log. It may
// be in the next, as bytes that reached the disk before the failure cannot always be taken back.
func (c *Commit) Wait() error {
	<-c.done
	return c.err
}

// Done is closed when Wait would return.
func (c *Commit) Done() <-chan struct{} { return c.done }

// Position is where the record is. It is valid after Wait returned nil.
func (c *Commit) Position() Position { return c.pos }

// entry is a record between Append and its delivery.
type entry struct {
	Record
	commit *Commit
	pos    Position
	stored []byte // the body as written unless parts of it repeat: Record.Body, or packed
	packed *[]byte
	flags  uint8
	crc    uint32   // of meta and stored
	blocks *[]block // of what may stand in the segment already; nil: nothing
}

func (e *entry) payload() int64 { return int64(len(e.Meta)) + int64(len(e.stored)) }

// group is the entries that are written and synced together. They share one channel.
type group struct {
	done    chan struct{}
	entries []entry
}

// gather is what waits for the writer.
type gather struct {
	mu     sync.Mutex
	group  *group
	spare  []entry // emptied entries of an earlier group, for the next one
	rotate bool
	fresh  []chan error // each wants an active segment to exist
	closed bool
}

// job is what the writer takes out of gather.
type job struct {
	group  *group
	rotate bool
	fresh  []chan error
	closed bool
}

// Append queues r for writing; the order of Append calls is the order of the log. It computes checksums and
// compresses on the caller's time, and never waits for I/O. The log uses r.Meta and r.Body, which the caller must not
// change, until it hands them to the consumer or calls r.Done; r itself is free when Append returns.
func (l *Log) Append(r *Record) *Commit {
	e, err := l.prepare(r)
	if err != nil {
		return refused(&e, err)
	}
	l.gather.mu.Lock()
	if l.gather.closed {
		l.gather.mu.Unlock()
		return refused(&e, ErrClosed)
	}
	g := l.gather.group
	if g == nil {
		g = &group{done: make(chan struct{}), entries: l.gather.spare}
		l.gather.group, l.gather.spare = g, nil
	}
	c := &Commit{done: g.done}
	e.commit = c
	g.entries = append(g.entries, e)
	l.gather.mu.Unlock()
	l.signal()
	return c
}

// prepare does all that can be done before the record's place is known.
func (l *Log) prepare(r *Record) (entry, error) {
	e := entry{Record: *r, stored: r.Body}
	switch size := int64(len(r.Meta)) + int64(len(r.Body)); {
	case r.Kind == kindSeal:
		return e, errors.New("append record: kind 0 is invalid")
	case size > maxPayload:
		return e, fmt.Errorf("append record: %w: %d bytes, the limit is %d", ErrTooLarge, size, int64(maxPayload))
	}
	if l.cfg.Compress {
		e.pack()
	} else if len(r.Large) > 0 {
		e.cut()
	}
	e.Large = nil
	e.crc = checksum(e.Meta, e.stored)
	return e, nil
}

// Bodies below packMin are stored as they are: the block's own overhead eats what it saves.
const packMin = 128

var packBuffers = sync.Pool{New: func() any { return new([]byte) }}

// pack compresses the body where that saves an eighth of it or more.
func (e *entry) pack() {
	if len(e.Body) < packMin {
		return
	}
	buf := packBuffers.Get().(*[]byte)
	*buf = s2.Encode((*buf)[:cap(*buf)], e.Body)
	if len(*buf) > len(e.Body)-len(e.Body)/8 {
		packBuffers.Put(buf)
		return
	}
	e.stored, e.packed, e.flags = *buf, buf, flagS2
}

var blockBuffers = sync.Pool{New: func() any { return new([]block) }}

// cut finds what may stand in the segment already. Of a large body that is most of the work of an Append; the writer,
// which is alone, only looks up.
func (e *entry) cut() {
	e.blocks = blockBuffers.Get().(*[]block)
	*e.blocks = appendBlocks((*e.blocks)[:0], e.Body, e.Large)
}

// unpack gives back what was made of the body, once it is written or never will be.
func (e *entry) unpack() {
	if e.packed != nil {
		packBuffers.Put(e.packed)
		e.packed, e.stored = nil, nil
	}
	if e.blocks != nil {
		blockBuffers.Put(e.blocks)
		e.blocks = nil
	}
}

// refused is the commit of an entry that never reaches the writer.
func refused(e *entry, err error) *Commit {
	e.unpack()
	if e.Record.Done != nil {
		e.Record.Done()
	}
	c := &Commit{done: make(chan struct{}), err: err}
	close(c.done)
	return c
}

// Rotate seals the active segment as soon as the writer gets to it, if there are records in it.
func (l *Log) Rotate() {
	l.gather.mu.Lock()
	l.gather.rotate = true
	l.gather.mu.Unlock()
	l.signal()
}

// freshen makes sure that there is an active segment, and waits until it is durable.
func (l *Log) freshen() error {
	reply := make(chan error, 1)
	l.gather.mu.Lock()
	if l.gather.closed || !l.started {
		l.gather.mu.Unlock()
		return ErrClosed
	}
	l.gather.fresh = append(l.gather.fresh, reply)
	l.gather.mu.Unlock()
	l.signal()
	return <-reply
}

// take empties gather for the writer.
func (l *Log) take() job {
	l.gather.mu.Lock()
	defer l.gather.mu.Unlock()
	j := job{group: l.gather.group, rotate: l.gather.rotate, fresh: l.gather.fresh, closed: l.gather.closed}
	l.gather.group, l.gather.rotate, l.gather.fresh = nil, false, nil
	return j
}

// giveBack returns the entries of a finished group, emptied, for the next group.
func (l *Log) giveBack(entries []entry) {
	clear(entries)
	l.gather.mu.Lock()
	l.gather.spare = entries[:0]
	l.gather.mu.Unlock()
}
