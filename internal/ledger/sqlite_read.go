package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// read runs fn on a snapshot of the store and the days that it has, newest first.
func (s *SQLite) read(ctx context.Context, fn func(tx *sql.Tx, days []day) error) error {
	done, err := s.use()
	if err != nil {
		return err
	}
	defer done()
	s.gate.RLock()
	defer s.gate.RUnlock()
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return judged(fmt.Errorf("begin: %w", err))
	}
	// It only ends the snapshot, and repeats an error that fn had.
	defer func() { _ = tx.Rollback() }()
	days, err := daysIn(ctx, tx)
	if err == nil {
		err = fn(tx, days)
	}
	return judged(err)
}

// rowColumns are what scanRow reads, of traces_DAY as t and exports_DAY as e.
const rowColumns = `t.decided_at, t.trace, t.verdict, t.rules, t.session, t.start, t.duration, t.spans, t.retention,
	t.probability, t.policy, t.facts, e.at, e.through, e.refused`

// withExport joins a row with its export.
const withExport = ` LEFT JOIN exports_DAY e ON e.decided_at = t.decided_at AND e.trace = t.trace`

// overBuckets leads a query by one of the bucketed indexes. Its two arguments are the first and the last bucket.
const overBuckets = `WITH RECURSIVE b (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM b WHERE n < ?) `

// maxBuckets is more than a day can hold: 17 billion rows.
const maxBuckets = 1 << 20

// bucketsOf returns the first and the last bucket of a day, the last smaller if there are none. It does not believe
// a damaged index that there are more than can be, or the query over them would not end.
func bucketsOf(ctx context.Context, tx *sql.Tx, d day) (first, last int64, err error) {
	err = tx.QueryRowContext(ctx, onDay(d, `SELECT
		coalesce((SELECT min(bucket) FROM traces_DAY INDEXED BY traces_DAY_trace), 0),
		coalesce((SELECT max(bucket) FROM traces_DAY INDEXED BY traces_DAY_trace), -1)`)).Scan(&first, &last)
	if err != nil {
		return 0, 0, fmt.Errorf("read buckets: %w", misread(ctx, err))
	}
	if first < 0 || last >= first+maxBuckets {
		return 0, 0, fmt.Errorf("%w: buckets of %v from %d to %d", ErrDamaged, d, first, last)
	}
	return first, last, nil
}

const selectTrace = overBuckets + `SELECT ` + rowColumns + ` FROM b
	CROSS JOIN traces_DAY t INDEXED BY traces_DAY_trace ON t.bucket = b.n AND t.trace = ?` + withExport + `
	ORDER BY t.decided_at DESC`

