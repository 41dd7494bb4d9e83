package sampler

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/tailwise/tailwise/internal/ledger"
)

// instruments are the engine's own metrics, otelcol_tailwise_*; docs/operating.md says of each what to do when it
// moves. They count, and decide nothing.
type instruments struct {
	engine       *Engine
	registration metric.Registration

	spans, bytes, traces, lateSpans, duplicates, requests, evaluationFaults  metric.Int64Counter
	exports, exportRetries, carriedBytes, unreadableSpans, damages, failures metric.Int64Counter
	ledgerFaults, policyRefusals                                             metric.Int64Counter
	syncSeconds, decisionAge                                                 metric.Float64Histogram

	outcome map[string]metric.MeasurementOption
}

// Reasons by which late spans are counted.
const (
	keptLate    = "kept"
	droppedLate = "dropped"
)

func newInstruments(e *Engine) (*instruments, error) {
	meter := e.cfg.Meter
	if meter == nil {
		meter = noop.Meter{}
	}
	m := &instruments{engine: e, outcome: make(map[string]metric.MeasurementOption)}
	for _, outcome := range []string{"accepted", "rejected", keptLate, droppedLate} {
		m.outcome[outcome] = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", outcome)))
	}
	var faults []error
	counter := func(c *metric.Int64Counter, name, unit, doc string) {
		made, err := meter.Int64Counter("otelcol_tailwise_"+name, metric.WithUnit(unit), metric.WithDescription(doc))
		*c, faults = made, append(faults, err)
	}
	counter(&m.spans, "spans", "{spans}", "Spans that came in, by outcome: accepted, or rejected for want of valid ids.")
	counter(&m.bytes, "received_bytes", "By", "Bytes of accepted requests, uncompressed.")
	counter(&m.requests, "refused_requests", "{requests}", "Requests not taken, by reason.")
	counter(&m.traces, "verdicts", "{traces}", "Verdicts, by verdict and rule; a trace kept by two rules counts under both.")
	counter(&m.lateSpans, "late_spans", "{spans}", "Spans that came after their trace's verdict and followed it, by outcome.")
	counter(&m.duplicates, "duplicate_spans", "{spans}", "Spans that were sent again and counted once.")
	counter(&m.evaluationFaults, "evaluation_faults", "{faults}", "Rules whose evaluation failed.")
	counter(&m.exports, "exports", "{traces}", "Kept traces that the backend has answered for, by outcome: accepted or refused.")
	counter(&m.exportRetries, "export_retries", "{requests}", "Requests to the backend that failed and are tried again.")
	counter(&m.carriedBytes, "carried_bytes", "By", "Bytes of spans copied forward so that an old segment may go.")
	counter(&m.unreadableSpans, "unreadable_spans", "{spans}", "Acknowledged spans that could not be read back from the log.")
	counter(&m.damages, "damages", "{events}", "Holes and unreadable records found in the log.")
	counter(&m.failures, "write_failures", "{events}", "Writes or syncs of the log that failed.")
	counter(&m.ledgerFaults, "ledger_faults", "{events}", "Operations of the ledger that failed.")
	counter(&m.policyRefusals, "policy_refusals", "{events}", "Policies that did not compile; the old one stayed in force.")
	histogram := func(h *metric.Float64Histogram, name, doc string) {
		made, err := meter.Float64Histogram("otelcol_tailwise_"+name, metric.WithUnit("s"), metric.WithDescription(doc))
		*h, faults = made, append(faults, err)
	}
	histogram(&m.syncSeconds, "sync_duration", "Time of one sync of the log.")
	histogram(&m.decisionAge, "decision_age", "Time from a trace's start to its verdict.")
	return m, errors.Join(faults...)
}

