package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// choose returns up to limit rows that want accepts, newest first.
func (m *Memory) choose(ctx context.Context, limit int, want func(*Row) bool) ([]Row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, errClosed
	}
	var found []Row
	for i := len(m.rows) - 1; i >= 0 && len(found) < limit; i-- {
		if want(&m.rows[i]) {
			found = append(found, m.out(m.rows[i]))
		}
	}
	return found, nil
}

// noLimit is more rows than there are.
const noLimit = int(^uint(0) >> 1)

// Trace implements Store.
func (m *Memory) Trace(ctx context.Context, id TraceID) ([]Row, error) {
	found, err := m.choose(ctx, noLimit, func(r *Row) bool { return r.Trace == id })
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("look up trace %x: %w", id, err)
	}
	return found, nil
}

// Traces implements Store.
func (m *Memory) Traces(ctx context.Context, q Query) ([]Row, error) {
	from, until := q.span()
	return m.choose(ctx, limitOf(q.Limit), func(r *Row) bool {
		at := nanos(r.DecidedAt)
		return at >= from && at < until &&
			(q.After == Cursor{} || older(r.Cursor(), q.After) < 0) &&
			(q.Verdict == 0 || r.Verdict == q.Verdict) &&
			(q.Rule == "" || slices.Contains(r.Rules, cleanName(q.Rule))) &&
			(q.Session == "" || r.Session == q.Session)
	})
}

// Verdicts implements Store.
func (m *Memory) Verdicts(ctx context.Context, since time.Time, fn func(TraceID, Verdict) bool) error {
	rows, err := m.since(ctx, since)
	for i := range rows {
		if !fn(rows[i].Trace, rows[i].Verdict) {
			break
		}
	}
	return err
}

// Counts implements Store.
func (m *Memory) Counts(ctx context.Context, since time.Time) (Counts, error) {
	rows, err := m.since(ctx, since)
	if err != nil {
		return Counts{}, err
	}
	c := Counts{Verdicts: make(map[Verdict]int64), Rules: make(map[string]int64)}
	for i := range rows {
		c.count(rows[i].Verdict, rows[i].Rules, 1)
	}
	return c, nil
}

func (m *Memory) since(ctx context.Context, t time.Time) ([]Row, error) {
	return m.choose(ctx, noLimit, func(r *Row) bool { return nanos(r.DecidedAt) >= nanos(t) })
}

// PolicyUses implements Store.
func (m *Memory) PolicyUses(ctx context.Context) ([]PolicyUse, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, errClosed
	}
	uses := slices.Clone(m.uses)
	for i := range uses {
		uses[i].Text = slices.Concat([]byte{}, uses[i].Text)
	}
	return uses, nil
}

// Policy implements Store.
func (m *Memory) Policy(ctx context.Context, version string) (PolicyUse, error) {
	uses, err := m.PolicyUses(ctx)
	if err != nil {
		return PolicyUse{}, err
	}
	for _, u := range uses {
		if u.Version == version {
			return u, nil
		}
	}
	return PolicyUse{}, fmt.Errorf("look up policy %s: %w", version, ErrNotFound)
}
