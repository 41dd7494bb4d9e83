package receiver

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory {
	instances := &instances{byConfig: make(map[*Config]*otlp)}
	return receiver.NewFactory(
		component.MustNewType(typeName),
		defaultConfig,
		receiver.WithTraces(func(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (
			receiver.Traces, error,
		) {
			return instances.get(set, cfg.(*Config), func(r *otlp) { r.traces = next })
		}, component.StabilityLevelBeta),
		receiver.WithMetrics(func(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (
			receiver.Metrics, error,
		) {
			return instances.get(set, cfg.(*Config), func(r *otlp) { r.metrics = next })
		}, component.StabilityLevelBeta),
		receiver.WithLogs(func(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (
			receiver.Logs, error,
		) {
			return instances.get(set, cfg.(*Config), func(r *otlp) { r.logs = next })
		}, component.StabilityLevelBeta),
	)
}

// instances gives the three signals of one configuration one receiver, as they share its ports. The Collector asks
// for each signal apart, with the same *Config.
type instances struct {
	mu       sync.Mutex
	byConfig map[*Config]*otlp
}

func (s *instances) get(set receiver.Settings, cfg *Config, join func(*otlp)) (*otlp, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.byConfig[cfg]
	if !ok {
		var err error
		if r, err = newReceiver(set, cfg); err != nil {
			return nil, err
		}
		r.forget = func() { s.forget(cfg) }
		s.byConfig[cfg] = r
	}
	join(r)
	return r, nil
}

// forget lets a configuration that was shut down be created anew.
func (s *instances) forget(cfg *Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byConfig, cfg)
}
