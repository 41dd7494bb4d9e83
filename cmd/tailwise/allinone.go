package main

import (
	_ "embed"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/collector/extension"
)

//go:embed allinone.yaml
var allInOneYAML []byte

// metricsAddress is where a Collector publishes its own metrics.
const metricsAddress = "localhost:8888"

// settings are the flags of the program without a configuration.
type settings struct {
	grpc, http, api string
	dataDir         string
	policyFile      string
	export          string
	exportHeaders   []string
	verbose         bool
	settle          time.Duration // zero: the engine's default
}

func (s *settings) register(flags *pflag.FlagSet) {
	flags.StringVar(&s.grpc, "grpc-listen", "localhost:4317", "address for OTLP over gRPC")
	flags.StringVar(&s.http, "http-listen", "localhost:4318", "address for OTLP over HTTP")
	flags.StringVar(&s.api, "api-listen", extension.DefaultAPIEndpoint, "address for the API")
	flags.StringVar(&s.dataDir, "data-dir", extension.DefaultDataDir, "directory for the log, the ledger and kept traces")
	flags.StringVar(&s.policyFile, "policy", "", "policy file; it is watched and reloaded (default: the built-in policy)")
	flags.StringVar(&s.export, "export", "",
		"backend for kept traces: http(s)://host[:port][/path] or grpc(s)://host[:port] (default: files in the data directory)")
	flags.StringArrayVar(&s.exportHeaders, "export-header", nil, "KEY=VALUE to send to the backend; may be repeated")
	flags.BoolVar(&s.verbose, "verbose", false, "show the Collector's own log from level info on")
}

// keptDir is where kept traces go without a backend.
func (s *settings) keptDir() string { return filepath.Join(s.dataDir, "kept") }

// target is the exporter for kept traces.
func (s *settings) target() (target, error) {
	if s.export != "" {
		return parseTarget(s.export, s.exportHeaders)
	}
	if len(s.exportHeaders) > 0 {
		return target{}, &usageError{fmt.Errorf("--export-header: there is no --export to send it to")}
	}
	return target{"tailwise", map[string]any{"directory": s.keptDir()}, filepath.Join(s.keptDir(), "*.jsonl")}, nil
}

// config is the Collector configuration that the settings stand for, as YAML. metricsFree says whether the address
// for the Collector's own metrics can be had; they are no reason not to start.
func (s *settings) config(to target, metricsFree bool) ([]byte, error) {
	var root map[string]any
	if err := yaml.Unmarshal(allInOneYAML, &root); err != nil {
		return nil, fmt.Errorf("read the embedded configuration: %w", err)
	}
	engine := map[string]any{"data_dir": s.dataDir, "api": map[string]any{"endpoint": s.api}}
	if s.policyFile != "" {
		engine["policy_file"] = s.policyFile
	}
	if s.settle > 0 {
		engine["decide"] = map[string]any{"settle": s.settle.String()}
	}
	set(root, engine, "extensions", "tailwise")
	set(root, s.grpc, "receivers", "tailwise", "protocols", "grpc", "endpoint")
	set(root, s.http, "receivers", "tailwise", "protocols", "http", "endpoint")
	set(root, to.config, "exporters", to.exporter)
	set(root, []any{to.exporter}, "service", "pipelines", "traces", "exporters")
	if s.verbose {
		set(root, "info", "service", "telemetry", "logs", "level")
	}
	if !metricsFree {
		set(root, "none", "service", "telemetry", "metrics", "level")
	}
	return yaml.Marshal(literal(root))
}

// set puts value into nested maps, making those that are missing.
func set(root map[string]any, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		next, ok := root[key].(map[string]any)
		if !ok {
			next = make(map[string]any)
			root[key] = next
		}
		root = next
	}
	root[path[len(path)-1]] = value
}

// literal doubles every $, as the Collector would take it for the start of a variable.
func literal(value any) any {
	switch v := value.(type) {
	case string:
		return strings.ReplaceAll(v, "$", "$$")
	case map[string]any:
		for key := range v {
			v[key] = literal(v[key])
		}
	case []any:
		for i := range v {
			v[i] = literal(v[i])
		}
	}
	return value
}

// isFree says whether address can be listened on.
func isFree(address string) bool {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
