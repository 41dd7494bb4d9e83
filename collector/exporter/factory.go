package exporter

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/durable"
)

// NewFactory returns the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(component.MustNewType("tailwise"), defaultConfig,
		exporter.WithTraces(newTraces, component.StabilityLevelBeta))
}

// newTraces has neither queue, retry nor timeout: the caller keeps what could not be written, and a write that has
// begun is answered when its end is known.
func newTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	c := cfg.(*Config)
	w := newWriter(durable.OS(), c.Directory, int64(c.MaxFileBytes), time.Now)
	return exporterhelper.NewTraces(ctx, set, cfg,
		func(ctx context.Context, td ptrace.Traces) error { return export(ctx, w, td) },
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithStart(func(context.Context, component.Host) error { return w.open() }),
		exporterhelper.WithShutdown(func(context.Context) error { return w.close() }),
	)
}

// export writes td as one line.
func export(ctx context.Context, w *writer, td ptrace.Traces) error {
	line, err := new(ptrace.JSONMarshaler).MarshalTraces(td)
	if err != nil {
		return fmt.Errorf("encode traces: %w", err)
	}
	return w.write(ctx, append(line, '\n'))
}
