package extension

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/tailwise/tailwise/internal/price"
	"github.com/tailwise/tailwise/internal/sampler"
)

// loaded reads a section as the Collector does.
func loaded(t *testing.T, text string) (*Config, error) {
	t.Helper()
	cfg := defaultConfig().(*Config)
	if err := parse(t, text).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfig_DefaultIsValid(t *testing.T) {
	if _, err := loaded(t, `{}`); err != nil {
		t.Errorf("validate: %v", err)
	}
}

func TestConfig_EveryKey(t *testing.T) {
	cfg, err := loaded(t, `
data_dir: ./elsewhere
durability: interval
compress: true
limits: {memory: 1GiB, disk: 2TB}
decide:
  settle: 1s
  idle: 2m
  max_wait: 3h
  decision_wait: 30s
  decision_wait_after_root_received: 5s
  num_traces: 50000
  decision_cache: {sampled_cache_size: 100, non_sampled_cache_size: -1}
  sample_on_first_match: true
  maximum_trace_size_bytes: 1000000
  drop_pending_traces_on_shutdown: true
  sampling_strategy: trace-complete
  expected_new_traces_per_sec: 10
  num_shards: 4
  block_on_overflow: true
  tail_storage: file_storage/tail
export: {max_bytes: 1MiB, in_flight: 8}
ledger: {retention: 24h, max_bytes: 1GiB}
traffic_metrics: {interval: 10s, max_series: 50, users: 20}
api: {endpoint: "localhost:9999"}`)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	got := cfg.engine()
	want := sampler.Config{
		DataDir: "./elsewhere", Durability: "interval", Compress: true, MemoryLimit: 1 << 30, DiskLimit: 2e12,
		Decide: sampler.DecideConfig{
			Settle: time.Second, Idle: 2 * time.Minute, MaxWait: 3 * time.Hour, DecisionWait: 30 * time.Second,
			DecisionWaitAfterRootReceived: 5 * time.Second, NumTraces: 50000, SampledCacheSize: 100, SampleOnFirstMatch: true,
			MaximumTraceSizeBytes: 1000000, DropPendingTracesOnShutdown: true,
		},
		Export:          sampler.ExportConfig{MaxBytes: 1 << 20, InFlight: 8},
		LedgerRetention: 24 * time.Hour, LedgerBytes: 1 << 30,
		Traffic: sampler.TrafficMetricsConfig{Interval: 10 * time.Second, MaxSeries: 50, Users: 20},
	}
	got.PolicyText, want.PolicyText = nil, nil
	if !equal(got, want) {
		t.Errorf("engine: got %+v, want %+v", got, want)
	}
	if cfg.API.NetAddr.Endpoint != "localhost:9999" {
		t.Errorf("api.endpoint: got %s", cfg.API.NetAddr.Endpoint)
	}
}

// equal compares the plain values.
func equal(a, b sampler.Config) bool {
	return a.DataDir == b.DataDir && a.Durability == b.Durability && a.Compress == b.Compress &&
		a.MemoryLimit == b.MemoryLimit && a.DiskLimit == b.DiskLimit && a.Decide == b.Decide && a.Export == b.Export &&
		a.LedgerRetention == b.LedgerRetention && a.LedgerBytes == b.LedgerBytes && a.Traffic == b.Traffic
}

func TestConfig_ReportsEveryFault(t *testing.T) {
	_, err := loaded(t, `
data_dir: ""
durability: sometimes
limits: {memory: 1KiB, disk: 0}
decide: {settle: -1s, decision_wait_after_root_received: -1s, sampling_strategy: span-ingest}
export: {in_flight: 0}
ledger: {retention: 0s}
traffic_metrics: {interval: 1ms, max_series: 0, users: true}
policy_file: some.yaml
policy: {rules: []}`)
	for _, want := range []string{
		"data_dir:", "durability:", "limits.memory:", "limits.disk:", "decide.settle:", "decide.decision_wait_after_root_received:", "decide.sampling_strategy: span-ingest",
		"export.in_flight:",
		"traffic_metrics.interval:", "traffic_metrics.max_series:", "traffic_metrics.users: true is neither", "ledger.retention:", "policy: is given inline and as policy_file",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("validate: got %v, want a fault %q", err, want)
		}
	}
}

func TestConfig_RefusesToLoad(t *testing.T) {
	for _, text := range []string{`limits: {memory: "90%"}`, `durabilty: always`, `limits: {mem: 1GiB}`, `decide: {num_traces: -1}`, `decide: {decision_cash: {}}`} {
		if cfg, err := loaded(t, text); err == nil {
			t.Errorf("load %s: got %+v, want an error", text, cfg)
		}
	}
}

func TestConfig_Policies(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	put(t, broken, "rules: [{name: broken, when: 'broken ==', keep: true}]\n")
	for _, tc := range []struct{ text, want string }{
		{`policy_file: ` + filepath.Join(t.TempDir(), "missing.yaml"), "policy_file: open"},
		{`policy_file: ` + broken, "policy_file: "},
		{`policy: {rules: [{name: broken, when: "broken ==", keep: true}]}`, "policy: "},
	} {
		if _, err := loaded(t, tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("load %s: got %v, want an error with %q", tc.text, err, tc.want)
		}
	}
	cfg, err := loaded(t, `policy: {rules: [{name: errors, when: "errors > 0", keep: true}], otherwise: {drop: true}}`)
	if err != nil {
		t.Fatalf("load an inline policy: %v", err)
	}
	first, text, err := cfg.policyText()
	if err != nil || first != "inline policy" || !strings.Contains(string(text), "errors > 0") {
		t.Errorf("inline policy: got %q %q, %v", first, text, err)
	}
}

func TestConfig_Facts(t *testing.T) {
	prices, broken := filepath.Join(t.TempDir(), "prices.yaml"), filepath.Join(t.TempDir(), "broken.yaml")
	put(t, prices, "models:\n  - match: in-house\n    provider: vllm\n    prices: {input: 0.2, output: 0.6}\n")
	put(t, broken, "model: []\n")
	for _, tc := range []struct{ text, want string }{
		{`prices_file: ` + filepath.Join(t.TempDir(), "missing.yaml"), "prices_file: open"},
		{`prices_file: ` + broken, "prices_file: " + broken + ":1"},
	} {
		if _, err := loaded(t, tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("load %s: got %v, want an error with %q", tc.text, err, tc.want)
		}
	}
	cfg, err := loaded(t, `{prices_file: `+prices+`, identity: {session: [thread], user: [who], tenant: [team], feature: [f]}}`)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := cfg.facts()
	if err != nil {
		t.Fatal(err)
	}
	got := [][]string{facts.Session, facts.User, facts.Tenant, facts.Feature}
	if want := [][]string{{"thread"}, {"who"}, {"team"}, {"f"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("identity: got %v, want %v", got, want)
	}
	call := price.Call{Provider: "vllm", Model: "in-house", Usage: price.Usage{Input: 1e6, Output: 1e6}}
	if usd, ok := facts.Prices.Cost(call); !ok || usd != 0.8 {
		t.Errorf("cost of the file's own model: got %v (%t), want 0.8", usd, ok)
	}
}
