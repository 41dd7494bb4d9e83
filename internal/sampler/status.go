package sampler

import (
	"context"
	"encoding/hex"
	"maps"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/otlp"
)

// Status is what the engine is at, and what it has done since it was opened.
type Status struct {
	CaughtUp       bool  `json:"caught_up"`       // everything that was in the log at the start has taken effect
	TracesOpen     int64 `json:"traces_open"`     // wait for their verdict
	ExportsPending int64 `json:"exports_pending"` // kept; the backend has not answered
	ExportsRefused int64 `json:"exports_refused"` // kept; the backend refused for good
	TraceMemory    int64 `json:"trace_memory_bytes"`
	InflightBytes  int64 `json:"inflight_bytes"`
	LogBytes       int64 `json:"log_bytes"`
	LogLiveBytes   int64 `json:"log_live_bytes"`
	LedgerBytes    int64 `json:"ledger_bytes"`

	Spans          int64 `json:"spans"`
	Bytes          int64 `json:"bytes"`
	Requests       int64 `json:"refused_requests"`
	Kept           int64 `json:"traces_kept"`
	Dropped        int64 `json:"traces_dropped"`
	Early          int64 `json:"traces_decided_early"`
	Exported       int64 `json:"traces_exported"`
	ExportedBytes  int64 `json:"exported_bytes"`
	LateSpans      int64 `json:"late_spans"`
	DuplicateSpans int64 `json:"duplicate_spans"`
	Damages        int64 `json:"damages"`

	KeptByRule map[string]int64 `json:"kept_by_rule"` // a trace kept by two rules counts under both
}

// totals count what the engine has done since it was opened.
type totals struct {
	spans, bytes, refused, kept, dropped, early, exported, exportedBytes, late, duplicates, damages atomic.Int64

	mu     sync.Mutex
	byRule map[string]int64 // guarded by mu; as many entries as the policies since then have rules
}

// keptBy counts a kept trace under the rules that kept it.
func (t *totals) keptBy(rules []string) {
	t.kept.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byRule == nil {
		t.byRule = make(map[string]int64)
	}
	for _, rule := range rules {
		t.byRule[rule]++
	}
}

func (t *totals) rules() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.byRule)
}

// Status returns the engine's figures. Those of different shards are not of one instant.
func (e *Engine) Status(ctx context.Context) Status { return e.status(ctx) }

func (e *Engine) status(ctx context.Context) Status {
	t := &e.totals
	s := Status{
		CaughtUp: e.caughtUp.Load(), InflightBytes: e.inflight.Load(), LogBytes: e.log.Bytes(), LogLiveBytes: e.live.total.Load(),
		Spans: t.spans.Load(), Bytes: t.bytes.Load(), Requests: t.refused.Load(), Kept: t.kept.Load(), Dropped: t.dropped.Load(),
		Early: t.early.Load(), Exported: t.exported.Load(), ExportedBytes: t.exportedBytes.Load(),
		LateSpans: t.late.Load(), DuplicateSpans: t.duplicates.Load(), Damages: t.damages.Load(),
		KeptByRule: t.rules(),
	}
	for _, shard := range e.shards {
		s.TracesOpen += shard.stats.open.Load()
		s.ExportsPending += shard.stats.pending.Load()
		s.ExportsRefused += shard.stats.aside.Load()
		s.TraceMemory += shard.stats.memory.Load()
	}
	if n, err := e.ledger.Bytes(ctx); err == nil { // a figure that cannot be had is shown as 0
		s.LedgerBytes = n
	}
	return s
}

func traceField(id otlp.TraceID) zap.Field { return zap.String("trace", hex.EncodeToString(id[:])) }
