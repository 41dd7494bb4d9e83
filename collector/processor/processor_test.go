package processor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeEngine is an engine, its extension and its source.
type fakeEngine struct {
	component.StartFunc
	component.ShutdownFunc

	attachErr error
	err       error // what Accept answers
	rejectedN int
	attached  []string
	next      consumer.Traces
	requests  [][]byte
	metadata  [][]engine.KV
	detached  int
	bodies    int // handed out and not accepted
}

func (f *fakeEngine) Engine() engine.Engine { return fakeRunning{f} }

type fakeRunning struct{ *fakeEngine }

func (f fakeRunning) Shutdown(context.Context) error { return nil }
func (f fakeRunning) AttachMetrics(string, consumer.Metrics) (engine.Outlet, error) {
	return nil, errors.New("no metrics")
}

func (f fakeRunning) ReloadPolicy(context.Context, string, []byte) error { return nil }
func (f fakeRunning) API() http.Handler                                  { return http.NotFoundHandler() }

func (f fakeRunning) Attach(id string, next consumer.Traces) (engine.Source, error) {
	f.attached, f.next = append(f.attached, id), next
	return fakeSource(f), f.attachErr
}

type fakeSource struct{ *fakeEngine }

func (f fakeSource) NewBody(int) engine.Body {
	f.bodies++
	return &fakeBody{}
}

func (f fakeSource) Accept(_ context.Context, body engine.Body, metadata []engine.KV) (engine.Accepted, error) {
	f.bodies--
	f.requests, f.metadata = append(f.requests, bytes.Clone(body.Bytes())), append(f.metadata, metadata)
	return engine.Accepted{SpansN: 1, RejectedN: f.rejectedN, Message: "no ids"}, f.err
}

func (f fakeSource) Detach(context.Context) error {
	f.detached++
	return nil
}

// fakeBody is what Accept looks at; the processor fills no body from a reader.
type fakeBody struct {
	engine.Body
	bytes []byte
}

func (b *fakeBody) Bytes() []byte   { return b.bytes }
func (b *fakeBody) Append(p []byte) { b.bytes = append(b.bytes, p...) }

type fakeHost map[component.ID]component.Component

func (h fakeHost) GetExtensions() map[component.ID]component.Component { return h }

// started runs a processor before a sink until the end of the test.
func started(t *testing.T, f *fakeEngine, change ...func(*Config, *processor.Settings)) (processor.Traces, *consumertest.TracesSink) {
	t.Helper()
	cfg, set, sink := defaultConfig().(*Config), processortest.NewNopSettings(component.MustNewType(typeName)), new(consumertest.TracesSink)
	set.ID = component.MustNewIDWithName(typeName, "agents")
	for _, c := range change {
		c(cfg, &set)
	}
	p, err := NewFactory().CreateTraces(t.Context(), set, cfg, sink)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if err := p.Start(t.Context(), fakeHost{component.MustNewID(typeName): f}); err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if f.detached != 1 || f.bodies != 0 {
			t.Errorf("at the end: detached %d times with %d bodies lost, want 1 and 0", f.detached, f.bodies)
		}
	})
	return p, sink
}

func someTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{2})
	span.SetName("chat")
	span.Attributes().PutStr("gen_ai.request.model", "a-model")
	return td
}

func TestProcessor_BringsTracesToTheEngineAndNoFurther(t *testing.T) {
	f := &fakeEngine{}
	p, sink := started(t, f, func(c *Config, _ *processor.Settings) { c.MetadataKeys = []string{"X-Tenant", "absent"} })
	ctx := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(map[string][]string{"x-tenant": {"a", "b"}})})
	td := someTraces()
	td.MarkReadOnly()
	if err := p.ConsumeTraces(ctx, td); err != nil {
		t.Fatalf("consume: %v", err)
	}
	want, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.requests) != 1 || !bytes.Equal(f.requests[0], want) {
		t.Errorf("requests: got %q, want the traces' own bytes", f.requests)
	}
	if got := fmt.Sprint(f.metadata[0]); got != "[{x-tenant [a b]}]" {
		t.Errorf("metadata: got %s, want the configured key's", got)
	}
	if !slices.Equal(f.attached, []string{"processor:tailwise/agents"}) || f.next != consumer.Traces(sink) {
		t.Errorf("attached: got %q, want the processor by its id, before the sink", f.attached)
	}
	if got := sink.SpanCount(); got != 0 {
		t.Errorf("spans passed on at once: got %d, want 0", got)
	}
	if p.Capabilities().MutatesData {
		t.Error("capabilities: the processor says that it changes what it is given")
	}
}

