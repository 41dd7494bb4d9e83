package distribution

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestComponents(t *testing.T) {
	factories, err := Components()
	if err != nil {
		t.Fatal(err)
	}
	for kind, tc := range map[string]struct{ got, want []string }{
		"receivers":  {names(factories.Receivers), []string{"otlp", "tailwise"}},
		"processors": {names(factories.Processors), []string{"attributes", "batch", "filter", "memory_limiter", "redaction", "resource", "tailwise", "transform"}},
		"exporters":  {names(factories.Exporters), []string{"debug", "file", "otlp", "otlp_grpc", "otlp_http", "otlphttp", "tailwise"}},
		"extensions": {names(factories.Extensions), []string{"basicauth", "bearertokenauth", "file_storage", "health_check", "oidc", "pprof", "tailwise", "zpages"}},
		"connectors": {names(factories.Connectors), []string{"forward", "routing"}},
	} {
		if !slices.Equal(tc.got, tc.want) {
			t.Errorf("%s: got %v, want %v", kind, tc.got, tc.want)
		}
	}
}

func names[F any](factories map[component.Type]F) (names []string) {
	for t := range factories {
		names = append(names, t.String())
	}
	slices.Sort(names)
	return names
}

func TestComponents_DefaultConfigurations(t *testing.T) {
	factories, err := Components()
	if err != nil {
		t.Fatal(err)
	}
	for id, factory := range factories.Receivers {
		if err := componenttest.CheckConfigStruct(factory.CreateDefaultConfig()); err != nil {
			t.Errorf("receiver %s: %v", id, err)
		}
	}
}

// TestComponents_CompressionIsOurs holds for the whole program, whatever else is linked in.
func TestComponents_CompressionIsOurs(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		if got := fmt.Sprintf("%T", encoding.GetCompressor(name)); !strings.HasPrefix(got, "*receiver.grpc") {
			t.Errorf("%s: got %s, want the receiver's", name, got)
		}
	}
}

// backend is the pipeline behind the receiver.
type backend struct {
	mu    sync.Mutex
	fails int // calls that fail before one succeeds
	spans map[string]ptrace.Span
	got   chan struct{}
}

func (b *backend) consume(_ context.Context, td ptrace.Traces) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails > 0 {
		b.fails--
		return fmt.Errorf("the backend is down")
	}
	for _, resource := range td.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				b.spans[span.TraceID().String()] = span
			}
		}
	}
	b.got <- struct{}{}
	return nil
}

// host has the engine.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// TestReceiverAndExtension sends a request through the real engine: what the policy keeps comes out of the pipeline.
func TestReceiverAndExtension(t *testing.T) {
	factories, err := Components()
	if err != nil {
		t.Fatal(err)
	}
	id := component.MustNewID("tailwise")
	extension := started(t, host{}, func() (component.Component, error) {
		factory := factories.Extensions[id.Type()]
		cfg := configured(t, factory.CreateDefaultConfig(), map[string]any{
			"data_dir": filepath.Join(t.TempDir(), "d"),
			"api":      map[string]any{"endpoint": ""},
			"decide":   map[string]any{"settle": "1ms"},
			"policy": map[string]any{"rules": []any{map[string]any{
				"name": "errors", "when": "errors > 0", "keep": true,
			}}},
		})
		return factory.Create(t.Context(), extensiontest.NewNopSettings(id.Type()), cfg)
	})
	back := &backend{fails: 1, spans: make(map[string]ptrace.Span), got: make(chan struct{}, 10)}
	next, err := consumer.NewTraces(back.consume)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	started(t, host{id: extension}, func() (component.Component, error) {
		factory := factories.Receivers[id.Type()]
		cfg := configured(t, factory.CreateDefaultConfig(), map[string]any{
			"protocols": map[string]any{"grpc": map[string]any{"endpoint": address}},
		})
		return factory.CreateTraces(t.Context(), receivertest.NewNopSettings(id.Type()), cfg, next)
	})
	send(t, address)
	select {
	case <-back.got:
	case <-time.After(30 * time.Second):
		t.Fatal("the kept trace did not come out of the pipeline")
	}
	back.mu.Lock()
	defer back.mu.Unlock()
	kept, ok := back.spans["01000000000000000000000000000000"]
	if !ok || len(back.spans) != 1 {
		t.Fatalf("traces that came out: got %d, want only the one with an error", len(back.spans))
	}
	if reason, ok := kept.Attributes().Get("tailwise.reason"); !ok || !strings.Contains(reason.AsString(), "errors") {
		t.Errorf("tailwise.reason: got %v, want it to name the rule", kept.Attributes().AsRaw())
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func configured(t *testing.T, cfg component.Config, section map[string]any) component.Config {
	t.Helper()
	if err := confmap.NewFromStringMap(section).Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	if err := confmap.Validate(cfg); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func started(t *testing.T, h host, create func() (component.Component, error)) component.Component {
	t.Helper()
	c, err := create()
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if err := c.Start(t.Context(), h); err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return c
}

// send sends two finished traces, the first with an error.
func send(t *testing.T, address string) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 2 {
		span := spans.AppendEmpty()
		span.SetTraceID([16]byte{byte(i + 1)})
		span.SetSpanID([8]byte{1})
		if i == 0 {
			span.Status().SetCode(ptrace.StatusCodeError)
		}
	}
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td)); err != nil {
		t.Fatalf("export: %v", err)
	}
}
