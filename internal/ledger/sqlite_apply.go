package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// writer is the one connection that writes.
type writer struct {
	// Immutable after OpenSQLite.
	db   *sql.DB
	conn *sql.Conn

	// mu guards the connection and the fields below. It is held over the transaction: it is what makes one Apply,
	// Checkpoint or step of Expire run at a time.
	mu   sync.Mutex
	rows int64             // inserted so far, ever; tells the bucket
	days map[day]*dayStmts // days that have tables, with their statements once used
}

// dayStmts are the statements that write to one day's tables.
type dayStmts struct{ row, export *sql.Stmt }

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget()
	var err error
	if w.conn != nil {
		err = w.conn.Close()
	}
	if w.db != nil {
		err = errors.Join(err, w.db.Close())
	}
	return err
}

// forget closes the prepared statements; they are prepared again when used.
func (w *writer) forget() {
	for d, st := range w.days {
		if st != nil {
			st.close()
			w.days[d] = nil
		}
	}
}

// close drops the statements' errors: they repeat those of the last execution.
func (st *dayStmts) close() {
	_ = st.row.Close()
	_ = st.export.Close()
}

// transact runs fn in a transaction. Inside, the context does not end: the driver would start a goroutine for each
// statement to watch it.
// Requires: w.mu is held, or nobody else knows w yet.
func (w *writer) transact(ctx context.Context, fn func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := fn(ctx)
	if err == nil {
		// Commit point: from here on a killed process finds the transaction when it opens the file again.
		if _, err = w.conn.ExecContext(ctx, "COMMIT"); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	// It fails when SQLite has rolled back by itself, which is as good.
	_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
	return err
}

// Apply implements Store.
func (s *SQLite) Apply(ctx context.Context, b Batch) error {
	done, err := s.use()
	if err != nil {
		return err
	}
	defer done()
	w := &s.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if b.Through <= s.applied.Load() {
		return nil
	}
	a := applying{w: w, rows: w.rows, counts: make(map[countKey]int64)}
	if err := w.transact(ctx, func(ctx context.Context) error { return a.run(ctx, &b) }); err != nil {
		a.undo()
		return fmt.Errorf("apply to ledger through %d: %w", b.Through, judged(err))
	}
	w.rows = a.rows
	s.applied.Store(b.Through)
	return nil
}

// applying is one batch on its way in.
type applying struct {
	w      *writer
	rows   int64 // as writer.rows, if this commits
	made   []day // whose tables this transaction makes
	counts map[countKey]int64
}

// countKey names a row of counts.
type countKey struct {
	hour    int64
	verdict Verdict
	rules   string
}

// undo takes back what the rolled back transaction left in memory.
func (a *applying) undo() {
	a.w.forget()
	for _, d := range a.made {
		delete(a.w.days, d)
	}
}

func (a *applying) run(ctx context.Context, b *Batch) error {
	for i := range b.Rows {
		if err := a.row(ctx, &b.Rows[i]); err != nil {
			return err
		}
	}
	for i := range b.Exports {
		if err := a.export(ctx, &b.Exports[i]); err != nil {
			return err
		}
	}
	for i := range b.Policies {
		if err := a.policy(ctx, &b.Policies[i]); err != nil {
			return err
		}
	}
	for k, n := range a.counts {
		if _, err := a.w.conn.ExecContext(ctx, `INSERT INTO counts VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET n = n + excluded.n`, k.hour, int64(k.verdict), k.rules, n); err != nil {
			return fmt.Errorf("count: %w", err)
		}
	}
	if _, err := a.w.conn.ExecContext(ctx, "UPDATE state SET applied = ?, rows = ?",
		int64(b.Through), a.rows); err != nil {
		return fmt.Errorf("advance: %w", err)
	}
	return nil
}

const (
	insertRow = `INSERT INTO traces_DAY (decided_at, trace, verdict, bucket, rules, session, start, duration, spans,
		retention, probability, policy, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	// The WHERE keeps out exports without a row.
	insertExport = `INSERT INTO exports_DAY (decided_at, trace, at, through, refused) SELECT ?1, ?2, ?3, ?4, ?5
		WHERE EXISTS (SELECT 1 FROM traces_DAY WHERE decided_at = ?1 AND trace = ?2)
		ON CONFLICT DO UPDATE SET at = excluded.at, through = excluded.through, refused = excluded.refused`
)

func (a *applying) row(ctx context.Context, r *Row) error {
	decidedAt, rules := nanos(r.DecidedAt), packRules(r.Rules)
	st, err := a.day(ctx, dayOf(decidedAt))
	if err != nil {
		return err
	}
	res, err := st.row.ExecContext(ctx, decidedAt, r.Trace[:], int64(r.Verdict), a.rows/bucketRows, rules,
		orNull(r.Session), nanos(r.Start), int64(r.Duration), int64(r.SpansN),
		r.Retention, r.Probability, r.PolicyVersion, orNull(string(r.Facts)))
	if err != nil {
		return fmt.Errorf("insert row of trace %x: %w", r.Trace, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("insert row of trace %x: %w", r.Trace, err)
	}
	if n > 0 {
		a.rows++
		a.counts[countKey{hourOf(decidedAt), r.Verdict, rules}]++
	}
	return nil
}

// orNull returns nil for the empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (a *applying) export(ctx context.Context, e *Export) error {
	decidedAt := nanos(e.DecidedAt)
	d := dayOf(decidedAt)
	if _, ok := a.w.days[d]; !ok {
		return nil // its day has expired
	}
	st, err := a.day(ctx, d)
	if err != nil {
		return err
	}
	if _, err := st.export.ExecContext(ctx, decidedAt, e.Trace[:], nanos(e.At), int64(e.Through),
		e.Refused); err != nil {
		return fmt.Errorf("insert export of trace %x: %w", e.Trace, err)
	}
	return nil
}

func (a *applying) policy(ctx context.Context, p *PolicyUse) error {
	text := p.Text
	if text == nil {
		text = []byte{}
	}
	if _, err := a.w.conn.ExecContext(ctx, "INSERT INTO policies VALUES (?, ?) ON CONFLICT DO NOTHING",
		p.Version, text); err != nil {
		return fmt.Errorf("insert policy: %w", err)
	}
	if _, err := a.w.conn.ExecContext(ctx, "INSERT INTO policy_uses VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		nanos(p.From), p.Version, int64(p.Calibrate)); err != nil {
		return fmt.Errorf("insert use of policy: %w", err)
	}
	return nil
}

// day returns the statements of a day, and makes its tables if it has none.
func (a *applying) day(ctx context.Context, d day) (*dayStmts, error) {
	st, ok := a.w.days[d]
	if st != nil {
		return st, nil
	}
	if !ok {
		if _, err := a.w.conn.ExecContext(ctx, onDay(d, daySchema)); err != nil {
			return nil, fmt.Errorf("make tables of %v: %w", d, err)
		}
		a.made = append(a.made, d)
		a.w.days[d] = nil
	}
	row, err := a.w.conn.PrepareContext(ctx, onDay(d, insertRow))
	if err != nil {
		return nil, fmt.Errorf("prepare for %v: %w", d, err)
	}
	export, err := a.w.conn.PrepareContext(ctx, onDay(d, insertExport))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare for %v: %w", d, err), row.Close())
	}
	a.w.days[d] = &dayStmts{row: row, export: export}
	return a.w.days[d], nil
}