// observe registers what is read when somebody asks. The engine must be whole by then.
func (m *instruments) observe() error {
	meter := m.engine.cfg.Meter
	if meter == nil {
		return nil
	}
	var faults []error
	var all []metric.Observable
	gauge := func(name, unit, doc string) metric.Int64ObservableGauge {
		g, err := meter.Int64ObservableGauge("otelcol_tailwise_"+name, metric.WithUnit(unit), metric.WithDescription(doc))
		faults, all = append(faults, err), append(all, g)
		return g
	}
	open := gauge("traces_open", "{traces}", "Traces that wait for their verdict.")
	pending := gauge("exports_pending", "{traces}", "Kept traces that the backend has not answered for.")
	aside := gauge("exports_refused", "{traces}", "Kept traces that the backend refused for good.")
	memory := gauge("trace_memory", "By", "Memory that traces hold.")
	inflight := gauge("inflight_bytes", "By", "Memory of requests that have not taken effect.")
	log := gauge("log_bytes", "By", "Size of the log on disk.")
	live := gauge("log_live_bytes", "By", "Bytes of spans in the log that are still needed.")
	ledgerBytes := gauge("ledger_bytes", "By", "Size of the ledger on disk.")
	if err := errors.Join(faults...); err != nil {
		return err
	}
	var err error
	m.registration, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		s := m.engine.status(ctx)
		o.ObserveInt64(open, s.TracesOpen)
		o.ObserveInt64(pending, s.ExportsPending)
		o.ObserveInt64(aside, s.ExportsRefused)
		o.ObserveInt64(memory, s.TraceMemory)
		o.ObserveInt64(inflight, s.InflightBytes)
		o.ObserveInt64(log, s.LogBytes)
		o.ObserveInt64(live, s.LogLiveBytes)
		o.ObserveInt64(ledgerBytes, s.LedgerBytes)
		return nil
	}, all...)
	return err
}

func (m *instruments) close() error {
	if m.registration == nil {
		return nil
	}
	return m.registration.Unregister()
}

// none is the context of measurements that belong to no request.
var none = context.Background()

func (m *instruments) accepted(a Accepted, bytes int) {
	m.engine.totals.spans.Add(int64(a.SpansN))
	m.engine.totals.bytes.Add(int64(bytes))
	m.spans.Add(none, int64(a.SpansN), m.outcome["accepted"])
	m.bytes.Add(none, int64(bytes))
	if a.RejectedN > 0 {
		m.spans.Add(none, int64(a.RejectedN), m.outcome["rejected"])
	}
}

func (m *instruments) refused(reason string) {
	m.engine.totals.refused.Add(1)
	m.requests.Add(none, 1, metric.WithAttributes(attribute.String("reason", reason)))
}

func (m *instruments) malformed() { m.refused("the request is malformed") }

func (m *instruments) late(outcome string) {
	m.engine.totals.late.Add(1)
	m.lateSpans.Add(none, 1, m.outcome[outcome])
}

func (m *instruments) duplicate() {
	m.engine.totals.duplicates.Add(1)
	m.duplicates.Add(none, 1)
}

func (m *instruments) faults(n int) {
	if n > 0 {
		m.evaluationFaults.Add(none, int64(n))
	}
}

// verdict counts a verdict that has taken effect in this run of the program, replayed ones included only in totals of
// the run: the ledger is what counts over time.
func (m *instruments) verdict(d *decision) {
	if d.flags.has(flagLate) {
		return
	}
	if d.verdict == ledger.Keep {
		m.engine.totals.keptBy(d.rules)
	} else {
		m.engine.totals.dropped.Add(1)
	}
	if d.flags.has(flagEarly) {
		m.engine.totals.early.Add(1)
	}
	verdict := attribute.String("verdict", d.verdict.String())
	early := attribute.Bool("early", d.flags.has(flagEarly))
	for _, rule := range d.rules {
		m.traces.Add(none, 1, metric.WithAttributes(verdict, attribute.String("rule", rule), early))
	}
	if len(d.rules) == 0 {
		m.traces.Add(none, 1, metric.WithAttributes(verdict, attribute.String("rule", ""), early))
	}
	if age := d.decidedAt.Sub(d.start); age > 0 && age < maxAge {
		m.decisionAge.Record(none, age.Seconds())
	}
}

// maxAge is the decision age above which a trace's start is absurd and not worth a place in the histogram.
const maxAge = 366 * 24 * time.Hour

func (m *instruments) exported(marks []mark) {
	for i := range marks {
		outcome := "accepted"
		if marks[i].refused != "" {
			outcome = "refused"
		}
		m.engine.totals.exported.Add(1)
		m.exports.Add(none, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
	}
}

func (m *instruments) unreadable(spansN int) {
	if spansN > 0 {
		m.unreadableSpans.Add(none, int64(spansN))
	}
}

func (m *instruments) sync(d time.Duration, _ int, _ int64) { m.syncSeconds.Record(none, d.Seconds()) }
func (m *instruments) exportRetry()                         { m.exportRetries.Add(none, 1) }
func (m *instruments) carried(bytes int)                    { m.carriedBytes.Add(none, int64(bytes)) }
func (m *instruments) damaged()                             { m.damages.Add(none, 1); m.engine.totals.damages.Add(1) }
func (m *instruments) writeFailed()                         { m.failures.Add(none, 1) }
func (m *instruments) ledgerFault()                         { m.ledgerFaults.Add(none, 1) }
func (m *instruments) policyRefused()                       { m.policyRefusals.Add(none, 1) }