// Trace implements Store. It asks each bucket of each day, some microseconds apiece.
func (s *SQLite) Trace(ctx context.Context, id TraceID) ([]Row, error) {
	var found []Row
	err := s.read(ctx, func(tx *sql.Tx, days []day) error {
		for _, d := range days {
			first, last, err := bucketsOf(ctx, tx, d)
			if err != nil {
				return err
			}
			if found, err = appendRows(ctx, tx, found, onDay(d, selectTrace), first, last, id[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("look up trace %x: %w", id, err)
	}
	return found, nil
}

// Traces implements Store. A session is found by index; other conditions are tested on every row from the newest
// on: two million a second, measured on 200,000 rows in the page cache.
func (s *SQLite) Traces(ctx context.Context, q Query) ([]Row, error) {
	limit := limitOf(q.Limit)
	from, until := q.span()
	var found []Row
	err := s.read(ctx, func(tx *sql.Tx, days []day) error {
		for _, d := range days {
			if d.end() <= from || len(found) == limit {
				break
			}
			if d.start() >= until {
				continue
			}
			query, args, err := q.onDay(ctx, tx, d, limit-len(found))
			if err != nil {
				return err
			}
			if found, err = appendRows(ctx, tx, found, query, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("query traces: %w", err)
	}
	return found, nil
}

// onDay returns the statement that answers q from one day's tables.
func (q *Query) onDay(ctx context.Context, tx *sql.Tx, d day, limit int) (query string, args []any, err error) {
	var b strings.Builder
	if q.Session != "" {
		first, last, err := bucketsOf(ctx, tx, d)
		if err != nil {
			return "", nil, err
		}
		args = append(args, first, last)
		b.WriteString(overBuckets + "SELECT " + rowColumns + ` FROM b CROSS JOIN traces_DAY t
			INDEXED BY traces_DAY_session ON t.bucket = b.n AND t.session = ?`)
		args = append(args, q.Session)
	} else {
		b.WriteString("SELECT " + rowColumns + " FROM traces_DAY t")
	}
	b.WriteString(withExport + " WHERE t.decided_at >= ? AND t.decided_at < ?")
	from, until := q.span()
	args = append(args, from, until)
	if q.After != (Cursor{}) {
		b.WriteString(" AND (t.decided_at, t.trace) < (?, ?)")
		args = append(args, nanos(q.After.DecidedAt), q.After.Trace[:])
	}
	if q.Verdict != 0 {
		b.WriteString(" AND t.verdict = ?")
		args = append(args, int64(q.Verdict))
	}
	if q.Rule != "" {
		b.WriteString(" AND instr(t.rules, ?) > 0")
		args = append(args, ruleMark+cleanName(q.Rule)+ruleMark)
	}
	b.WriteString(" ORDER BY t.decided_at DESC, t.trace DESC LIMIT ?")
	return onDay(d, b.String()), append(args, limit), nil
}

// appendRows appends the rows that a query over rowColumns returns.
func appendRows(ctx context.Context, tx *sql.Tx, to []Row, query string, args ...any) ([]Row, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return to, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRow(ctx, rows)
		if err != nil {
			return to, err
		}
		to = append(to, r)
	}
	return to, rows.Err()
}

// scanRow reads one row.
func scanRow(ctx context.Context, rows *sql.Rows) (r Row, err error) {
	var (
		decidedAt, start, duration int64
		trace                      sql.RawBytes
		rules                      string
		session, facts, refused    sql.NullString
		at, through                sql.NullInt64
	)
	if err := rows.Scan(&decidedAt, &trace, &r.Verdict, &rules, &session, &start, &duration, &r.SpansN,
		&r.Retention, &r.Probability, &r.PolicyVersion, &facts, &at, &through, &refused); err != nil {
		return r, fmt.Errorf("read row: %w", misread(ctx, err))
	}
	if len(trace) != len(r.Trace) {
		return r, fmt.Errorf("%w: trace id of %d bytes", ErrDamaged, len(trace))
	}
	r.Trace = TraceID(trace)
	r.DecidedAt, r.Start, r.Duration = instant(decidedAt), instant(start), time.Duration(duration)
	r.Rules, r.Session = unpackRules(rules), session.String
	if facts.Valid {
		r.Facts = json.RawMessage(facts.String)
	}
	if at.Valid {
		r.Exported = &Export{Trace: r.Trace, DecidedAt: r.DecidedAt, At: instant(at.Int64),
			Through: uint64(through.Int64), Refused: refused.String}
	}
	return r, nil
}

// PolicyUses implements Store.
func (s *SQLite) PolicyUses(ctx context.Context) ([]PolicyUse, error) {
	var uses []PolicyUse
	err := s.read(ctx, func(tx *sql.Tx, _ []day) error {
		rows, err := tx.QueryContext(ctx, selectUses+" ORDER BY since DESC, version DESC")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			u, err := scanUse(ctx, rows)
			if err != nil {
				return err
			}
			uses = append(uses, u)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list uses of policies: %w", err)
	}
	return uses, nil
}

// Policy implements Store.
func (s *SQLite) Policy(ctx context.Context, version string) (PolicyUse, error) {
	var use PolicyUse
	err := s.read(ctx, func(tx *sql.Tx, _ []day) (err error) {
		use, err = scanUse(ctx, tx.QueryRowContext(ctx, selectUses+
			" WHERE version = ? ORDER BY since DESC LIMIT 1", version))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return PolicyUse{}, fmt.Errorf("look up policy %s: %w", version, err)
	}
	return use, nil
}

const selectUses = "SELECT version, text, since, calibrate FROM policy_uses JOIN policies USING (version)"

func scanUse(ctx context.Context, row interface{ Scan(...any) error }) (u PolicyUse, err error) {
	var since, calibrate int64
	if err := row.Scan(&u.Version, &u.Text, &since, &calibrate); err != nil {
		return PolicyUse{}, misread(ctx, err)
	}
	u.From, u.Calibrate = instant(since), time.Duration(calibrate)
	return u, nil
}
