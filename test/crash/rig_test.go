//go:build e2e

package crash

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/test/harness"
)

// within bounds every wait of these tests. It is generous: the machine may be busy, and nothing here is a benchmark.
const within = 2 * time.Minute

// The load says of each trace whether it is wanted, on every span, so that any fragment decides as the whole does.
const policyText = `
rules:
  - name: wanted
    when: attr_any("keep", true)
    keep: true
otherwise: {drop: true}
`

const configText = `
extensions:
  tailwise:
    data_dir: %q
    policy_file: %q
    limits: {memory: %s, disk: %s}
    decide: {settle: 300ms, idle: 1500ms, max_wait: 1m}
    api: {endpoint: %q}
receivers:
  tailwise: {protocols: {grpc: {endpoint: %q}}}
exporters:
  otlp_grpc:
    endpoint: %q
    timeout: 60s
    tls: {insecure: true}
    sending_queue: {enabled: false}
    retry_on_failure: {initial_interval: 100ms, max_interval: 500ms}
service:
  telemetry: {metrics: {level: none}, logs: {disable_stacktrace: true}}
  extensions: [tailwise]
  pipelines:
    traces: {receivers: [tailwise], exporters: [otlp_grpc]}
`

// limits are tailwise's, as its configuration writes them.
type limits struct{ memory, disk string }

// rig is a tailwise on one data directory and one set of addresses, whichever process serves them at the moment.
type rig struct {
	api  harness.API
	grpc string // where clients send
	dir  string

	path    string
	config  string
	process *harness.Process // nil between a kill and the next start
}

// newRig writes the configuration. Nothing runs yet.
func newRig(t *testing.T, l limits, backend string) *rig {
	t.Helper()
	dir := keptDir(t)
	r := &rig{
		api:    harness.API{Addr: harness.FreeAddr(t)},
		grpc:   harness.FreeAddr(t),
		dir:    filepath.Join(dir, "data"),
		path:   harness.Build(t, "crash", "cmd/tailwise", strings.Fields(*buildFlag)...),
		config: filepath.Join(dir, "tailwise.yaml"),
	}
	policy := filepath.Join(dir, "policy.yaml")
	text := fmt.Sprintf(configText, r.dir, policy, l.memory, l.disk, r.api.Addr, r.grpc, backend)
	for path, text := range map[string]string{policy: policyText, r.config: text} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// start runs tailwise on the data directory, and returns at once.
func (r *rig) start(t *testing.T) {
	t.Helper()
	r.process = harness.Start(t, harness.Command{Name: "tailwise", Path: r.path, Args: []string{"run", "--config", r.config}})
}

// awaitIntake waits until tailwise takes connections.
func (r *rig) awaitIntake(t *testing.T) {
	t.Helper()
	harness.Until(t, within, "tailwise to listen", r.process, func() error {
		conn, err := net.DialTimeout("tcp", r.grpc, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// keptDir is a temporary directory that stays when the test fails: what is on disk then is the best evidence.
func keptDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tailwise-crash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the data directory stays in %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the data directory: %v", err)
		}
	})
	return dir
}
