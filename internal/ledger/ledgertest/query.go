package ledgertest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
)

// newestFirst returns rows in the order of a store.
func newestFirst(rows []ledger.Row) []ledger.Row {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b ledger.Row) int {
		return cmp.Or(b.DecidedAt.Compare(a.DecidedAt), bytes.Compare(b.Trace[:], a.Trace[:]))
	})
}

// wanted returns those of all rows that q asks for.
func wanted(all []ledger.Row, q ledger.Query) []ledger.Row {
	rows := slices.DeleteFunc(newestFirst(all), func(r ledger.Row) bool {
		return r.DecidedAt.Before(q.Since) || !q.Until.IsZero() && !r.DecidedAt.Before(q.Until) ||
			q.Verdict != 0 && r.Verdict != q.Verdict ||
			q.Rule != "" && !slices.Contains(r.Rules, q.Rule) || q.Session != "" && r.Session != q.Session
	})
	return rows[:min(len(rows), q.Limit)]
}

func testTracesFilters(t *testing.T, s ledger.Store) {
	rows := NewTraffic(20, Now().Add(-50*time.Hour)).Rows(600, 5*time.Minute)
	for i := range rows {
		rows[i].Session = []string{"", "a", "ab", "a'b"}[i%4]
	}
	rows[300].Rules = []string{"err", "a b"}
	apply(t, s, ledger.Batch{Through: 1, Rows: rows[:250]})
	apply(t, s, ledger.Batch{Through: 2, Rows: rows[250:]})
	for _, q := range []ledger.Query{
		{},
		{Since: Now()},
		{Until: Now().Add(-30 * time.Hour)},
		{Since: Now().Add(-30 * time.Hour), Until: Now().Add(-20 * time.Hour)},
		{Since: rows[450].DecidedAt, Until: rows[450].DecidedAt.Add(1)},
		{Since: Now(), Until: Now()},
		{Since: Now().Add(1000 * time.Hour)},
		{Verdict: ledger.Keep},
		{Verdict: ledger.Hold},
		{Rule: "errors"},
		{Rule: "err"}, // not a prefix
		{Rule: "a b"},
		{Rule: "%"},
		{Rule: "thumbs-down", Verdict: ledger.Keep, Since: Now().Add(-24 * time.Hour)},
		{Session: "a"},
		{Session: "a'b", Verdict: ledger.Drop},
		{Session: "ab", Rule: "slow", Since: Now().Add(-40 * time.Hour), Until: Now()},
		{Session: "none such"},
	} {
		for _, q.Limit = range []int{1, 7, 10_000} {
			sameRows(t, fmt.Sprintf("query %+v", q), traces(t, s, q), wanted(rows, q))
		}
	}
}

func testTracesPages(t *testing.T, s ledger.Store) {
	rows := NewTraffic(21, Now().Add(-24*time.Hour)).Rows(700, 2*time.Minute)
	apply(t, s, ledger.Batch{Through: 1, Rows: rows})
	for _, q := range []ledger.Query{{Limit: 100}, {Limit: 350}, {Limit: 7, Rule: "slow"}, {Limit: 3, Session: rows[5].Session}} {
		sameRows(t, fmt.Sprintf("pages of %+v", q), pages(t, s, q), wanted(rows, ledger.Query{Limit: len(rows),
			Rule: q.Rule, Session: q.Session}))
	}
}

// pages follows q to its end.
func pages(t *testing.T, s ledger.Store, q ledger.Query) []ledger.Row {
	t.Helper()
	var all []ledger.Row
	for {
		page := traces(t, s, q)
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		q.After = page[len(page)-1].Cursor()
	}
}

// testTracesSameInstant pages through rows that differ in nothing but their ids.
func testTracesSameInstant(t *testing.T, s ledger.Store) {
	rows := NewTraffic(22, Now()).Rows(100, time.Second)
	for i := range rows {
		rows[i].DecidedAt = Now()
	}
	apply(t, s, ledger.Batch{Through: 1, Rows: rows})
	sameRows(t, "pages", pages(t, s, ledger.Query{Limit: 9}), newestFirst(rows))
}

func testTracesLimit(t *testing.T, s ledger.Store) {
	rows := NewTraffic(23, Now()).Rows(ledger.MaxLimit+1, time.Millisecond)
	apply(t, s, ledger.Batch{Through: 1, Rows: rows})
	for limit, want := range map[int]int{0: ledger.DefaultLimit, -1: ledger.DefaultLimit, 1: 1,
		ledger.MaxLimit + 1: ledger.MaxLimit} {
		if got := len(traces(t, s, ledger.Query{Limit: limit})); got != want {
			t.Errorf("limit %d: got %d rows, want %d", limit, got, want)
		}
	}
}

// testPagingWhileWriting applies newer rows between pages: those that were there at first all come, once.
func testPagingWhileWriting(t *testing.T, s ledger.Store) {
	g := NewTraffic(24, Now().Add(-24*time.Hour))
	first := g.Rows(1000, 2*time.Minute)
	apply(t, s, ledger.Batch{Through: 1, Rows: first})
	q := ledger.Query{Limit: 90}
	var got []ledger.Row
	for through := uint64(2); ; through++ {
		page := traces(t, s, q)
		got = append(got, page...)
		if len(page) < q.Limit {
			break
		}
		q.After = page[len(page)-1].Cursor()
		apply(t, s, ledger.Batch{Through: through, Rows: g.Rows(50, time.Minute)})
	}
	sameRows(t, "pages", got, newestFirst(first))
}

