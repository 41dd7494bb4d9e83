//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailwise/tailwise/test/harness"
)

// sink is a plain Collector with two doors: what comes through tailwise goes to one file, the clients' own second
// copy of everything to another.
type sink struct {
	kept        string // OTLP/gRPC, host:port: where tailwise sends
	controlHTTP string // base URL for OTLP/HTTP clients
	controlGRPC string // host:port for OTLP/gRPC clients
	keptFile    string
	controlFile string
}

const sinkConfig = `
receivers:
  otlp/kept: {protocols: {grpc: {endpoint: %q, max_recv_msg_size_mib: 64}}}
  otlp/control: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}
exporters:
  file/kept: {path: %q, flush_interval: 100ms}
  file/control: {path: %q, flush_interval: 100ms}
service:
  pipelines:
    traces/kept: {receivers: [otlp/kept], exporters: [file/kept]}
    traces/control: {receivers: [otlp/control], exporters: [file/control]}
`

// startSink runs the Collector and waits until it takes connections.
func startSink(t *testing.T) sink {
	t.Helper()
	dir := t.TempDir()
	httpAddr := harness.FreeAddr(t)
	s := sink{
		kept:        harness.FreeAddr(t),
		controlHTTP: "http://" + httpAddr,
		controlGRPC: harness.FreeAddr(t),
		keptFile:    filepath.Join(dir, "kept.jsonl"),
		controlFile: filepath.Join(dir, "control.jsonl"),
	}
	config := filepath.Join(dir, "collector.yaml")
	text := fmt.Sprintf(sinkConfig, s.kept, s.controlGRPC, httpAddr, s.keptFile, s.controlFile)
	writeFile(t, config, text)
	p := harness.Start(t, harness.Command{
		Name: "collector",
		Path: harness.Build(t, "e2e", "test/e2e/collector", "-tags", "e2e"),
		Args: []string{"--config", config},
	})
	for _, addr := range []string{s.kept, s.controlGRPC, httpAddr} {
		awaitListener(t, p, addr)
	}
	return s
}

// awaitListener waits until something takes connections at addr.
func awaitListener(t *testing.T, p *harness.Process, addr string) {
	t.Helper()
	harness.Until(t, 60*time.Second, "a listener at "+addr, p, func() error {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
