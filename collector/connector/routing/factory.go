package routing

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
)

// errNotRouter means that the Collector gave no choice of pipelines, which it does for every connector.
var errNotRouter = errors.New("next consumer is no connector router")

// changing is said of every connector: matched telemetry is taken out of the batch.
var changing = consumer.WithCapabilities(consumer.Capabilities{MutatesData: true})

// NewFactory returns the factory of the connector, for traces, metrics and logs.
func NewFactory() connector.Factory {
	return connector.NewFactory(component.MustNewType("routing"), defaultConfig,
		connector.WithTracesToTraces(newTraces, component.StabilityLevelAlpha),
		connector.WithMetricsToMetrics(newMetrics, component.StabilityLevelAlpha),
		connector.WithLogsToLogs(newLogs, component.StabilityLevelAlpha))
}

func newTraces(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Traces) (connector.Traces, error) {
	pipelines, ok := next.(connector.TracesRouterAndConsumer)
	if !ok {
		return nil, errNotRouter
	}
	r, err := newRouter(traces, cfg.(*Config), pipelines.Consumer, set.Logger)
	if err != nil {
		return nil, err
	}
	c, err := consumer.NewTraces(r.consume, changing)
	return struct {
		component.StartFunc
		component.ShutdownFunc
		consumer.Traces
	}{Traces: c}, err
}

func newMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
	pipelines, ok := next.(connector.MetricsRouterAndConsumer)
	if !ok {
		return nil, errNotRouter
	}
	r, err := newRouter(metrics, cfg.(*Config), pipelines.Consumer, set.Logger)
	if err != nil {
		return nil, err
	}
	c, err := consumer.NewMetrics(r.consume, changing)
	return struct {
		component.StartFunc
		component.ShutdownFunc
		consumer.Metrics
	}{Metrics: c}, err
}

func newLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	pipelines, ok := next.(connector.LogsRouterAndConsumer)
	if !ok {
		return nil, errNotRouter
	}
	r, err := newRouter(logs, cfg.(*Config), pipelines.Consumer, set.Logger)
	if err != nil {
		return nil, err
	}
	c, err := consumer.NewLogs(r.consume, changing)
	return struct {
		component.StartFunc
		component.ShutdownFunc
		consumer.Logs
	}{Logs: c}, err
}