func testVerdicts(t *testing.T, s ledger.Store) {
	// More than one page of any store, over midnight.
	rows := NewTraffic(25, Now().Add(-14*time.Hour)).Rows(9000, 9*time.Second)
	apply(t, s, ledger.Batch{Through: 1, Rows: rows})
	for _, since := range []time.Time{{}, rows[100].DecidedAt, Now(), Now().Add(1000 * time.Hour)} {
		want := wanted(rows, ledger.Query{Since: since, Limit: len(rows)})
		var i int
		err := s.Verdicts(context.Background(), since, func(id ledger.TraceID, v ledger.Verdict) bool {
			if i < len(want) && (id != want[i].Trace || v != want[i].Verdict) {
				t.Fatalf("verdict %d since %v: got %x %v, want %x %v", i, since, id, v, want[i].Trace, want[i].Verdict)
			}
			i++
			return true
		})
		if err != nil || i != len(want) {
			t.Errorf("verdicts since %v: got %d, %v, want %d, nil", since, i, err, len(want))
		}
	}
}

func testVerdictsStop(t *testing.T, s ledger.Store) {
	apply(t, s, ledger.Batch{Through: 1, Rows: NewTraffic(26, Now()).Rows(100, time.Second)})
	var n int
	err := s.Verdicts(context.Background(), time.Time{}, func(ledger.TraceID, ledger.Verdict) bool {
		n++
		return n < 10
	})
	if n != 10 || err != nil {
		t.Errorf("stopped: got %d calls, %v, want 10, nil", n, err)
	}
}

// testVerdictsApplyInside uses the store from within the callback.
func testVerdictsApplyInside(t *testing.T, s ledger.Store) {
	g := NewTraffic(27, Now())
	apply(t, s, ledger.Batch{Through: 1, Rows: g.Rows(10, time.Second)})
	n := uint64(1)
	err := s.Verdicts(context.Background(), time.Time{}, func(id ledger.TraceID, _ ledger.Verdict) bool {
		n++
		lookUp(t, s, id)
		apply(t, s, ledger.Batch{Through: n, Rows: g.Rows(1, time.Second)})
		return true
	})
	if n != 11 || err != nil {
		t.Errorf("verdicts: got %d calls, %v, want 10, nil", n-1, err)
	}
}

func testCounts(t *testing.T, s ledger.Store) {
	rows := NewTraffic(28, Now().Add(-30*time.Hour)).Rows(1000, 3*time.Minute)
	apply(t, s, ledger.Batch{Through: 1, Rows: rows[:500]})
	apply(t, s, ledger.Batch{Through: 2, Rows: rows[500:]})
	hour := Now().Truncate(time.Hour)
	for _, since := range []time.Time{{}, hour, hour.Add(1), hour.Add(-1), rows[233].DecidedAt, Now().Add(1000 * time.Hour)} {
		checkCounts(t, s, since, rows)
	}
}

// checkCounts fails unless s counts exactly rows.
func checkCounts(t *testing.T, s ledger.Store, since time.Time, rows []ledger.Row) {
	t.Helper()
	want := ledger.Counts{Verdicts: map[ledger.Verdict]int64{}, Rules: map[string]int64{}}
	for _, r := range rows {
		if r.DecidedAt.Before(since) {
			continue
		}
		want.Verdicts[r.Verdict]++
		for _, name := range r.Rules {
			want.Rules[name]++
		}
	}
	got, err := s.Counts(context.Background(), since)
	if err != nil || !maps.Equal(got.Verdicts, want.Verdicts) || !maps.Equal(got.Rules, want.Rules) {
		t.Errorf("counts since %v: got %+v, %v, want %+v, nil", since, got, err, want)
	}
}

func testPolicies(t *testing.T, s ledger.Store) {
	ctx := context.Background()
	v1 := ledger.PolicyUse{Version: "v1", Text: []byte("rules: [one]"), From: Now(), Calibrate: time.Minute}
	v2 := ledger.PolicyUse{Version: "v2", Text: []byte{}, From: Now().Add(time.Hour)}
	back := ledger.PolicyUse{Version: "v1", Text: v1.Text, From: Now().Add(2 * time.Hour)}
	apply(t, s, ledger.Batch{Through: 1, Policies: []ledger.PolicyUse{v1, v2}})
	apply(t, s, ledger.Batch{Through: 2, Policies: []ledger.PolicyUse{v2, back}})
	got, err := s.PolicyUses(ctx)
	if g, w := fmt.Sprint(got), fmt.Sprint([]ledger.PolicyUse{back, v2, v1}); g != w || err != nil {
		t.Errorf("uses: got %s, %v, want %s", g, err, w)
	}
	use, err := s.Policy(ctx, "v1")
	if g, w := fmt.Sprint(use), fmt.Sprint(back); g != w || err != nil {
		t.Errorf("policy v1: got %s, %v, want %s", g, err, w)
	}
	if _, err := s.Policy(ctx, "v3"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("policy v3: got %v, want ErrNotFound", err)
	}
}
