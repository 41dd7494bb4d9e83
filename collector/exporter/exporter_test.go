package exporter

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestExporter_EveryTraceIsALineWhenItReturns(t *testing.T) {
	cfg := defaultConfig().(*Config)
	cfg.Directory = filepath.Join(t.TempDir(), "new", "kept")
	exp, err := NewFactory().CreateTraces(t.Context(), exportertest.NewNopSettings(component.MustNewType("tailwise")), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := exp.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatalf("start: %v", err)
	}
	const n = 40
	var senders sync.WaitGroup
	for i := range n {
		senders.Go(func() {
			td := ptrace.NewTraces()
			span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			span.SetName("multi\nline")
			span.SetTraceID([16]byte{byte(i + 1)})
			if err := exp.ConsumeTraces(t.Context(), td); err != nil {
				t.Errorf("consume: %v", err)
			}
		})
	}
	senders.Wait()
	if got := tracesIn(t, cfg.Directory); got != n {
		t.Errorf("different traces on disk before shutdown: got %d, want %d", got, n)
	}
	if err := exp.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

// tracesIn counts the trace ids in the lines of all files.
func tracesIn(t *testing.T, dir string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "kept-*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for text := range bytes.Lines(text) {
			td, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces(text)
			if err != nil {
				t.Fatalf("line %q: %v", text, err)
			}
			seen[td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceID().String()] = true
		}
	}
	return len(seen)
}

func TestExporter_DirectoryThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &Config{Directory: filepath.Join(file, "kept"), MaxFileBytes: 1}
	exp, err := NewFactory().CreateTraces(t.Context(), exportertest.NewNopSettings(component.MustNewType("tailwise")), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := exp.Start(t.Context(), componenttest.NewNopHost()); err == nil {
		t.Error("start with a directory below a file: got no error")
	}
	if err := exp.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestConfig(t *testing.T) {
	cfg := defaultConfig().(*Config)
	cfg.MaxFileBytes = 0
	err := cfg.Validate()
	for _, want := range []string{"directory:", "max_file_bytes:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("validate: got %v, want a fault of %s", err, want)
		}
	}
	conf := confmap.NewFromStringMap(map[string]any{"directory": "x", "max_file_bytes": "1GiB"})
	if err := conf.Unmarshal(cfg); err != nil || cfg.MaxFileBytes != 1<<30 {
		t.Errorf("unmarshal: got %d, %v, want 1 GiB", cfg.MaxFileBytes, err)
	}
}
