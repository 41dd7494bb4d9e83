// Package ledgertest holds the promises that every ledger.Store keeps, as tests, and rows to try them on.
package ledgertest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
)

// Now is the clock of the stores under test: always noon of 2026-11-20.
func Now() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// Run checks the store that open makes: empty, with Now as its clock. Run closes it.
func Run(t *testing.T, open func(t *testing.T) ledger.Store) {
	for name, test := range map[string]func(*testing.T, ledger.Store){
		"Empty":               testEmpty,
		"RowComesBack":        testRowComesBack,
		"BoundaryTimes":       testBoundaryTimes,
		"RowsOnce":            testRowsOnce,
		"OldBatchIgnored":     testOldBatchIgnored,
		"OverlappingBatch":    testOverlappingBatch,
		"TraceDecidedTwice":   testTraceDecidedTwice,
		"ExportReplaced":      testExportReplaced,
		"ExportWithoutRow":    testExportWithoutRow,
		"ApplyCancelled":      testApplyCancelled,
		"ApplyCopies":         testApplyCopies,
		"TracesFilters":       testTracesFilters,
		"TracesPages":         testTracesPages,
		"TracesSameInstant":   testTracesSameInstant,
		"TracesLimit":         testTracesLimit,
		"PagingWhileWriting":  testPagingWhileWriting,
		"Verdicts":            testVerdicts,
		"VerdictsStop":        testVerdictsStop,
		"VerdictsApplyInside": testVerdictsApplyInside,
		"Counts":              testCounts,
		"Policies":            testPolicies,
		"Checkpoint":          testCheckpoint,
		"ExpireByDay":         testExpireByDay,
		"ExpireBySize":        testExpireBySize,
		"ExpireThenApply":     testExpireThenApply,
		"AgainstPlainModel":   testAgainstPlainModel,
		"ConcurrentReaders":   testConcurrentReaders,
		"Closed":              testClosed,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: got %v, want nil", err)
				}
			})
			test(t, s)
		})
	}
}

// Traffic makes rows as an engine would, the same ones for the same seed.
type Traffic struct {
	rng *rand.Rand
	now time.Time
}

// NewTraffic makes rows decided from start on.
func NewTraffic(seed uint64, start time.Time) *Traffic {
	return &Traffic{rng: rand.New(rand.NewPCG(seed, 0)), now: start}
}

// Rules are the names that Traffic's rows carry, the frequent first.
var Rules = []string{"baseline", "errors", "slow", "costly", "looping", "thumbs-down"}

// Rows makes n rows, decided step apart, up to a tenth of it out of order.
func (g *Traffic) Rows(n int, step time.Duration) []ledger.Row {
	rows := make([]ledger.Row, n)
	for i := range rows {
		g.now = g.now.Add(step)
		rows[i] = g.row(g.now.Add(time.Duration(g.rng.Int64N(int64(step)/10 + 1))))
	}
	return rows
}

func (g *Traffic) row(at time.Time) ledger.Row {
	r := ledger.Row{
		DecidedAt: at, Start: at.Add(-20 * time.Second), Duration: time.Duration(g.rng.Int64N(int64(time.Minute))),
		SpansN: 1 + g.rng.IntN(90), Verdict: ledger.Drop, Probability: 0.05, PolicyVersion: "3f9a6c0d12b4e857",
	}
	binary.BigEndian.PutUint64(r.Trace[:8], g.rng.Uint64())
	binary.BigEndian.PutUint64(r.Trace[8:], g.rng.Uint64())
	if g.rng.IntN(10) > 0 {
		r.Session = fmt.Sprintf("conversation-%06d", g.rng.IntN(2000))
	}
	for i, name := range Rules {
		if g.rng.IntN(4<<i) == 0 {
			r.Rules = append(r.Rules, name)
		}
	}
	if len(r.Rules) > 0 {
		r.Verdict, r.Retention, r.Probability = ledger.Keep, "debug", 1
	}
	r.Facts = g.facts(&r)
	return r
}

// facts renders about 600 bytes of JSON, as the facts of an agent's trace take.
func (g *Traffic) facts(r *ledger.Row) json.RawMessage {
	return fmt.Appendf(nil, `{"duration":%.3f,"spans":%d,"errors":%d,"root.name":"invoke_agent support",`+
		`"agents":["support","billing"],"models":["large-2026-08","small-2026-02"],"tokens.input":%d,`+
		`"tokens.output":%d,"cost.usd":%.5f,"llm.calls":%d,"tool.calls":%d,"tool.errors":%d,"tool.repeats":%d,`+
		`"tool.rejections":0,"tool.timeouts":0,"tools":["search","lookup_order","refund"],"content_filtered":false,`+
		`"finish_reasons":["stop","tool_calls"],"first_token":%.3f,"services":["gateway","agent","tools"],`+
		`"user":"sha256:%016x","attrs":{"retrieval.top_score":%.2f,"env":"prod","region":"eu-west-1"}}`,
		r.Duration.Seconds(), r.SpansN, g.rng.IntN(3), g.rng.IntN(90000), g.rng.IntN(4000), g.rng.Float64(),
		g.rng.IntN(20), g.rng.IntN(20), g.rng.IntN(2), g.rng.IntN(4), g.rng.Float64(), g.rng.Uint64(), g.rng.Float64())
}

// ExportsOf makes an accepting answer for each kept row.
func ExportsOf(rows []ledger.Row, through uint64) []ledger.Export {
	var exports []ledger.Export
	for _, r := range rows {
		if r.Verdict == ledger.Keep {
			exports = append(exports, ledger.Export{Trace: r.Trace, DecidedAt: r.DecidedAt,
				At: r.DecidedAt.Add(3 * time.Second), Through: through})
		}
	}
	return exports
}

// apply applies a batch that has to go in.
func apply(t *testing.T, s ledger.Store, b ledger.Batch) {
	t.Helper()
	if err := s.Apply(context.Background(), b); err != nil {
		t.Fatalf("apply through %d: got %v, want nil", b.Through, err)
	}
}

// traces runs a query that has to work.
func traces(t *testing.T, s ledger.Store, q ledger.Query) []ledger.Row {
	t.Helper()
	rows, err := s.Traces(context.Background(), q)
	if err != nil {
		t.Fatalf("traces %+v: got %v, want nil", q, err)
	}
	return rows
}

// lookUp returns the rows of a trace that has to be there.
func lookUp(t *testing.T, s ledger.Store, id ledger.TraceID) []ledger.Row {
	t.Helper()
	rows, err := s.Trace(context.Background(), id)
	if err != nil {
		t.Fatalf("trace %x: got %v, want nil", id, err)
	}
	return rows
}

// sameRows fails unless got is want, row by row.
func sameRows(t *testing.T, what string, got, want []ledger.Row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d rows, want %d", what, len(got), len(want))
	}
	for i := range got {
		if g, w := show(got[i]), show(want[i]); g != w {
			t.Fatalf("%s: row %d\n got %s\nwant %s", what, i, g, w)
		}
	}
}

// show renders all of a row.
func show(r ledger.Row) string {
	exported := "none"
	if r.Exported != nil {
		exported = fmt.Sprintf("%+v", *r.Exported)
	}
	r.Exported = nil
	return fmt.Sprintf("%+v facts %s exported %s", r, r.Facts, exported)
}
