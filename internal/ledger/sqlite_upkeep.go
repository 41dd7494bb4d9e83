package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// vacuumPages is how many free pages one step gives back; Apply can run between two steps.
const vacuumPages = 1000

// Checkpoint implements Store. SQLite syncs its log, moves it into the file and syncs that: two fsyncs, plus the
// writing of every page that changed since the last time. When a query on an older snapshot is in its way, it waits
// for that one, and new ones wait for it; Apply goes on.
func (s *SQLite) Checkpoint(ctx context.Context) (uint64, error) {
	done, err := s.use()
	if err != nil {
		return 0, err
	}
	defer done()
	whole, err := s.tryCheckpoint(ctx, "PASSIVE")
	if err == nil && !whole {
		s.gate.Lock()
		whole, err = s.tryCheckpoint(ctx, "PASSIVE")
		s.gate.Unlock()
	}
	if err == nil && !whole {
		err = errors.New("another process reads it")
	}
	if err != nil {
		return 0, fmt.Errorf("checkpoint ledger: %w", judged(err))
	}
	return s.synced.Load(), nil
}

// tryCheckpoint runs one checkpoint and tells whether it moved everything; then all that was applied is synced.
func (s *SQLite) tryCheckpoint(ctx context.Context, mode string) (whole bool, err error) {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	// Whole or not, nothing is half synced: a checkpoint that stops early leaves the log in place.
	var busy, logged, moved int64
	err = s.writer.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &logged, &moved)
	if err != nil || busy != 0 || logged != moved {
		return false, err
	}
	s.synced.Store(s.applied.Load())
	return true, nil
}

// Expire implements Store. Tables are dropped one a transaction, and the pages given back some at a time, so that
// Apply waits for one step at most.
func (s *SQLite) Expire(ctx context.Context, before time.Time, maxBytes int64) (days []string, err error) {
	done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	today := dayOf(nanos(s.now()))
	for {
		dropped, more, err := s.expireOldest(ctx, today, nanos(before), maxBytes)
		if err != nil {
			return days, fmt.Errorf("expire from ledger: %w", judged(err))
		}
		if !more {
			break
		}
		days = append(days, dropped.String())
	}
	if err := s.giveBack(ctx); err != nil {
		return days, fmt.Errorf("give back space of ledger: %w", judged(err))
	}
	return days, nil
}

// expireOldest drops the oldest day if it has to go.
func (s *SQLite) expireOldest(ctx context.Context, today day, before, maxBytes int64) (d day, dropped bool, err error) {
	w := &s.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.days) == 0 {
		return 0, false, nil
	}
	d = today
	for have := range w.days {
		d = min(d, have)
	}
	if d >= today {
		return 0, false, nil
	}
	if d.end() > before {
		used, err := w.usedBytes(ctx)
		if err != nil || maxBytes <= 0 || used <= maxBytes {
			return 0, false, err
		}
	}
	w.forget() // a table with an open statement cannot be dropped
	if err := w.transact(ctx, func(ctx context.Context) error { return w.dropDay(ctx, d) }); err != nil {
		return 0, false, fmt.Errorf("drop %v: %w", d, err)
	}
	delete(w.days, d)
	return d, true, nil
}

func (w *writer) dropDay(ctx context.Context, d day) error {
	if _, err := w.conn.ExecContext(ctx, onDay(d, "DROP TABLE traces_DAY; DROP TABLE exports_DAY")); err != nil {
		return err
	}
	_, err := w.conn.ExecContext(ctx, "DELETE FROM counts WHERE hour >= ? AND hour < ?",
		hourOf(d.start()), hourOf(d.end()))
	return err
}

// usedBytes is what the file needs once free pages are given back.
// Requires: w.mu is held.
func (w *writer) usedBytes(ctx context.Context) (int64, error) {
	var pages, free, size int64
	for _, q := range []struct {
		pragma string
		into   *int64
	}{{"page_count", &pages}, {"freelist_count", &free}, {"page_size", &size}} {
		if err := w.conn.QueryRowContext(ctx, "PRAGMA "+q.pragma).Scan(q.into); err != nil {
			return 0, fmt.Errorf("read %s: %w", q.pragma, err)
		}
	}
	return (pages - free) * size, nil
}

// giveBack shortens the file by its free pages, and empties SQLite's log, which has the moved pages.
func (s *SQLite) giveBack(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = s.vacuumStep(ctx); err != nil {
			return err
		}
	}
	s.gate.Lock()
	defer s.gate.Unlock()
	// Another process that reads can hold it back; then SQLite's log stays long until the next time.
	_, err := s.tryCheckpoint(ctx, "TRUNCATE")
	return err
}

func (s *SQLite) vacuumStep(ctx context.Context) (more bool, err error) {
	w := &s.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	var free int64
	if err := w.conn.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil || free == 0 {
		return false, err
	}
	return true, w.vacuum(ctx, vacuumPages)
}

// vacuum gives back up to n pages. The pragma does one for each row that is asked of it.
// Requires: w.mu is held.
func (w *writer) vacuum(ctx context.Context, n int) error {
	rows, err := w.conn.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", n))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// Bytes implements Store: the file and SQLite's log beside it.
func (s *SQLite) Bytes(context.Context) (int64, error) {
	var sum int64
	for _, name := range []string{s.path, s.path + "-wal"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("size of ledger: %w", err)
		}
		sum += info.Size()
	}
	return sum, nil
}

// Verify reads every page and returns ErrDamaged with the first fault that it finds. It takes as long as reading the
// file does, and other calls go on meanwhile.
func (s *SQLite) Verify(ctx context.Context) error {
	done, err := s.use()
	if err != nil {
		return err
	}
	defer done()
	var verdict string
	if err := s.readers.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("verify ledger: %w", judged(err))
	}
	if verdict != "ok" {
		return fmt.Errorf("verify ledger: %w: %s", ErrDamaged, verdict)
	}
	return nil
}

// companions are the files beside a SQLite file, by what follows its name.
var companions = []string{"-wal", "-shm"}

// SetAside renames a ledger that cannot be opened, with what SQLite keeps beside it, to the first free name
// path.damaged-1, path.damaged-2 and so on, and returns that. The name path is free then.
//
// Requires: the ledger is closed.
func SetAside(path string) (newPath string, err error) {
	for n := 1; ; n++ {
		newPath = fmt.Sprintf("%s.damaged-%d", path, n)
		if _, err := os.Lstat(newPath); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return "", fmt.Errorf("set ledger aside: %w", err)
		}
	}
	// The file goes first: SQLite deletes a log that it finds without one, but would apply half of a pair.
	for _, suffix := range slices.Concat([]string{""}, companions) {
		if err := os.Rename(path+suffix, newPath+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set ledger aside: %w", err)
		}
	}
	return newPath, nil
}
