package ledger

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets everything when the process ends. It is the plain version of what SQLite does, for
// tests, and as a reference: every query walks every row.
type Memory struct {
	now func() time.Time // immutable

	// mu guards the fields below. It is not held while a callback runs.
	mu      sync.RWMutex
	closed  bool
	applied uint64
	synced  uint64
	rows    []Row // oldest first, as most come, without Exported
	exports map[Cursor]Export
	uses    []PolicyUse // newest first
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory { return NewMemoryAt(time.Now) }

// NewMemoryAt returns an empty store for which now tells what day is today.
func NewMemoryAt(now func() time.Time) *Memory {
	return &Memory{now: now, exports: make(map[Cursor]Export)}
}

// key returns the place of a row, its time as the store has it.
func key(at time.Time, id TraceID) Cursor { return Cursor{DecidedAt: instant(nanos(at)), Trace: id} }

// older orders places oldest first.
func older(a, b Cursor) int {
	return cmp.Or(a.DecidedAt.Compare(b.DecidedAt), bytes.Compare(a.Trace[:], b.Trace[:]))
}

// find returns where the row at c is, or would be.
func (m *Memory) find(c Cursor) (int, bool) {
	return slices.BinarySearchFunc(m.rows, c, func(r Row, c Cursor) int { return older(r.Cursor(), c) })
}

// Apply implements Store.
func (m *Memory) Apply(ctx context.Context, b Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	if b.Through <= m.applied {
		return nil
	}
	for _, r := range b.Rows {
		if i, ok := m.find(key(r.DecidedAt, r.Trace)); !ok {
			m.rows = slices.Insert(m.rows, i, stored(r))
		}
	}
	for _, e := range b.Exports {
		k := key(e.DecidedAt, e.Trace)
		if _, ok := m.find(k); ok {
			e.DecidedAt, e.At = k.DecidedAt, instant(nanos(e.At))
			m.exports[k] = e
		}
	}
	for _, u := range b.Policies {
		m.addUse(u)
	}
	m.applied = b.Through
	return nil
}

func (m *Memory) addUse(u PolicyUse) {
	u.From, u.Text = instant(nanos(u.From)), slices.Concat([]byte{}, u.Text)
	i, ok := slices.BinarySearchFunc(m.uses, u, func(a, b PolicyUse) int {
		return cmp.Or(b.From.Compare(a.From), cmp.Compare(b.Version, a.Version))
	})
	if !ok {
		m.uses = slices.Insert(m.uses, i, u)
	}
}

// stored returns r as a store gives it back: its own slices, times in UTC, clean names.
func stored(r Row) Row {
	r.DecidedAt, r.Start = instant(nanos(r.DecidedAt)), instant(nanos(r.Start))
	r.Rules, r.Exported = unpackRules(packRules(r.Rules)), nil
	r.Facts = cloneFacts(r.Facts)
	return r
}

// cloneFacts returns a copy, nil for none.
func cloneFacts(f []byte) []byte {
	if len(f) == 0 {
		return nil
	}
	return bytes.Clone(f)
}

// out returns a stored row for the caller to own.
func (m *Memory) out(r Row) Row {
	r.Rules, r.Facts = slices.Clone(r.Rules), cloneFacts(r.Facts)
	if e, ok := m.exports[r.Cursor()]; ok {
		r.Exported = &e
	}
	return r
}

// Applied implements Store.
func (m *Memory) Applied(context.Context) (uint64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.applied, nil
}

// Checkpoint implements Store, in name only.
func (m *Memory) Checkpoint(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, errClosed
	}
	m.synced = m.applied
	return m.synced, nil
}

// Synced implements Store.
func (m *Memory) Synced(context.Context) (uint64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.synced, nil
}

// memoryRowBytes is what Bytes counts for a row besides its facts.
const memoryRowBytes = 256

// Bytes implements Store.
func (m *Memory) Bytes(context.Context) (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.bytesLocked(), nil
}

func (m *Memory) bytesLocked() int64 {
	var sum int64
	for i := range m.rows {
		sum += memoryRowBytes + int64(len(m.rows[i].Facts))
	}
	return sum
}

// Expire implements Store.
func (m *Memory) Expire(ctx context.Context, before time.Time, maxBytes int64) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errClosed
	}
	var days []string
	today := dayOf(nanos(m.now()))
	for len(m.rows) > 0 {
		d := dayOf(nanos(m.rows[0].DecidedAt))
		tooLarge := maxBytes > 0 && m.bytesLocked() > maxBytes
		if d >= today || d.end() > nanos(before) && !tooLarge {
			break
		}
		m.rows = slices.DeleteFunc(m.rows, func(r Row) bool { return dayOf(nanos(r.DecidedAt)) == d })
		maps.DeleteFunc(m.exports, func(c Cursor, _ Export) bool { return dayOf(nanos(c.DecidedAt)) == d })
		days = append(days, d.String())
	}
	return days, nil
}

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
