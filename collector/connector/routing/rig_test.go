package routing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// rig is a connector of one signal between a sender of trees and four pipelines: a, b, c and rest.
type rig struct {
	send    func(ctx context.Context, tree string) error
	warned  *observer.ObservedLogs
	failing map[string]error // by pipeline: what it answers; set before sending

	mu  sync.Mutex
	got map[string][]string // by pipeline: the batches that came, as trees
}

var pipelines = []string{"a", "b", "c", "rest"}

// load reads a configuration as the Collector does, up to and including its validation.
func load(text string) (*Config, error) {
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
	if err != nil {
		return nil, err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return nil, err
	}
	cfg := NewFactory().CreateDefaultConfig()
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg.(*Config), confmap.Validate(cfg)
}

// open makes the rig; the configuration's pipelines are named without a signal.
func open(t *testing.T, signal pipeline.Signal, config string) *rig {
	t.Helper()
	cfg, err := load(qualified(signal, config))
	if err != nil {
		t.Fatalf("load config: %v", err)
	}
	r := &rig{got: map[string][]string{}, failing: map[string]error{}}
	if err := r.connect(t, signal, cfg); err != nil {
		t.Fatalf("create connector: %v", err)
	}
	return r
}

// qualified gives every list of pipelines in a configuration the signal.
func qualified(signal pipeline.Signal, config string) string {
	lines := strings.Split(config, "\n")
	for i, line := range lines {
		head, list, ok := strings.Cut(line, "pipelines: [")
		if !ok {
			continue
		}
		names := strings.Split(strings.TrimSuffix(list, "]"), ", ")
		for j, name := range names {
			names[j] = signal.String() + "/" + name
		}
		lines[i] = head + "pipelines: [" + strings.Join(names, ", ") + "]"
	}
	return strings.Join(lines, "\n")
}

func (r *rig) connect(t *testing.T, signal pipeline.Signal, cfg component.Config) error {
	t.Helper()
	core, warned := observer.New(zap.DebugLevel)
	set := connectortest.NewNopSettings(component.MustNewType("routing"))
	set.Logger, r.warned = zap.New(core), warned
	var made component.Component
	var err error
	switch signal {
	case pipeline.SignalTraces:
		var c connector.Traces
		c, err = NewFactory().CreateTracesToTraces(t.Context(), set, cfg, connector.NewTracesRouter(sinks(r, signal, writeTraces, consumer.NewTraces)))
		made = c
		r.send = func(ctx context.Context, tree string) error { return c.ConsumeTraces(ctx, buildTraces(t, tree)) }
	case pipeline.SignalMetrics:
		var c connector.Metrics
		c, err = NewFactory().CreateMetricsToMetrics(t.Context(), set, cfg, connector.NewMetricsRouter(sinks(r, signal, writeMetrics, consumer.NewMetrics)))
		made = c
		r.send = func(ctx context.Context, tree string) error { return c.ConsumeMetrics(ctx, buildMetrics(t, tree)) }
	case pipeline.SignalLogs:
		var c connector.Logs
		c, err = NewFactory().CreateLogsToLogs(t.Context(), set, cfg, connector.NewLogsRouter(sinks(r, signal, writeLogs, consumer.NewLogs)))
		made = c
		r.send = func(ctx context.Context, tree string) error { return c.ConsumeLogs(ctx, buildLogs(t, tree)) }
	}
	if err != nil {
		return err
	}
	if err := made.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Errorf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := made.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return nil
}

// sinks are the four pipelines. They claim to change what they get, so that each gets batches of its own.
func sinks[D, C any, F ~func(context.Context, D) error](
	r *rig, signal pipeline.Signal, write func(D) string, newConsumer func(F, ...consumer.Option) (C, error),
) map[pipeline.ID]C {
	all := map[pipeline.ID]C{}
	for _, name := range pipelines {
		sink, err := newConsumer(func(_ context.Context, batch D) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.got[name] = append(r.got[name], write(batch))
			return r.failing[name]
		}, consumer.WithCapabilities(consumer.Capabilities{MutatesData: true}))
		if err != nil {
			panic(err)
		}
		all[pipeline.NewIDWithName(signal, name)] = sink
	}
	return all
}

// delivered is what came, a line for each pipeline that got anything: its name, and its batches with | between them.
func (r *rig) delivered() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.got)) {
		lines = append(lines, fmt.Sprintf("%s: %s", name, strings.Join(r.got[name], " | ")))
	}
	return strings.Join(lines, "\n")
}

// scene is a batch sent through a table, and what the pipelines get of it.
type scene struct {
	name   string
	config string
	ctx    context.Context // the test's own if nil
	batch  string
	want   string // as delivered writes it, with any indentation
}

func play(t *testing.T, signal pipeline.Signal, scenes []scene) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			r := open(t, signal, s.config)
			ctx := s.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			if err := r.send(ctx, s.batch); err != nil {
				t.Errorf("consume: got error %v, want none", err)
			}
			if got, want := r.delivered(), unindented(s.want); got != want {
				t.Errorf("delivered: got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func unindented(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// zapRow is the field by which log entries name a row of the table.
func zapRow(name string) zap.Field { return zap.String("row", name) }
