package ledgertest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
)

func testEmpty(t *testing.T, s ledger.Store) {
	ctx := context.Background()
	if n, err := s.Applied(ctx); n != 0 || err != nil {
		t.Errorf("applied: got %d, %v, want 0, nil", n, err)
	}
	if rows := traces(t, s, ledger.Query{}); len(rows) != 0 {
		t.Errorf("traces: got %d, want none", len(rows))
	}
	if _, err := s.Trace(ctx, ledger.TraceID{1}); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("trace: got %v, want ErrNotFound", err)
	}
	if _, err := s.Policy(ctx, "v1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("policy: got %v, want ErrNotFound", err)
	}
	if days, err := s.Expire(ctx, Now(), 1); len(days) != 0 || err != nil {
		t.Errorf("expire: got %v, %v, want none, nil", days, err)
	}
}

func testRowComesBack(t *testing.T, s ledger.Store) {
	in := ledger.Row{
		Trace: ledger.TraceID{0, 1, 2, 15: 255}, Session: "conversation 'ä'; --",
		DecidedAt: Now().Add(123456789).In(time.FixedZone("east", 3600)), Start: Now().Add(-time.Minute),
		Duration: 61 * time.Second, SpansN: 45,
		Verdict: ledger.Keep, Rules: []string{"errors", "slow % rule", "tab\there"}, Retention: "debug", Probability: 0.25,
		PolicyVersion: "v1", Facts: []byte(`{"errors":1,"name":"ä\u0000"}`),
		Exported: &ledger.Export{Refused: "ignored by Apply"},
	}
	bare := ledger.Row{Trace: ledger.TraceID{9}, DecidedAt: Now().Add(-time.Hour), Verdict: ledger.Hold}
	apply(t, s, ledger.Batch{Through: 7, Rows: []ledger.Row{in, bare}})

	want := in
	want.DecidedAt, want.Exported = in.DecidedAt.UTC(), nil
	want.Rules = []string{"errors", "slow % rule", "tab here"}
	sameRows(t, "traces", traces(t, s, ledger.Query{}), []ledger.Row{want, bare})
	sameRows(t, "trace", lookUp(t, s, in.Trace), []ledger.Row{want})
	got := lookUp(t, s, bare.Trace)[0]
	if got.Facts != nil || got.Rules != nil || !got.Start.IsZero() {
		t.Errorf("bare row: got facts %q, rules %q, start %v, want nil, nil and the zero time",
			got.Facts, got.Rules, got.Start)
	}
	if loc := got.DecidedAt.Location(); loc != time.UTC {
		t.Errorf("location of times: got %v, want UTC", loc)
	}
}

// testBoundaryTimes puts rows at the edges of a day and before 1970, where rounding goes the other way.
func testBoundaryTimes(t *testing.T, s ledger.Store) {
	midnight := Now().Truncate(24 * time.Hour)
	times := []time.Time{midnight.Add(time.Nanosecond), midnight, midnight.Add(-1), time.Unix(0, 1).UTC(),
		time.Unix(0, 0).UTC(), time.Unix(0, -1).UTC(), time.Unix(0, math.MinInt64+1).UTC(), {}}
	var rows []ledger.Row
	for i, at := range times {
		rows = append(rows, ledger.Row{Trace: ledger.TraceID{byte(i)}, DecidedAt: at, Start: at, Verdict: ledger.Drop})
	}
	apply(t, s, ledger.Batch{Through: math.MaxUint64, Rows: rows})
	sameRows(t, "all", traces(t, s, ledger.Query{}), rows)
	sameRows(t, "from midnight", traces(t, s, ledger.Query{Since: midnight}), rows[:2])
	sameRows(t, "before midnight", traces(t, s, ledger.Query{Until: midnight}), rows[2:])
	if n, err := s.Applied(context.Background()); n != math.MaxUint64 || err != nil {
		t.Errorf("applied: got %d, %v, want %d, nil", n, err, uint64(math.MaxUint64))
	}
	days, err := s.Expire(context.Background(), time.Unix(0, 0), 0)
	if err != nil || len(days) != 2 || days[1] != "1969-12-31" {
		t.Errorf("expire before 1970: got %q, %v, want two days up to 1969-12-31", days, err)
	}
}

func testRowsOnce(t *testing.T, s ledger.Store) {
	rows := NewTraffic(1, Now()).Rows(10, time.Second)
	apply(t, s, ledger.Batch{Through: 10, Rows: rows})
	again := append([]ledger.Row(nil), rows...)
	for i := range again {
		again[i].Session, again[i].Verdict = "changed", ledger.Hold
	}
	apply(t, s, ledger.Batch{Through: 20, Rows: append(again, rows...)})
	sameRows(t, "after rows came again", traces(t, s, ledger.Query{}), newestFirst(rows))
	checkCounts(t, s, time.Time{}, rows)
}

func testOldBatchIgnored(t *testing.T, s ledger.Store) {
	rows := NewTraffic(2, Now()).Rows(3, time.Second)
	apply(t, s, ledger.Batch{Through: 100, Rows: rows[:1]})
	for _, through := range []uint64{0, 99, 100} {
		apply(t, s, ledger.Batch{Through: through, Rows: rows[1:], Exports: ExportsOf(rows, through),
			Policies: []ledger.PolicyUse{{Version: "old"}}})
	}
	sameRows(t, "after old batches", traces(t, s, ledger.Query{}), rows[:1])
	if n, _ := s.Applied(context.Background()); n != 100 {
		t.Errorf("applied: got %d, want 100", n)
	}
	if uses, _ := s.PolicyUses(context.Background()); len(uses) != 0 {
		t.Errorf("policies: got %d, want none", len(uses))
	}
}

