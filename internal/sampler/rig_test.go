package sampler

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// errorsOnly keeps traces with an error and drops the rest.
const errorsOnly = "rules: [{name: errors, when: errors > 0, keep: true}]\notherwise: {drop: true}\n"

// rig is an engine with a backend, inside a synctest bubble: time is the bubble's, files are real unless cfg.FS says
// otherwise.
type rig struct {
	t      *testing.T
	cfg    Config
	engine *Engine
	source *Source
	sink   *sink
	logs   *observer.ObservedLogs
}

// newRig opens an engine under a policy. Close is the rig's own: tests that restart call reopen.
func newRig(t *testing.T, policy string, change ...func(*Config)) *rig {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	cfg := Config{DataDir: t.TempDir(), PolicyFile: "policy.yaml", PolicyText: []byte(policy), Logger: zap.New(core), Shards: 2}
	for _, c := range change {
		c(&cfg)
	}
	r := &rig{t: t, cfg: cfg, sink: &sink{spans: make(map[otlp.TraceID][]ptrace.Span)}, logs: logs}
	r.open()
	return r
}

func (r *rig) open() {
	r.t.Helper()
	engine, err := Open(context.Background(), r.cfg)
	if err != nil {
		r.t.Fatalf("open: %v", err)
	}
	source, err := engine.Attach("tailwise", r.sink)
	if err != nil {
		r.t.Fatalf("attach: %v", err)
	}
	r.engine, r.source = engine, source
}

func (r *rig) close() {
	r.t.Helper()
	if err := r.engine.Shutdown(context.Background()); err != nil {
		r.t.Fatalf("shutdown: %v", err)
	}
}

func (r *rig) reopen() {
	r.t.Helper()
	r.close()
	r.open()
}

// send has the engine accept a request, and fails the test unless it does.
func (r *rig) send(traces ptrace.Traces) Accepted {
	r.t.Helper()
	accepted, err := r.offer(traces)
	if err != nil {
		r.t.Fatalf("accept: %v", err)
	}
	return accepted
}

func (r *rig) offer(traces ptrace.Traces, metadata ...KV) (Accepted, error) {
	r.t.Helper()
	bytes, err := new(ptrace.ProtoMarshaler).MarshalTraces(traces)
	if err != nil {
		r.t.Fatalf("marshal: %v", err)
	}
	body := r.source.NewBody(len(bytes))
	body.Append(bytes)
	return r.source.Accept(context.Background(), body, metadata)
}

// pass lets the bubble's time go by until everything that is due in d has happened.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// row returns the only ledger row of a trace.
func (r *rig) row(id otlp.TraceID) ledger.Row {
	r.t.Helper()
	rows, err := r.engine.ledger.Trace(context.Background(), id)
	if err != nil || len(rows) != 1 {
		r.t.Fatalf("ledger rows of %x: got %d (%v), want 1", id, len(rows), err)
	}
	return rows[0]
}

// sink is the backend: it takes, fails or refuses.
type sink struct {
	mu      sync.Mutex
	spans   map[otlp.TraceID][]ptrace.Span
	calls   int
	tenants []string
	fault   func(call int) error // nil: takes everything
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeTraces(ctx context.Context, traces ptrace.Traces) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.fault != nil {
		if err := s.fault(s.calls); err != nil {
			return err
		}
	}
	s.tenants = append(s.tenants, client.FromContext(ctx).Metadata.Get("x-tenant")...)
	eachSpan(traces, func(span ptrace.Span) {
		id := otlp.TraceID(span.TraceID())
		s.spans[id] = append(s.spans[id], span)
	})
	return nil
}

func (s *sink) fail(fault func(call int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

var errDown = errors.New("backend is down")

func down(int) error { return errDown }

// got returns the names of the spans that arrived of a trace, sorted.
func (s *sink) got(id otlp.TraceID) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, span := range s.spans[id] {
		names = append(names, span.Name())
	}
	slices.Sort(names)
	return names
}

func (s *sink) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, spans := range s.spans {
		n += len(spans)
	}
	return n
}

// spec is one span to make: its name, its parent's ("" for a root), and what is special about it.
type spec struct {
	name, parent string
	failed       bool
	attrs        map[string]any
	size         int // bytes of padding
}

func traceID(n int) otlp.TraceID {
	id := otlp.TraceID{15: 1}
	id[0], id[1], id[7], id[8] = byte(n), byte(n>>8), byte(n>>16), byte(n)
	return id
}

// request makes spans of one trace. A span's id comes from its name, so a request can be made again byte for byte.
func request(id otlp.TraceID, specs ...spec) ptrace.Traces {
	traces := ptrace.NewTraces()
	resource := traces.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "agent")
	resource.SetSchemaUrl("https://opentelemetry.io/schemas/1.27.0")
	scope := resource.ScopeSpans().AppendEmpty()
	scope.Scope().SetName("test")
	for _, sp := range specs {
		span := scope.Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID(id))
		span.SetSpanID(spanID(sp.name))
		if sp.parent != "" {
			span.SetParentSpanID(spanID(sp.parent))
		}
		span.SetName(sp.name)
		start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Second)))
		if sp.failed {
			span.Status().SetCode(ptrace.StatusCodeError)
		}
		for k, v := range sp.attrs {
			if err := span.Attributes().PutEmpty(k).FromRaw(v); err != nil {
				panic(err)
			}
		}
		if sp.size > 0 {
			span.Attributes().PutStr("padding", padding(id, sp.name, sp.size))
		}
	}
	return traces
}

// padding is text of size bytes: an eighth of it as in every span, the rest as in no other.
func padding(id otlp.TraceID, name string, size int) string {
	unique := make([]byte, size/2+1)
	var seed [32]byte
	copy(seed[copy(seed[:], id[:]):], name)
	rand.NewChaCha8(seed).Read(unique) // never fails
	common := strings.Repeat("0123456789abcdef", size/128)
	return common + hex.EncodeToString(unique)[len(common):size]
}

func spanID(name string) (id pcommon.SpanID) {
	copy(id[:], name+"--------")
	return id
}

func hexOf(id otlp.TraceID) string { return hex.EncodeToString(id[:]) }

func eachSpan(traces ptrace.Traces, do func(ptrace.Span)) {
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				do(span)
			}
		}
	}
}
