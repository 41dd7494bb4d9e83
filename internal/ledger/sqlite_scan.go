package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// scanRowsN is how many verdicts are read before the caller sees them.
const scanRowsN = 8192

// decision is what Verdicts reads of a row.
type decision struct {
	at      int64
	trace   TraceID
	verdict Verdict
}

// Verdicts implements Store. It reads page by page, so that a slow fn keeps no snapshot open, which would keep
// SQLite's log from being reused.
func (s *SQLite) Verdicts(ctx context.Context, since time.Time, fn func(TraceID, Verdict) bool) error {
	page := make([]decision, 0, scanRowsN)
	var last *decision
	for {
		var err error
		if page, err = s.decisions(ctx, page[:0], nanos(since), last); err != nil {
			return fmt.Errorf("read verdicts: %w", err)
		}
		for i := range page {
			if !fn(page[i].trace, page[i].verdict) {
				return nil
			}
		}
		if len(page) < scanRowsN {
			return nil
		}
		end := page[len(page)-1]
		last = &end
	}
}

// decisions fills page with the decisions from from on that come after last, newest first; nil is before the first.
func (s *SQLite) decisions(ctx context.Context, page []decision, from int64, last *decision) ([]decision, error) {
	err := s.read(ctx, func(tx *sql.Tx, days []day) error {
		for _, d := range days {
			if d.end() <= from || len(page) == scanRowsN {
				break
			}
			if last != nil && d.start() > last.at {
				continue
			}
			var err error
			if page, err = decisionsOn(ctx, tx, d, page, from, last); err != nil {
				return err
			}
		}
		return nil
	})
	return page, err
}

func decisionsOn(ctx context.Context, tx *sql.Tx, d day, page []decision, from int64, last *decision) (
	[]decision, error) {
	query, args := "SELECT decided_at, trace, verdict FROM traces_DAY WHERE decided_at >= ?", []any{from}
	if last != nil {
		query += " AND (decided_at, trace) < (?, ?)"
		args = append(args, last.at, last.trace[:])
	}
	query += " ORDER BY decided_at DESC, trace DESC LIMIT ?"
	rows, err := tx.QueryContext(ctx, onDay(d, query), append(args, scanRowsN-len(page))...)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	var (
		dec   decision
		trace sql.RawBytes
	)
	for rows.Next() {
		if err := rows.Scan(&dec.at, &trace, &dec.verdict); err != nil {
			return page, fmt.Errorf("read verdict: %w", misread(ctx, err))
		}
		if len(trace) != len(dec.trace) {
			return page, fmt.Errorf("%w: trace id of %d bytes", ErrDamaged, len(trace))
		}
		dec.trace = TraceID(trace)
		page = append(page, dec)
	}
	return page, rows.Err()
}

// Counts implements Store. Whole hours come from the table of counts, the rest of the first hour from its rows.
func (s *SQLite) Counts(ctx context.Context, since time.Time) (Counts, error) {
	c := Counts{Verdicts: make(map[Verdict]int64), Rules: make(map[string]int64)}
	from := nanos(since)
	hour := hourOf(from) + 1
	err := s.read(ctx, func(tx *sql.Tx, days []day) error {
		if err := c.add(ctx, tx, "SELECT verdict, rules, n FROM counts WHERE hour >= ?", hour); err != nil {
			return err
		}
		for _, d := range days {
			if d != dayOf(from) {
				continue
			}
			return c.add(ctx, tx, onDay(d, `SELECT verdict, rules, count(*) FROM traces_DAY
				WHERE decided_at >= ? AND decided_at < ? GROUP BY verdict, rules`), from, hour*int64(time.Hour))
		}
		return nil
	})
	if err != nil {
		return Counts{}, fmt.Errorf("count traces: %w", err)
	}
	return c, nil
}

// add sums up what a query for verdict, rules and a number returns.
func (c *Counts) add(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			verdict Verdict
			rules   string
			n       int64
		)
		if err := rows.Scan(&verdict, &rules, &n); err != nil {
			return misread(ctx, err)
		}
		c.count(verdict, unpackRules(rules), n)
	}
	return rows.Err()
}

// count adds n rows with this verdict and these rules.
func (c *Counts) count(v Verdict, rules []string, n int64) {
	c.Verdicts[v] += n
	for _, name := range rules {
		c.Rules[name] += n
	}
}
