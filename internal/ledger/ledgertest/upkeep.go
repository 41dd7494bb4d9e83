package ledgertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
)

func testCheckpoint(t *testing.T, s ledger.Store) {
	ctx := context.Background()
	g := NewTraffic(40, Now())
	for i := range uint64(5) {
		apply(t, s, ledger.Batch{Through: i + 1, Rows: g.Rows(10, time.Second)})
		if n, err := s.Synced(ctx); n != i || err != nil {
			t.Errorf("synced before: got %d, %v, want %d, nil", n, err, i)
		}
		if n, err := s.Checkpoint(ctx); n != i+1 || err != nil {
			t.Errorf("checkpoint: got %d, %v, want %d, nil", n, err, i+1)
		}
		if n, err := s.Synced(ctx); n != i+1 || err != nil {
			t.Errorf("synced after: got %d, %v, want %d, nil", n, err, i+1)
		}
	}
}

// week applies rows of seven days, the last of them tomorrow, and returns them.
func week(t *testing.T, s ledger.Store, aDay int) []ledger.Row {
	t.Helper()
	midnight := Now().Truncate(24 * time.Hour)
	var all []ledger.Row
	for i := range 7 {
		g := NewTraffic(uint64(50+i), midnight.AddDate(0, 0, i-5))
		rows := g.Rows(aDay, 24*time.Hour/time.Duration(aDay+1))
		apply(t, s, ledger.Batch{Through: uint64(i + 1), Rows: rows, Exports: ExportsOf(rows, uint64(i))})
		all = append(all, rows...)
	}
	return all
}

func testExpireByDay(t *testing.T, s ledger.Store) {
	const aDay = 20
	all := week(t, s, aDay)
	midnight := Now().Truncate(24 * time.Hour)
	for _, step := range []struct {
		before time.Time
		want   []string
		left   int
	}{
		{midnight.AddDate(0, 0, -4).Add(-1), nil, 7},
		{midnight.AddDate(0, 0, -4), []string{"2026-11-15"}, 6},
		{midnight.AddDate(0, 0, -2).Add(time.Hour), []string{"2026-11-16", "2026-11-17"}, 4},
		{midnight.AddDate(0, 0, -2).Add(time.Hour), nil, 4},
		{midnight.AddDate(1, 0, 0), []string{"2026-11-18", "2026-11-19"}, 2},
	} {
		days, err := s.Expire(context.Background(), step.before, 0)
		if err != nil || !slices.Equal(days, step.want) {
			t.Errorf("expire before %v: got %q, %v, want %q, nil", step.before, days, err, step.want)
		}
		rows := all[len(all)-step.left*aDay:]
		got := traces(t, s, ledger.Query{Limit: 1000})
		if len(got) != len(rows) || got[len(got)-1].Trace != rows[0].Trace {
			t.Errorf("after expire before %v: got %d rows, want %d", step.before, len(got), len(rows))
		}
		checkCounts(t, s, time.Time{}, rows)
	}
}

func testExpireBySize(t *testing.T, s ledger.Store) {
	const aDay = 500
	ctx := context.Background()
	all := week(t, s, aDay)
	if days, err := s.Expire(ctx, time.Time{}, 1<<40); len(days) != 0 || err != nil {
		t.Errorf("expire within bounds: got %q, %v, want none, nil", days, err)
	}
	whole, err := s.Bytes(ctx)
	if err != nil {
		t.Fatalf("bytes: got %v, want nil", err)
	}
	days, err := s.Expire(ctx, time.Time{}, whole/2)
	if err != nil || len(days) < 3 || len(days) > 4 || days[0] != "2026-11-15" {
		t.Errorf("expire to half of 7 days: got %q, %v, want the oldest 3 or 4 of them", days, err)
	}
	if half, err := s.Bytes(ctx); half > whole/2 || half == 0 || err != nil {
		t.Errorf("bytes: got %d, %v, want at most %d", half, err, whole/2)
	}
	checkCounts(t, s, time.Time{}, all[len(days)*aDay:])
	if days, err = s.Expire(ctx, time.Time{}, 1); err != nil || len(days) == 0 || days[len(days)-1] != "2026-11-19" {
		t.Errorf("expire to nothing: got %q, %v, want all before today", days, err)
	}
	checkCounts(t, s, time.Time{}, all[5*aDay:])
}

