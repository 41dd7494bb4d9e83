package receiver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeEngine answers as the test says and remembers what it was given. It is its own extension and its own source.
type fakeEngine struct {
	component.StartFunc
	component.ShutdownFunc

	mu        sync.Mutex
	answer    func() (engine.Accepted, error) // nil: everything is accepted
	requests  [][]byte
	metadata  [][]engine.KV
	attached  []string
	metricsTo []string
	detached  int
	bodies    int // handed out and neither accepted nor released
}

func (f *fakeEngine) Engine() engine.Engine { return f }

func (f *fakeEngine) Attach(id string, _ consumer.Traces) (engine.Source, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attached = append(f.attached, id)
	return fakeSource{f}, nil
}

func (f *fakeEngine) AttachMetrics(id string, next consumer.Metrics) (engine.Outlet, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.metricsTo = append(f.metricsTo, id)
	return fakeOutlet{f}, nil
}

func (f *fakeEngine) ReloadPolicy(context.Context, string, []byte) error { return nil }
func (f *fakeEngine) API() http.Handler                                  { return http.NotFoundHandler() }

type fakeOutlet struct{ *fakeEngine }

func (f fakeOutlet) Detach(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.metricsTo = append(f.metricsTo, "detached")
	return nil
}

type fakeSource struct{ *fakeEngine }

func (f fakeSource) NewBody(int) engine.Body {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bodies++
	return &fakeBody{of: f.fakeEngine}
}

func (f fakeSource) Accept(_ context.Context, body engine.Body, metadata []engine.KV) (engine.Accepted, error) {
	defer body.Release()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, bytes.Clone(body.Bytes()))
	f.metadata = append(f.metadata, metadata)
	if f.answer != nil {
		return f.answer()
	}
	return engine.Accepted{SpansN: 1}, nil
}

func (f fakeSource) Detach(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.detached++
	return nil
}

type fakeBody struct {
	bytes.Buffer
	of *fakeEngine
}

func (b *fakeBody) Append(p []byte) { b.Write(p) }
func (b *fakeBody) Release() {
	b.Reset()
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	b.of.bodies--
}

func (b *fakeBody) Fill(r io.Reader, limit int64) error {
	if _, err := b.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
		return err
	}
	if int64(b.Len()) > limit {
		return engine.ErrTooLarge
	}
	return nil
}

// fakeHost has the extensions of a test.
type fakeHost map[component.ID]component.Component

func (h fakeHost) GetExtensions() map[component.ID]component.Component { return h }

// rig is a receiver that runs against a fake engine.
type rig struct {
	*otlp
	engine  *fakeEngine
	logs    *consumertest.LogsSink // shadow the receiver's own fields
	metrics *consumertest.MetricsSink
}

// signals says which pipelines use the receiver.
type signals struct {
	traces  consumer.Traces
	metrics consumer.Metrics
	logs    consumer.Logs
}

// testConfig listens on free ports of the loopback.
func testConfig() *Config {
	cfg := defaultConfig().(*Config)
	cfg.Protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = "127.0.0.1:0"
	cfg.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = "127.0.0.1:0"
	return cfg
}

func grpcOnly(cfg *Config) { cfg.Protocols.HTTP = configoptional.None[otlpreceiver.HTTPConfig]() }
func httpOnly(cfg *Config) { cfg.Protocols.GRPC = configoptional.None[configgrpc.ServerConfig]() }

// open starts a receiver with all signals and stops it at the end of the test, which fails if a body was leaked.
func open(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	return openWith(t, fakeHost{}, change...)
}

func openWith(t *testing.T, host fakeHost, change ...func(*Config)) *rig {
	t.Helper()
	rig := &rig{engine: new(fakeEngine), logs: new(consumertest.LogsSink), metrics: new(consumertest.MetricsSink)}
	host[component.MustNewID(typeName)] = rig.engine
	cfg := testConfig()
	for _, f := range change {
		f(cfg)
	}
	rig.otlp = create(t, cfg, signals{traces: consumertest.NewNop(), logs: rig.logs, metrics: rig.metrics})
	if err := rig.Start(t.Context(), host); err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { rig.end(t) })
	return rig
}

// create joins the signals of cfg as the Collector does: one factory call for each.
func create(t *testing.T, cfg *Config, s signals) *otlp {
	t.Helper()
	return createWith(t, NewFactory(), newSettings(), cfg, s)
}

func newSettings() receiver.Settings {
	return receivertest.NewNopSettings(component.MustNewType(typeName))
}

func createWith(t *testing.T, f receiver.Factory, set receiver.Settings, cfg *Config, s signals) *otlp {
	t.Helper()
	var created []component.Component
	add := func(c component.Component, err error) {
		if err != nil {
			t.Fatalf("create: %v", err)
		}
		created = append(created, c)
	}
	if s.traces != nil {
		c, err := f.CreateTraces(t.Context(), set, cfg, s.traces)
		add(c, err)
	}
	if s.metrics != nil {
		c, err := f.CreateMetrics(t.Context(), set, cfg, s.metrics)
		add(c, err)
	}
	if s.logs != nil {
		c, err := f.CreateLogs(t.Context(), set, cfg, s.logs)
		add(c, err)
	}
	for _, c := range created {
		if c != created[0] {
			t.Fatalf("create: got a receiver for each signal, want one for all")
		}
	}
	return created[0].(*otlp)
}

func (r *rig) end(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	if r.engine.bodies != 0 {
		t.Errorf("bodies neither accepted nor released: got %d, want 0", r.engine.bodies)
	}
}

func (f *fakeEngine) answerWith(accepted engine.Accepted, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = func() (engine.Accepted, error) { return accepted, err }
}

// taken returns what has been accepted so far.
func (f *fakeEngine) taken() (requests [][]byte, metadata [][]engine.KV) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests, f.metadata
}

// someTraces is a request of n spans.
func someTraces(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		span := spans.AppendEmpty()
		span.SetTraceID([16]byte{15: byte(i + 1)})
		span.SetSpanID([8]byte{7: byte(i + 1)})
		span.SetName("chat")
		span.Attributes().PutStr("gen_ai.request.model", "a-model")
	}
	return td
}
