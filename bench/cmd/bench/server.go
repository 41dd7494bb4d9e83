package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

// A server is one of the programs under test, in one configuration.
type server struct {
	name       string
	kind       string // null, forward, tail_sampling or tailwise
	durability string // of tailwise
	policies   policySet
}

const (
	kindNull         = "null"
	kindForward      = "forward" // the otlp receiver, and what it decodes discarded
	kindTailSampling = "tail_sampling"
	kindTailwise     = "tailwise"
)

func parseServers(list, durability string) ([]server, error) {
	var servers []server
	var errs []error
	for kind := range strings.SplitSeq(list, ",") {
		switch kind {
		case kindNull, kindForward, kindTailSampling:
			servers = append(servers, server{name: kind, kind: kind})
		case kindTailwise:
			for d := range strings.SplitSeq(durability, ",") {
				if !slices.Contains([]string{"always", "process", "interval"}, d) {
					errs = append(errs, fmt.Errorf("-durability: %q is not always, process or interval", d))
					continue
				}
				s := server{name: kind, kind: kind, durability: d}
				if d != "always" {
					s.name += "/" + d
				}
				servers = append(servers, s)
			}
		default:
			errs = append(errs, fmt.Errorf("-servers: %q is not null, forward, tail_sampling or tailwise", kind))
		}
	}
	return servers, errors.Join(errs...)
}

// judges says whether the server waits for whole traces and exports some.
func (s server) judges() bool { return s.kind == kindTailSampling || s.kind == kindTailwise }

func (s server) binary(o options) string {
	switch s.kind {
	case kindTailwise:
		return o.tailwise
	case kindNull:
		return filepath.Join(o.bin, "null")
	default:
		return filepath.Join(o.bin, "peer")
	}
}

// Addresses of one run, all on the loopback device.
type addresses struct{ GRPC, HTTP, API, SinkGRPC, SinkHTTP string }

var (
	//go:embed configs/tail_sampling.yaml.tmpl
	tailSamplingTemplate string
	//go:embed configs/forward.yaml.tmpl
	forwardTemplate string
	//go:embed configs/tailwise.yaml.tmpl
	tailwiseTemplate string
)

// configure writes the server's files into dir and returns its arguments.
func (s server) configure(o options, dir string, at addresses) ([]string, error) {
	if s.kind == kindNull {
		return []string{"-grpc", at.GRPC, "-http", at.HTTP}, nil
	}
	config, err := s.config(o, dir, at)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if s.kind != kindTailwise {
		return []string{"--config", path}, nil
	}
	if err := os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(s.policies.ours), 0o600); err != nil {
		return nil, fmt.Errorf("write policy: %w", err)
	}
	return []string{"run", "--config", path}, nil
}

// config fills in the server's configuration.
func (s server) config(o options, dir string, at addresses) ([]byte, error) {
	values := map[string]any{
		"At": at, "DecisionWait": o.decisionWait.String(), "Compression": o.compression,
		"Durability": s.durability, "DataDir": filepath.Join(dir, "data"), "PolicyFile": filepath.Join(dir, "policy.yaml"),
		"Policies": indent(s.policies.theirs),
	}
	text := map[string]string{kindForward: forwardTemplate, kindTailSampling: tailSamplingTemplate, kindTailwise: tailwiseTemplate}
	var config bytes.Buffer
	if err := template.Must(template.New(s.kind).Option("missingkey=error").Parse(text[s.kind])).Execute(&config, values); err != nil {
		return nil, fmt.Errorf("fill in configuration: %w", err)
	}
	return config.Bytes(), nil
}