// testExpireThenApply brings an expired day back, as a log that reaches far back does.
func testExpireThenApply(t *testing.T, s ledger.Store) {
	all := week(t, s, 10)
	if _, err := s.Expire(context.Background(), Now(), 0); err != nil {
		t.Fatalf("expire: got %v, want nil", err)
	}
	apply(t, s, ledger.Batch{Through: 100, Exports: ExportsOf(all, 100)})
	apply(t, s, ledger.Batch{Through: 101, Rows: all[:10], Exports: ExportsOf(all[:10], 101)})
	rows := lookUp(t, s, all[0].Trace)
	sameRows(t, "row of an expired day", rows[:1], []ledger.Row{withExport(all[0], 101)})
	checkCounts(t, s, time.Time{}, append(all[:10:10], all[50:]...))
}

func withExport(r ledger.Row, through uint64) ledger.Row {
	for _, e := range ExportsOf([]ledger.Row{r}, through) {
		r.Exported = &e
	}
	return r
}

// testAgainstPlainModel runs random operations on s and on a Memory, which have to agree after each.
func testAgainstPlainModel(t *testing.T, s ledger.Store) {
	const seed = 61
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	model := ledger.NewMemoryAt(Now)
	g := NewTraffic(seed, Now().Add(-120*time.Hour))
	var all []ledger.Row
	var through uint64
	for step := range 80 {
		if rng.IntN(8) == 0 {
			sameExpire(t, s, model, Now().Add(-time.Duration(rng.IntN(120))*time.Hour))
		}
		fresh := g.Rows(rng.IntN(30), 3*time.Minute)
		all = append(all, fresh...)
		through += uint64(rng.IntN(3))
		b := ledger.Batch{Through: through, Rows: append(fresh, some(rng, all, 3)...),
			Exports: ExportsOf(some(rng, all, 20), through)}
		apply(t, s, b)
		apply(t, model, b)
		q := ledger.Query{Limit: 1 + rng.IntN(200)}
		if len(all) > 0 {
			r := all[rng.IntN(len(all))]
			q.After = r.Cursor()
			if rng.IntN(2) == 0 {
				q.Session = r.Session
			}
		}
		sameRows(t, fmt.Sprintf("seed %d step %d", seed, step), traces(t, s, q), traces(t, model, q))
	}
}

// some picks up to n of rows.
func some(rng *rand.Rand, rows []ledger.Row, n int) []ledger.Row {
	var picked []ledger.Row
	for range min(n, len(rows)) {
		picked = append(picked, rows[rng.IntN(len(rows))])
	}
	return picked
}

func sameExpire(t *testing.T, s ledger.Store, model ledger.Store, before time.Time) {
	t.Helper()
	got, err := s.Expire(context.Background(), before, 0)
	want, _ := model.Expire(context.Background(), before, 0)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("expire before %v: got %q, %v, want %q, nil", before, got, err, want)
	}
}

// testConcurrentReaders reads while batches of ten go in: a reader sees whole batches only, never fewer than before.
func testConcurrentReaders(t *testing.T, s ledger.Store) {
	const batches, aBatch = 60, 10
	ctx, cancel := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for range 6 {
		readers.Go(func() {
			seen := 0
			for ctx.Err() == nil {
				rows, err := s.Traces(context.Background(), ledger.Query{Limit: ledger.MaxLimit})
				if err != nil || len(rows)%aBatch != 0 || len(rows) < seen {
					t.Errorf("reader: got %d rows, %v, want whole batches and at least %d", len(rows), err, seen)
					return
				}
				seen = len(rows)
			}
		})
	}
	g := NewTraffic(70, Now().Add(-24*time.Hour))
	for i := range uint64(batches) {
		apply(t, s, ledger.Batch{Through: i + 1, Rows: g.Rows(aBatch, 2*time.Minute)})
		if i%20 == 0 {
			if n, err := s.Checkpoint(ctx); n != i+1 || err != nil {
				t.Errorf("checkpoint among readers: got %d, %v, want %d, nil", n, err, i+1)
			}
		}
	}
	cancel()
	readers.Wait()
	if got := len(traces(t, s, ledger.Query{Limit: ledger.MaxLimit})); got != batches*aBatch {
		t.Errorf("rows: got %d, want %d", got, batches*aBatch)
	}
}

func testClosed(t *testing.T, s ledger.Store) {
	ctx := context.Background()
	apply(t, s, ledger.Batch{Through: 1})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	}
	if err := s.Apply(ctx, ledger.Batch{Through: 2}); err == nil {
		t.Error("apply after close: got nil, want an error")
	}
	if _, err := s.Traces(ctx, ledger.Query{}); err == nil {
		t.Error("traces after close: got nil, want an error")
	}
	if _, err := s.Checkpoint(ctx); err == nil {
		t.Error("checkpoint after close: got nil, want an error")
	}
	if n, _ := s.Applied(ctx); n != 1 {
		t.Errorf("applied after close: got %d, want 1", n)
	}
}