func TestProcessor_NothingIsNoRequest(t *testing.T) {
	f := &fakeEngine{}
	p, _ := started(t, f)
	empty := ptrace.NewTraces()
	empty.ResourceSpans().AppendEmpty()
	if err := p.ConsumeTraces(t.Context(), empty); err != nil || len(f.requests) != 0 {
		t.Errorf("consume nothing: got %v and %d requests, want none", err, len(f.requests))
	}
}

func TestProcessor_Errors(t *testing.T) {
	down := errors.New("the log cannot be written")
	for _, tc := range []struct {
		name      string
		err       error
		permanent bool
		code      codes.Code
		after     time.Duration
	}{
		{"no room", &engine.Refused{Reason: "the disk limit is reached", RetryAfter: 10 * time.Second}, false, codes.ResourceExhausted, 10 * time.Second},
		{"no OTLP", fmt.Errorf("walk: %w", engine.ErrMalformed), true, codes.Unknown, 0},
		{"no log", down, false, codes.Unknown, 0},
	} {
		f := &fakeEngine{err: tc.err}
		p, _ := started(t, f)
		err := p.ConsumeTraces(t.Context(), someTraces())
		if err == nil || consumererror.IsPermanent(err) != tc.permanent {
			t.Errorf("%s: got %v, want an error, permanent: %v", tc.name, err, tc.permanent)
			continue
		}
		s, _ := status.FromError(err)
		if s.Code() != tc.code {
			t.Errorf("%s: got code %v, want %v", tc.name, s.Code(), tc.code)
		}
		for _, detail := range s.Details() {
			if got := detail.(*errdetails.RetryInfo).GetRetryDelay().AsDuration(); got != tc.after {
				t.Errorf("%s: got retry after %v, want %v", tc.name, got, tc.after)
			}
		}
		if (len(s.Details()) == 1) != (tc.after > 0) {
			t.Errorf("%s: got details %v, want retry info: %v", tc.name, s.Details(), tc.after > 0)
		}
	}
}

func TestProcessor_SaysWhatItLeavesOut(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	f := &fakeEngine{rejectedN: 3}
	p, _ := started(t, f, func(_ *Config, set *processor.Settings) { set.Logger = zap.New(core) })
	if err := p.ConsumeTraces(t.Context(), someTraces()); err != nil {
		t.Errorf("consume: %v", err)
	}
	if got := logs.FilterField(zap.Int("spans", 3)).Len(); got != 1 {
		t.Errorf("warnings: got %d, want 1 that says how many", got)
	}
}

func TestProcessor_DoesNotStart(t *testing.T) {
	for _, tc := range []struct {
		name string
		host component.Host
		want string
	}{
		{"without an engine", componenttest.NewNopHost(), `find engine "tailwise"`},
		{"in two pipelines", fakeHost{component.MustNewID(typeName): &fakeEngine{attachErr: engine.ErrAttached}}, "stands in two pipelines"},
		{"while the engine stops", fakeHost{component.MustNewID(typeName): &fakeEngine{attachErr: errors.New("stopping")}}, `attach to engine "tailwise": stopping`},
	} {
		p, err := NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(component.MustNewType(typeName)),
			defaultConfig(), consumertest.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context(), tc.host); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("start %s: got %v, want an error with %q", tc.name, err, tc.want)
		}
	}
}

func TestConfig(t *testing.T) {
	load := func(section map[string]any) (*Config, error) {
		cfg := defaultConfig().(*Config)
		if err := confmap.NewFromStringMap(section).Unmarshal(cfg); err != nil {
			return nil, err
		}
		return cfg, confmap.Validate(cfg)
	}
	cfg, err := load(map[string]any{"engine": "tailwise/other", "metadata_keys": []any{"X-B", "x-a"}})
	if err != nil || cfg.Engine.String() != "tailwise/other" {
		t.Errorf("load: got %+v, %v", cfg, err)
	}
	for key, section := range map[string]map[string]any{
		"engin":                            {"engin": "x"},
		"metadata_keys[0]: is empty":       {"metadata_keys": []any{" "}},
		`metadata_keys[1]: "x-a" is named`: {"metadata_keys": []any{"X-A", "x-a"}},
	} {
		if _, err := load(section); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("load %v: got %v, want a fault %q", section, err, key)
		}
	}
}
