package ledger

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// OpenSQLite opens the ledger at path, and creates it if nothing is there; the directory must exist. It returns
// ErrDamaged for a file that is no sound ledger and ErrNewer for one that a newer version wrote; both stay as they
// are. Damage deep in the file shows only when it is read: see Verify.
//
// Requires: no other process and no other SQLite has the file open.
func OpenSQLite(ctx context.Context, path string, opts Options) (*SQLite, error) {
	s, err := openSQLite(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, judged(err))
	}
	return s, nil
}

func openSQLite(ctx context.Context, path string, opts Options) (*SQLite, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Readers <= 0 {
		opts.Readers = DefaultReaders
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	s := &SQLite{path: path, now: opts.Now}
	if err := s.openWriter(ctx); err != nil {
		return nil, errors.Join(err, s.writer.close())
	}
	if s.readers, err = connect(path, opts.Readers, readerPragmas); err != nil {
		return nil, errors.Join(err, s.writer.close())
	}
	// What an earlier process left unsynced may still be in the page cache only, so nothing counts as synced
	// before this.
	if _, err := s.Checkpoint(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// checkHeader looks at the first bytes of the file before SQLite does, because SQLite may write to what it opens.
// A missing or empty file passes. So does one that names no application: its creation was cut short, or is still in
// SQLite's log, and openWriter looks again.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var head [100]byte
	switch n, err := io.ReadFull(f, head[:]); {
	case err == io.EOF:
		return nil
	case err == io.ErrUnexpectedEOF:
		return fmt.Errorf("%w: %d bytes are too few", ErrDamaged, n)
	case err != nil:
		return err
	}
	if string(head[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("%w: not a SQLite file", ErrDamaged)
	}
	return checkIdentity(binary.BigEndian.Uint32(head[68:]), binary.BigEndian.Uint32(head[60:]))
}

// checkIdentity judges the application id and the schema version of a file.
func checkIdentity(app, version uint32) error {
	switch {
	case app == 0:
		return nil
	case app != applicationID:
		return fmt.Errorf("%w: it belongs to application %#x", ErrDamaged, app)
	case version > schemaVersion:
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, version, schemaVersion)
	}
	return nil
}

const (
	writerPragmas = "?_pragma=busy_timeout(10000)"
	readerPragmas = "?_pragma=busy_timeout(10000)&_pragma=query_only(1)&_pragma=cache_size(-8192)"
)

// connect opens a pool of at most n connections to path.
func connect(path string, n int, pragmas string) (*sql.DB, error) {
	name := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
	db, err := sql.Open("sqlite", name+pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// openWriter opens the one writing connection, makes or upgrades the schema, and reads the state.
func (s *SQLite) openWriter(ctx context.Context) error {
	w := &s.writer
	var err error
	if w.db, err = connect(s.path, 1, writerPragmas); err != nil {
		return err
	}
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	version, err := w.identify(ctx)
	if err != nil {
		return err
	}
	if version == 0 {
		// The first write settles these two, and the journal mode makes it. Later they would only write.
		if err := w.set(ctx, fmt.Sprintf("page_size = %d", pageBytes), "auto_vacuum = INCREMENTAL"); err != nil {
			return err
		}
	}
	if err := w.set(ctx, "journal_mode = WAL", "synchronous = NORMAL", "cache_size = -32768",
		"wal_autocheckpoint = 4000", "journal_size_limit = 67108864"); err != nil {
		return err
	}
	if err := w.migrate(ctx, version); err != nil {
		return err
	}
	return w.load(ctx, &s.applied)
}

// set runs pragmas on the writing connection.
func (w *writer) set(ctx context.Context, pragmas ...string) error {
	for _, pragma := range pragmas {
		if _, err := w.conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return fmt.Errorf("set %s: %w", pragma, err)
		}
	}
	return nil
}

// identify returns the schema version of the file, 0 for a fresh one.
func (w *writer) identify(ctx context.Context) (version uint32, err error) {
	var app, objects uint32
	for _, q := range []struct {
		query string
		into  *uint32
	}{
		{"PRAGMA application_id", &app},
		{"PRAGMA user_version", &version},
		{"SELECT count(*) FROM sqlite_schema", &objects},
	} {
		if err := w.conn.QueryRowContext(ctx, q.query).Scan(q.into); err != nil {
			return 0, fmt.Errorf("read header: %w", err)
		}
	}
	if app == 0 && (objects > 0 || version > 0) {
		return 0, fmt.Errorf("%w: a SQLite file, but no ledger", ErrDamaged)
	}
	return version, checkIdentity(app, version)
}

// migrate leads the file from version to schemaVersion, in one transaction.
func (w *writer) migrate(ctx context.Context, version uint32) error {
	if version == schemaVersion {
		return nil
	}
	return w.transact(ctx, func(ctx context.Context) error {
		for v := version; v < schemaVersion; v++ {
			if _, err := w.conn.ExecContext(ctx, migrations[v]); err != nil {
				return fmt.Errorf("upgrade schema from %d: %w", v, err)
			}
		}
		_, err := w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d",
			applicationID, schemaVersion))
		return err
	})
}

// load reads what the writer keeps in memory.
func (w *writer) load(ctx context.Context, applied interface{ Store(uint64) }) error {
	var through int64
	if err := w.conn.QueryRowContext(ctx, "SELECT applied, rows FROM state").Scan(&through, &w.rows); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrDamaged
		}
		return fmt.Errorf("read state: %w", misread(ctx, err))
	}
	days, err := daysIn(ctx, w.conn)
	if err != nil {
		return err
	}
	w.days = make(map[day]*dayStmts, len(days))
	for _, d := range days {
		w.days[d] = nil
	}
	applied.Store(uint64(through))
	return nil
}