// testOverlappingBatch replays a log in batches cut elsewhere than the first time.
func testOverlappingBatch(t *testing.T, s ledger.Store) {
	rows := NewTraffic(3, Now()).Rows(30, time.Second)
	for i := range rows {
		rows[i].Verdict = ledger.Keep
	}
	early, late := ExportsOf(rows[:20], 20), ExportsOf(rows[:20], 30)
	apply(t, s, ledger.Batch{Through: 20, Rows: rows[:20], Exports: early})
	apply(t, s, ledger.Batch{Through: 25, Rows: rows[20:25], Exports: late})
	apply(t, s, ledger.Batch{Through: 30, Rows: rows[10:], Exports: append(early[10:], late...)})
	want := newestFirst(rows)
	for i := range want {
		for _, e := range late {
			if e.Trace == want[i].Trace {
				want[i].Exported = &e
			}
		}
	}
	sameRows(t, "after overlap", traces(t, s, ledger.Query{}), want)
	checkCounts(t, s, time.Time{}, rows)
}

func testTraceDecidedTwice(t *testing.T, s ledger.Store) {
	rows := NewTraffic(4, Now().Add(-48*time.Hour)).Rows(3, 25*time.Hour)
	for i := range rows {
		rows[i].Trace, rows[i].Verdict = ledger.TraceID{7}, ledger.Keep
		apply(t, s, ledger.Batch{Through: uint64(i + 1), Rows: rows[i : i+1]})
	}
	exported := ExportsOf(rows[1:2], 9)
	apply(t, s, ledger.Batch{Through: 9, Exports: exported})
	want := newestFirst(rows)
	want[1].Exported = &exported[0]
	sameRows(t, "trace", lookUp(t, s, ledger.TraceID{7}), want)
}

func testExportReplaced(t *testing.T, s ledger.Store) {
	rows := NewTraffic(5, Now()).Rows(2, time.Second)
	rows[0].Verdict = ledger.Keep
	first := ExportsOf(rows[:1], 5)[0]
	second, third := first, first
	second.Refused, second.Through = "invalid argument", 6
	third.Through, third.At = 7, first.At.Add(time.Hour)
	for i, step := range [][]ledger.Export{{first}, {second}, {second, third}} {
		b := ledger.Batch{Through: uint64(i + 1), Exports: step}
		if i == 0 {
			b.Rows = rows
		}
		apply(t, s, b)
		got, want := lookUp(t, s, rows[0].Trace)[0].Exported, step[len(step)-1]
		if got == nil || *got != want {
			t.Errorf("step %d: got %+v, want %+v", i, got, want)
		}
	}
	if e := lookUp(t, s, rows[1].Trace)[0].Exported; e != nil {
		t.Errorf("other row: got export %+v, want none", e)
	}
}

func testExportWithoutRow(t *testing.T, s ledger.Store) {
	rows := NewTraffic(6, Now()).Rows(2, time.Second)
	orphan := ledger.Export{Trace: rows[1].Trace, DecidedAt: rows[1].DecidedAt, At: Now(), Through: 1}
	otherDay := ledger.Export{Trace: rows[1].Trace, DecidedAt: Now().Add(-240 * time.Hour), At: Now(), Through: 1}
	apply(t, s, ledger.Batch{Through: 1, Rows: rows[:1], Exports: []ledger.Export{orphan, otherDay}})
	sameRows(t, "after orphans", traces(t, s, ledger.Query{}), rows[:1])
	apply(t, s, ledger.Batch{Through: 2, Rows: rows[1:]})
	sameRows(t, "row after its orphan", lookUp(t, s, rows[1].Trace), rows[1:])
}

func testApplyCancelled(t *testing.T, s ledger.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rows := NewTraffic(7, Now()).Rows(5, time.Second)
	if err := s.Apply(ctx, ledger.Batch{Through: 5, Rows: rows}); !errors.Is(err, context.Canceled) {
		t.Errorf("apply: got %v, want context.Canceled", err)
	}
	if n, _ := s.Applied(context.Background()); n != 0 {
		t.Errorf("applied: got %d, want 0", n)
	}
	apply(t, s, ledger.Batch{Through: 5, Rows: rows})
	sameRows(t, "second try", traces(t, s, ledger.Query{}), newestFirst(rows))
}

// testApplyCopies scribbles over what it gave and what it got.
func testApplyCopies(t *testing.T, s ledger.Store) {
	rows := NewTraffic(8, Now()).Rows(1, time.Second)
	rows[0].Rules = []string{"errors"}
	want := show(rows[0])
	policy := []byte("rules: []")
	apply(t, s, ledger.Batch{Through: 1, Rows: rows, Policies: []ledger.PolicyUse{{Version: "v", Text: policy}}})
	clear(rows[0].Facts)
	clear(policy)
	rows[0].Rules[0] = "scribble"
	for range 2 {
		got := lookUp(t, s, rows[0].Trace)[0]
		if show(got) != want {
			t.Fatalf("row\n got %s\nwant %s", show(got), want)
		}
		clear(got.Facts)
		got.Rules[0] = "scribble"
		use, err := s.Policy(context.Background(), "v")
		if err != nil || string(use.Text) != "rules: []" {
			t.Fatalf("policy: got %q, %v, want %q", use.Text, err, "rules: []")
		}
		clear(use.Text)
	}
}
