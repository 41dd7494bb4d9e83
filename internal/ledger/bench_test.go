package ledger_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/ledger/ledgertest"
	"golang.org/x/sys/unix"
)

// BenchmarkSQLiteApply prints what one decided trace costs, its export included, at two thousand traces a second.
func BenchmarkSQLiteApply(b *testing.B) {
	for _, size := range []int{500, 1000, 2000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "ledger.db"))
			g := ledgertest.NewTraffic(1, ledgertest.Now().Add(-12*time.Hour))
			b.ReportAllocs()
			var through uint64
			var cpu time.Duration
			for through < uint64(b.N) {
				b.StopTimer()
				rows := g.Rows(size, 500*time.Microsecond)
				through += uint64(size)
				batch := ledger.Batch{Through: through, Rows: rows, Exports: ledgertest.ExportsOf(rows, through)}
				before := cpuTime(b)
				b.StartTimer()
				if err := s.Apply(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
				cpu += cpuTime(b) - before
			}
			b.ReportMetric(float64(cpu.Microseconds())/float64(through), "cpu-us/trace")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(through), "us/trace")
			b.StopTimer()
			reportBytes(b, s, through)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// cpuTime is what the process has used of the processors, which a busy machine changes less than the time of day.
func cpuTime(b *testing.B) time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func reportBytes(b *testing.B, s *ledger.SQLite, rows uint64) {
	n, err := s.Bytes(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/float64(rows), "B/trace")
}

// filled returns a store with n rows over two days.
func filled(b *testing.B, n int) *ledger.SQLite {
	s := open(b, filepath.Join(b.TempDir(), "ledger.db"))
	b.Cleanup(func() { _ = s.Close() })
	g := ledgertest.NewTraffic(1, ledgertest.Now().Add(-24*time.Hour))
	for i := 2000; i <= n; i += 2000 {
		rows := g.Rows(2000, 24*time.Hour/time.Duration(n))
		if err := s.Apply(context.Background(), ledger.Batch{Through: uint64(i), Rows: rows,
			Exports: ledgertest.ExportsOf(rows, uint64(i))}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkSQLiteRead asks a ledger of 200,000 rows.
func BenchmarkSQLiteRead(b *testing.B) {
	const rows = 200_000
	ctx := context.Background()
	s := filled(b, rows)
	newest, err := s.Traces(ctx, ledger.Query{Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	id, session := newest[0].Trace, "conversation-000042"
	b.Run("Verdicts", func(b *testing.B) {
		n := 0
		for b.Loop() {
			if err := s.Verdicts(ctx, time.Time{}, func(ledger.TraceID, ledger.Verdict) bool { n++; return true }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "traces/s")
	})
	for name, call := range map[string]func() error{
		"Trace":        func() error { _, err := s.Trace(ctx, id); return err },
		"Newest100":    func() error { _, err := s.Traces(ctx, ledger.Query{}); return err },
		"Session":      func() error { _, err := s.Traces(ctx, ledger.Query{Session: session}); return err },
		"Rule":         func() error { _, err := s.Traces(ctx, ledger.Query{Rule: "thumbs-down"}); return err },
		"RuleNotThere": func() error { _, err := s.Traces(ctx, ledger.Query{Rule: "none"}); return err },
		"Counts":       func() error { _, err := s.Counts(ctx, ledgertest.Now().Add(-90*time.Minute)); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
