package extension

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tailwise/tailwise/collector/internal/engine"
	"github.com/tailwise/tailwise/internal/sampler"
)

// fakeEngine records what the extension does with it.
type fakeEngine struct {
	opened   sampler.Config
	reloads  chan string
	shutdown int
}

func (f *fakeEngine) open(_ context.Context, cfg sampler.Config) (engine.Engine, error) {
	f.opened = cfg
	return f, os.MkdirAll(cfg.DataDir, 0o700)
}

func (f *fakeEngine) Attach(string, consumer.Traces) (engine.Source, error) { return nil, nil }

func (f *fakeEngine) AttachMetrics(string, consumer.Metrics) (engine.Outlet, error) {
	return nil, errors.New("no metrics")
}

func (f *fakeEngine) ReloadPolicy(_ context.Context, file string, text []byte) error {
	f.reloads <- filepath.Base(file) + " " + string(text)
	return nil
}

func (f *fakeEngine) API() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "api "+r.URL.Path) })
}

func (f *fakeEngine) Shutdown(context.Context) error {
	f.shutdown++
	return nil
}

func testConfig(t *testing.T) *Config {
	t.Helper()
	cfg := defaultConfig().(*Config)
	cfg.DataDir = filepath.Join(t.TempDir(), "d")
	cfg.API.NetAddr.Endpoint = "127.0.0.1:0"
	return cfg
}

// started runs an extension on a fake engine until the end of the test.
func started(t *testing.T, cfg *Config) (*runner, *fakeEngine) {
	t.Helper()
	fake := &fakeEngine{reloads: make(chan string, 10)}
	r := newExtension(extensiontest.NewNopSettings(component.MustNewType(typeName)), cfg, fake.open)
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if fake.shutdown != 1 {
			t.Errorf("engine shut down: got %d times, want 1", fake.shutdown)
		}
	})
	return r, fake
}

// get asks the API by a transport of its own.
func get(t *testing.T, url string, transport *http.Transport) string {
	t.Helper()
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func socketTransport(path string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
}

func TestExtension_ServesTheAPITwice(t *testing.T) {
	cfg := testConfig(t)
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(cfg.DataDir, SocketName)
	put(t, socket, "left by a process that died")
	r, _ := started(t, cfg)
	if got := get(t, "http://"+r.api.at+"/x", new(http.Transport)); got != "api /x" {
		t.Errorf("by the endpoint: got %q, want %q", got, "api /x")
	}
	if got := get(t, "http://tailwise/y", socketTransport(socket)); got != "api /y" {
		t.Errorf("by the socket: got %q, want %q", got, "api /y")
	}
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("permissions of the socket: got %o, want 600", got)
	}
}

func TestExtension_SocketOnly(t *testing.T) {
	cfg := testConfig(t)
	cfg.API.NetAddr.Endpoint = ""
	r, _ := started(t, cfg)
	if r.api.at != "" {
		t.Errorf("endpoint: got %q, want none", r.api.at)
	}
	if got := get(t, "http://tailwise/y", socketTransport(filepath.Join(cfg.DataDir, SocketName))); got != "api /y" {
		t.Errorf("by the socket: got %q, want %q", got, "api /y")
	}
}

func TestExtension_LongPathGoesWithoutSocket(t *testing.T) {
	cfg := testConfig(t)
	cfg.DataDir = filepath.Join(cfg.DataDir, strings.Repeat("x", 100))
	r, _ := started(t, cfg)
	if got := get(t, "http://"+r.api.at+"/x", new(http.Transport)); got != "api /x" {
		t.Errorf("by the endpoint: got %q, want %q", got, "api /x")
	}
}

func TestExtension_EngineIsThereWhileItRuns(t *testing.T) {
	fake := &fakeEngine{}
	r := newExtension(extensiontest.NewNopSettings(component.MustNewType(typeName)), testConfig(t), fake.open)
	id := component.MustNewID(typeName)
	find := func() error {
		_, err := engine.Find(map[component.ID]component.Component{id: r}, id)
		return err
	}
	if err := find(); err == nil || !strings.Contains(err.Error(), "has not started") {
		t.Errorf("before start: got %v, want that it has not started", err)
	}
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	if err := find(); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := find(); err == nil {
		t.Error("after shutdown: got an engine")
	}
}

func TestExtension_BusyAPIShutsTheEngineDown(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	cfg := testConfig(t)
	cfg.API.NetAddr.Endpoint = busy.Addr().String()
	fake := &fakeEngine{}
	r := newExtension(extensiontest.NewNopSettings(component.MustNewType(typeName)), cfg, fake.open)
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err == nil || !strings.Contains(err.Error(), "api:") {
		t.Errorf("start: got %v, want an error of api", err)
	}
	if fake.shutdown != 1 {
		t.Errorf("engine shut down: got %d times, want 1", fake.shutdown)
	}
}

func TestExtension_EngineThatDoesNotOpen(t *testing.T) {
	want := errors.New("locked by another process")
	r := newExtension(extensiontest.NewNopSettings(component.MustNewType(typeName)), testConfig(t),
		func(context.Context, sampler.Config) (engine.Engine, error) { return nil, want })
	if err := r.Start(t.Context(), componenttest.NewNopHost()); !errors.Is(err, want) {
		t.Errorf("start: got %v, want %v", err, want)
	}
}

func TestExtension_PolicyFile(t *testing.T) {
	cfg := testConfig(t)
	cfg.PolicyFile = filepath.Join(t.TempDir(), "policy.yaml")
	put(t, cfg.PolicyFile, "one")
	_, fake := started(t, cfg)
	if string(fake.opened.PolicyText) != "one" || fake.opened.PolicyFile != cfg.PolicyFile {
		t.Errorf("opened with: got %q of %s, want the file's text", fake.opened.PolicyText, fake.opened.PolicyFile)
	}
	put(t, cfg.PolicyFile, "two")
	wantReload(t, fake.reloads, "policy.yaml two")
}

func TestExtension_WarnsOfHoles(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	set := extensiontest.NewNopSettings(component.MustNewType(typeName))
	set.Logger = zap.New(core)
	r := newExtension(set, testConfig(t), (&fakeEngine{}).open)
	conf := parse(t, `
exporters: {otlp_grpc: {sending_queue: {queue_size: 1000}}}
service: {pipelines: {traces: {receivers: [tailwise], exporters: [otlp_grpc]}}}`)
	snapshot := extensioncapabilities.NewConfigSnapshot(conf, confmap.New())
	if err := r.NotifyConfigSnapshot(t.Context(), snapshot); err != nil {
		t.Fatal(err)
	}
	got := logs.FilterField(zap.String("component", "exporters::otlp_grpc")).Len()
	if got != 1 {
		t.Errorf("warnings of the exporter: got %d, want 1", got)
	}
}

func TestExtension_SaysWhichOptionsHaveNoEffect(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	set := extensiontest.NewNopSettings(component.MustNewType(typeName))
	set.Logger = zap.New(core)
	cfg := testConfig(t)
	cfg.Decide.NumShards, cfg.Decide.BlockOnOverflow, cfg.Decide.NumTraces = 4, true, 10
	r := newExtension(set, cfg, (&fakeEngine{}).open)
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	defer r.Shutdown(t.Context())
	var got []string
	for _, entry := range logs.All() {
		got = append(got, entry.ContextMap()["option"].(string))
	}
	if want := []string{"num_shards", "block_on_overflow"}; !slices.Equal(got, want) {
		t.Errorf("options warned of: got %q, want %q", got, want)
	}
}
