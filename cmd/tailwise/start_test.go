package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"gopkg.in/yaml.v3"
)

// patience ends a test that waits for what does not come.
const patience = 30 * time.Second

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// running starts the program without a configuration, waits until it takes traces, and stops it after the test.
func running(t *testing.T, s settings) settings {
	t.Helper()
	s.grpc, s.http, s.api = freePort(t), freePort(t), freePort(t)
	s.dataDir = filepath.Join(t.TempDir(), "d")
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	var talk strings.Builder
	go func() { ended <- start(ctx, s, &talk, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		stop()
		t.Fatalf("start: ended early: %v", err)
	}
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("stop: %v", err)
			}
		case <-time.After(patience):
			t.Error("stop: the program did not end")
		}
		for _, want := range []string{s.grpc, s.http, s.api, s.dataDir} {
			if !strings.Contains(talk.String(), want) {
				t.Errorf("announcement: got %q, want it to say %s", talk.String(), want)
			}
		}
	})
	return s
}

// failing is one finished trace with an error, which the built-in policy keeps.
func failing() ptrace.Traces {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID([16]byte{1, 2, 3})
	span.SetSpanID([8]byte{4, 5})
	span.SetName("agent.run")
	span.SetStartTimestamp(1)
	span.SetEndTimestamp(2)
	span.Status().SetCode(ptrace.StatusCodeError)
	return td
}

const failingID = "01020300000000000000000000000000"

// asked runs a command against s until it says want.
func asked(t *testing.T, s settings, want string, args ...string) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		var out, errOut strings.Builder
		run(t.Context(), append(args, "--data-dir", s.dataDir), nil, &out, &errOut)
		if strings.Contains(out.String(), want) {
			return out.String()
		}
		if time.Now().After(deadline) {
			t.Fatalf("tailwise %s: got %q and %q, want %q", strings.Join(args, " "), out.String(), errOut.String(), want)
		}
		time.Sleep(50 * time.Millisecond) // between polls
	}
}

func TestStart_KeepsDecidesAndAnswers(t *testing.T) {
	policyFile := filepath.Join(t.TempDir(), "policy.yaml")
	text := "rules: [{name: errors, when: errors > 0, keep: true}]\n"
	if err := os.WriteFile(policyFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := running(t, settings{policyFile: policyFile, settle: time.Millisecond})
	conn, err := grpc.NewClient(s.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := ptraceotlp.NewExportRequestFromTraces(failing())
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), request, grpc.UseCompressor("gzip")); err != nil {
		t.Fatalf("export: %v", err)
	}
	if got := asked(t, s, text, "policy", "show"); got != text {
		t.Errorf("policy show: got %q, want the file's text %q", got, text)
	}
	line := asked(t, s, `"trace_id":"`+failingID+`"`, "traces", "--verdict", "keep", "--rule", "errors", "--json")
	var trace struct {
		Verdict string   `json:"verdict"`
		Rules   []string `json:"rules"`
	}
	if err := json.Unmarshal([]byte(line), &trace); err != nil || trace.Verdict != "keep" || trace.Rules[0] != "errors" {
		t.Errorf("traces --json: got %q, %v, want one kept trace", line, err)
	}
	if got := strings.Join(strings.Fields(asked(t, s, "verdict", "trace", failingID)), " "); !strings.Contains(got, "verdict keep rules errors") {
		t.Errorf("trace: got %q, want it kept by the rule", got)
	}
	if got := asked(t, s, failingID, "traces"); !strings.HasPrefix(got, "DECIDED") {
		t.Errorf("traces: got %q, want a table", got)
	}
	asked(t, s, "0 traces are on their way again", "export", "--retry")
	kept := readUntil(t, s.keptDir(), failingID)
	if _, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces([]byte(kept)); err != nil {
		t.Errorf("kept line %q: %v", kept, err)
	}
}

// readUntil reads the kept files until they hold want.
func readUntil(t *testing.T, dir, want string) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		names, err := filepath.Glob(filepath.Join(dir, "kept-*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil && strings.Contains(string(text), want) {
				return string(text)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("kept files %v: none has %s", names, want)
		}
		time.Sleep(50 * time.Millisecond) // between polls
	}
}

func TestStart_BusyPort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	s := settings{grpc: busy.Addr().String(), http: freePort(t), api: freePort(t), dataDir: filepath.Join(t.TempDir(), "d")}
	err = start(t.Context(), s, new(strings.Builder), func() { t.Error("announced on a busy port") })
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("start: got %v, want that the address is in use", err)
	}
}

func TestSettings_Config(t *testing.T) {
	s := settings{grpc: "g:1", http: "h:2", api: "a:3", dataDir: "dir", policyFile: "p.yaml", export: "https://api.honeycomb.io",
		exportHeaders: []string{"x-honeycomb-team=a$b"}}
	to, err := s.target()
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.config(to, false)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"extensions/tailwise/data_dir":                 "dir",
		"extensions/tailwise/policy_file":              "p.yaml",
		"extensions/tailwise/api/endpoint":             "a:3",
		"receivers/tailwise/protocols/grpc/endpoint":   "g:1",
		"receivers/tailwise/protocols/http/endpoint":   "h:2",
		"exporters/otlp_http/traces_endpoint":          "https://api.honeycomb.io/v1/traces",
		"exporters/otlp_http/headers/x-honeycomb-team": "a$$b",
		"exporters/otlp_http/sending_queue/enabled":    false,
		"service/telemetry/logs/level":                 "warn",
		"service/telemetry/metrics/level":              "none",
	} {
		if value := at(got, path); value != want {
			t.Errorf("%s: got %v, want %v", path, value, want)
		}
	}
}

func at(value any, path string) any {
	for key := range strings.SplitSeq(path, "/") {
		section, _ := value.(map[string]any)
		value = section[key]
	}
	return value
}
