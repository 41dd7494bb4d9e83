package receiver

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// intake is what both protocols do with a request, whatever it came in. Errors are as the pipeline or the engine gave
// them; statusOf translates them.
type intake struct {
	*otlp
	keys   engine.MetadataKeys
	report *receiverhelper.ObsReport
}

func (r *otlp) newIntake(transport string) (*intake, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: r.set.ID, Transport: transport, ReceiverCreateSettings: r.set,
	})
	if err != nil {
		return nil, fmt.Errorf("create telemetry: %w", err)
	}
	return &intake{otlp: r, keys: engine.MetadataKeys(r.cfg.MetadataKeys).Ordered(), report: report}, nil
}

// takeTraces gives body to the engine, and with it its ownership.
func (in *intake) takeTraces(ctx context.Context, body engine.Body, format string) (message, error) {
	ctx = in.report.StartTracesOp(ctx)
	accepted, err := in.source.Accept(ctx, body, in.keys.Of(ctx))
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
