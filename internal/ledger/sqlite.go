package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// DefaultReaders is how many queries run at once unless Options say otherwise.
const DefaultReaders = 4

// errClosed is what every call gets after Close.
var errClosed = errors.New("ledger is closed")

// Options are those of a SQLite ledger. The zero value is good for production.
type Options struct {
	// Now tells which day is today, which Expire spares. Default time.Now.
	Now func() time.Time
	// Readers is how many queries run at once; more wait. Default DefaultReaders.
	Readers int
}

// SQLite is a Store in one SQLite file, made for a single process: one connection writes, a few read. Readers see
// the last finished Apply and hold nobody up.
//
// Durability is that of the write-ahead log of SQLite with synchronous=NORMAL: an Apply is written, not synced.
// Killed at any instant the file opens again with all that Apply returned for; after loss of power it opens with a
// prefix of it, no shorter than Synced. So the owner replays its own log from Synced, and Apply knows what it has.
type SQLite struct {
	// Immutable after OpenSQLite.
	path    string
	now     func() time.Time
	readers *sql.DB

	// Published by the writer after each commit, and after each checkpoint.
	applied atomic.Uint64
	synced  atomic.Uint64

	// life guards closed. It is held for reading by each call and for writing by Close, which so waits for them.
	// Lock order: life, gate, writer.mu. None is held while a callback runs.
	life   sync.RWMutex
	closed bool
	// gate is held for reading while a snapshot is open, and for writing by a checkpoint that found one in its way.
	// SQLite's own waiting is not enough: it has room for four ages of snapshots, and with more readers than that
	// coming and going a checkpoint never finds one free.
	gate sync.RWMutex

	writer writer
}

var _ Store = (*SQLite)(nil)

// use guards one call against Close. Call done when it is over.
func (s *SQLite) use() (done func(), err error) {
	s.life.RLock()
	if s.closed {
		s.life.RUnlock()
		return nil, errClosed
	}
	return s.life.RUnlock, nil
}

// Applied implements Store.
func (s *SQLite) Applied(context.Context) (uint64, error) { return s.applied.Load(), nil }

// Synced implements Store.
func (s *SQLite) Synced(context.Context) (uint64, error) { return s.synced.Load(), nil }

// Close implements Store. The last connection moves what is in SQLite's log into the file and syncs it.
func (s *SQLite) Close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if err := errors.Join(s.readers.Close(), s.writer.close()); err != nil {
		return fmt.Errorf("close ledger: %w", err)
	}
	return nil
}

// judged adds ErrDamaged to an error by which SQLite says that the file is not sound.
func judged(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || errors.Is(err, ErrDamaged) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.SQLITE_ERROR:
		// Our statements are fixed. If they name what is not there, the schema is not what we wrote.
		for _, absent := range []string{"no such", "has no column", "no query solution"} {
			if strings.Contains(e.Error(), absent) {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
		}
	}
	return err
}

// misread judges an error of Scan: a value of a shape that is never written is damage. A cancelled query closes its
// rows under Scan, and is none.
func misread(ctx context.Context, err error) error {
	var e *sqlite.Error
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &e), errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrDamaged):
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
