package receiver

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// intake is what both protocols do with a request, whatever it came in. Errors are as the pipeline or the engine gave
// them; statusOf translates them.
type intake struct {
	*otlp
	keys   []string
	report *receiverhelper.ObsReport
}

func (r *otlp) newIntake(transport string) (*intake, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: r.set.ID, Transport: transport, ReceiverCreateSettings: r.set,
	})
	if err != nil {
		return nil, fmt.Errorf("create telemetry: %w", err)
	}
	return &intake{otlp: r, keys: r.cfg.metadataKeys(), report: report}, nil
}

// takeTraces gives body to the engine, and with it its ownership.
func (in *intake) takeTraces(ctx context.Context, body engine.Body, format string) (message, error) {
	ctx = in.report.StartTracesOp(ctx)
	accepted, err := in.source.Accept(ctx, body, in.metadata(ctx))
	in.report.EndTracesOp(ctx, format, accepted.SpansN, err)
	return answer{accepted.RejectedN, accepted.Message}, err
}

func (in *intake) takeLogs(ctx context.Context, request plogotlp.ExportRequest, format string) (message, error) {
	logs := request.Logs()
	n := logs.LogRecordCount()
	if n == 0 {
		return answer{}, nil
	}
	ctx = in.report.StartLogsOp(ctx)
	err := in.logs.ConsumeLogs(ctx, logs)
	in.report.EndLogsOp(ctx, format, n, err)
	return answer{}, err
}

func (in *intake) takeMetrics(ctx context.Context, request pmetricotlp.ExportRequest, format string) (message, error) {
	metrics := request.Metrics()
	n := metrics.DataPointCount()
	if n == 0 {
		return answer{}, nil
	}
	ctx = in.report.StartMetricsOp(ctx)
	err := in.metrics.ConsumeMetrics(ctx, metrics)
	in.report.EndMetricsOp(ctx, format, n, err)
	return answer{}, err
}

// metadata takes the configured request metadata, in the order of the keys; absent keys are left out.
func (in *intake) metadata(ctx context.Context) []engine.KV {
	if len(in.keys) == 0 {
		return nil
	}
	from := client.FromContext(ctx).Metadata
	var kvs []engine.KV
	for _, key := range in.keys {
		if values := from.Get(key); len(values) > 0 {
			kvs = append(kvs, engine.KV{Key: key, Values: values})
		}
	}
	return kvs
}
