package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"modernc.org/sqlite"
)

func openTemp(t *testing.T, opts Options) *SQLite {
	t.Helper()
	s, err := OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "ledger.db"), opts)
	if err != nil {
		t.Fatalf("open: got %v, want nil", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	})
	return s
}

// rowsFrom makes n rows a minute apart.
func rowsFrom(start time.Time, n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{Trace: TraceID{byte(i), byte(i >> 8), 7}, DecidedAt: start.Add(time.Duration(i) * time.Minute).UTC(),
			Verdict: Keep, Facts: fmt.Appendf(nil, `{"n":%d,"pad":"%0500d"}`, i, i)}
	}
	return rows
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// TestSQLite_DiskFull lets the file grow no further in the midst of a batch that also makes a new day.
func TestSQLite_DiskFull(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t, Options{})
	first := rowsFrom(noon, 100)
	if err := s.Apply(ctx, Batch{Through: 1, Rows: first}); err != nil {
		t.Fatal(err)
	}
	limitPages(t, s, 40)
	more := Batch{Through: 2, Rows: rowsFrom(noon.Add(2*time.Hour), 2000)}
	for range 3 {
		err := s.Apply(ctx, more)
		var e *sqlite.Error
		if !errors.As(err, &e) || e.Code() != sqlite3.SQLITE_FULL || errors.Is(err, ErrDamaged) {
			t.Fatalf("apply with a full disk: got %v, want SQLITE_FULL and no damage", err)
		}
		wantRows(t, s, 1, first)
	}
	limitPages(t, s, 1<<20)
	if err := s.Apply(ctx, more); err != nil {
		t.Fatalf("apply with room again: got %v, want nil", err)
	}
	wantRows(t, s, 2, slices.Concat(first, more.Rows))
	if err := s.Verify(ctx); err != nil {
		t.Errorf("verify: got %v, want nil", err)
	}
}

func limitPages(t *testing.T, s *SQLite, n int) {
	t.Helper()
	if err := s.writer.set(context.Background(), fmt.Sprintf("max_page_count = %d", n)); err != nil {
		t.Fatal(err)
	}
}

func wantRows(t *testing.T, s *SQLite, applied uint64, rows []Row) {
	t.Helper()
	ctx := context.Background()
	if n, err := s.Applied(ctx); n != applied || err != nil {
		t.Errorf("applied: got %d, %v, want %d, nil", n, err, applied)
	}
	got, err := s.Traces(ctx, Query{Limit: MaxLimit})
	if err != nil || len(got) != len(rows) || got[0].Trace != rows[len(rows)-1].Trace {
		t.Fatalf("rows: got %d, %v, want %d", len(got), err, len(rows))
	}
	c, err := s.Counts(ctx, time.Time{})
	if err != nil || c.Verdicts[Keep] != int64(len(rows)) {
		t.Errorf("counts: got %v, %v, want %d kept", c, err, len(rows))
	}
}

// TestSQLite_ManyBuckets finds traces and sessions in every bucket of a day.
func TestSQLite_ManyBuckets(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t, Options{})
	s.writer.rows = 5*bucketRows - 30 // the first bucket of the day is not the first of all
	var all []Row
	for i := range uint64(6) {
		rows := rowsFrom(noon.Add(time.Duration(i)*time.Second), 20)
		for j := range rows {
			rows[j].Trace[15], rows[j].Session = byte(i), fmt.Sprint(j%3)
		}
		all = append(all, rows...)
		if err := s.Apply(ctx, Batch{Through: i + 1, Rows: rows}); err != nil {
			t.Fatal(err)
		}
		s.writer.rows += bucketRows
	}
	for _, r := range all {
		if got, err := s.Trace(ctx, r.Trace); err != nil || len(got) != 1 || got[0].DecidedAt != r.DecidedAt {
			t.Errorf("trace %x: got %v, %v, want one row", r.Trace, got, err)
		}
	}
	got, err := s.Traces(ctx, Query{Session: "1", Limit: 1000})
	newestFirst := func(a, b Row) int { return b.DecidedAt.Compare(a.DecidedAt) }
	if err != nil || len(got) != 42 || !slices.IsSortedFunc(got, newestFirst) {
		t.Errorf("session: got %d rows, %v, want 42, newest first", len(got), err)
	}
}

// TestSQLite_ReopenContinues checks what is read at opening: position, days, place in the buckets.
func TestSQLite_ReopenContinues(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "ledger.db")
	rows := rowsFrom(noon.Add(-30*time.Hour), 3000)
	for i := range uint64(3) {
		s, err := OpenSQLite(ctx, path, Options{})
		if err != nil {
			t.Fatalf("open: got %v, want nil", err)
		}
		if n, _ := s.Synced(ctx); n != i {
			t.Errorf("synced at opening: got %d, want %d", n, i)
		}
		if s.writer.rows != int64(i)*1000 {
			t.Errorf("rows at opening: got %d, want %d", s.writer.rows, i*1000)
		}
		if err := s.Apply(ctx, Batch{Through: i + 1, Rows: rows[:1000*(i+1)]}); err != nil {
			t.Errorf("apply: got %v, want nil", err)
		}
		wantRows(t, s, i+1, rows[:1000*(i+1)])
		if err := s.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	}
}

// TestSQLite_CheckpointForeignReader holds an old snapshot open over a checkpoint, past the gate, as another process
// would.
func TestSQLite_CheckpointForeignReader(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t, Options{})
	rows := rowsFrom(noon, 200)
	if err := s.Apply(ctx, Batch{Through: 1, Rows: rows[:100]}); err != nil {
		t.Fatal(err)
	}
	if err := s.writer.set(ctx, "busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	old, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := daysIn(ctx, old); err != nil { // takes the snapshot
		t.Fatal(err)
	}
	if err := s.Apply(ctx, Batch{Through: 2, Rows: rows[100:]}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Checkpoint(ctx); err == nil {
		t.Errorf("checkpoint beside an old snapshot: got %d, want an error", n)
	}
	if n, _ := s.Synced(ctx); n != 0 {
		t.Errorf("synced: got %d, want 0", n)
	}
	if err := old.Rollback(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Checkpoint(ctx); n != 2 || err != nil {
		t.Errorf("checkpoint after the reader: got %d, %v, want 2, nil", n, err)
	}
}

// TestSQLite_ExpireGivesBack checks the file, not only what the store says.
func TestSQLite_ExpireGivesBack(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t, Options{Now: func() time.Time { return noon }})
	for i := range 4 {
		start := noon.AddDate(0, 0, i-3).Add(-12 * time.Hour)
		if err := s.Apply(ctx, Batch{Through: uint64(i + 1), Rows: rowsFrom(start, 1400)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	before, _ := s.Bytes(ctx)
	days, err := s.Expire(ctx, noon, 0)
	if err != nil || len(days) != 3 {
		t.Fatalf("expire: got %q, %v, want 3 days", days, err)
	}
	if after, _ := s.Bytes(ctx); after > before/3 {
		t.Errorf("bytes after 3 of 4 days: got %d of %d, want at most a third", after, before)
	}
	if err := s.Verify(ctx); err != nil {
		t.Errorf("verify: got %v, want nil", err)
	}
}

// TestSQLite_Plans holds SQLite to the indexes: none of these may sort, or walk, a day's rows.
func TestSQLite_Plans(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t, Options{})
	if err := s.Apply(ctx, Batch{Through: 1, Rows: rowsFrom(noon, 10)}); err != nil {
		t.Fatal(err)
	}
	d := dayOf(nanos(noon))
	for name, q := range map[string]Query{
		"newest": {}, "after": {After: Cursor{DecidedAt: noon}}, "rule": {Rule: "errors"}, "session": {Session: "a"},
	} {
		plan := planOf(t, s, d, q)
		want := "SEARCH t USING PRIMARY KEY (decided_at"
		if q.Session != "" {
			want = "SEARCH t USING INDEX traces_20261120_session (bucket=? AND session=?"
		}
		if !slices.ContainsFunc(plan, func(step string) bool { return len(step) >= len(want) && step[:len(want)] == want }) {
			t.Errorf("%s: got plan %q, want %q", name, plan, want)
		}
		if q.Session == "" && slices.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") {
			t.Errorf("%s: got plan %q, want no sorting", name, plan)
		}
	}
}

// planOf returns the steps by which SQLite answers q on a day.
func planOf(t *testing.T, s *SQLite, d day, q Query) (plan []string) {
	t.Helper()
	ctx := context.Background()
	err := s.read(ctx, func(tx *sql.Tx, _ []day) error {
		query, args, err := q.onDay(ctx, tx, d, 10)
		if err != nil {
			return err
		}
		rows, err := tx.Query("EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return err
			}
			plan = append(plan, step)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestSQLite_BucketsDamaged has a bucket that no ledger reaches: a query over all up to it would not end.
func TestSQLite_BucketsDamaged(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t, Options{})
	rows := rowsFrom(noon, 2)
	rows[0].Session = "a"
	if err := s.Apply(ctx, Batch{Through: 1, Rows: rows[:1]}); err != nil {
		t.Fatal(err)
	}
	s.writer.rows = 1 << 60
	if err := s.Apply(ctx, Batch{Through: 2, Rows: rows[1:]}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Trace(ctx, rows[0].Trace); !errors.Is(err, ErrDamaged) {
		t.Errorf("trace: got %v, want ErrDamaged", err)
	}
	if _, err := s.Traces(ctx, Query{Session: "a"}); !errors.Is(err, ErrDamaged) {
		t.Errorf("session: got %v, want ErrDamaged", err)
	}
}
