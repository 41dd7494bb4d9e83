package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

func dial(t *testing.T, r *rig, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	if len(options) == 0 {
		options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	conn, err := grpc.NewClient(r.grpcAddr, options...)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestGRPC_RequestArrivesByteForByte(t *testing.T) {
	for _, compression := range []string{"", "gzip", "zstd", "snappy"} {
		t.Run("compression="+compression, func(t *testing.T) {
			r := open(t, grpcOnly)
			request := ptraceotlp.NewExportRequestFromTraces(someTraces(500))
			want, err := request.MarshalProto()
			if err != nil {
				t.Fatal(err)
			}
			var options []grpc.CallOption
			if compression != "" {
				options = append(options, grpc.UseCompressor(compression))
			}
			response, err := ptraceotlp.NewGRPCClient(dial(t, r)).Export(t.Context(), request, options...)
			if err != nil {
				t.Fatalf("export: %v", err)
			}
			if n := response.PartialSuccess().RejectedSpans(); n != 0 {
				t.Errorf("rejected spans: got %d, want 0", n)
			}
			got, _ := r.engine.taken()
			if len(got) != 1 || !bytes.Equal(got[0], want) {
				t.Errorf("the engine got %d requests, want exactly the one that was sent", len(got))
			}
		})
	}
}

func TestGRPC_PartialSuccess(t *testing.T) {
	r := open(t, grpcOnly)
	r.engine.answerWith(engine.Accepted{SpansN: 3, RejectedN: 2, Message: "2 spans without a trace id"}, nil)
	response, err := ptraceotlp.NewGRPCClient(dial(t, r)).Export(t.Context(),
		ptraceotlp.NewExportRequestFromTraces(someTraces(5)))
	if err != nil {
		t.Fatalf("export: %v", err)
	}
	if got := response.PartialSuccess(); got.RejectedSpans() != 2 || got.ErrorMessage() != "2 spans without a trace id" {
		t.Errorf("partial success: got %d %q, want 2 spans and the engine's message", got.RejectedSpans(), got.ErrorMessage())
	}
}

func TestGRPC_Errors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		err   error
		code  codes.Code
		after time.Duration // 0: no RetryInfo
	}{
		{"refused", &engine.Refused{Reason: "disk limit", RetryAfter: 3 * time.Second}, codes.ResourceExhausted, 3 * time.Second},
		{"malformed", fmt.Errorf("walk: %w", engine.ErrMalformed), codes.InvalidArgument, 0},
		{"other", errors.New("write segment 3: no space left on device"), codes.Unavailable, 0},
		{"shutting down", context.Canceled, codes.Unavailable, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := open(t, grpcOnly)
			r.engine.answerWith(engine.Accepted{}, tc.err)
			_, err := ptraceotlp.NewGRPCClient(dial(t, r)).Export(t.Context(),
				ptraceotlp.NewExportRequestFromTraces(someTraces(1)))
			s := status.Convert(err)
			if s.Code() != tc.code {
				t.Errorf("code: got %v, want %v", s.Code(), tc.code)
			}
			var after time.Duration
			for _, detail := range s.Details() {
				if info, ok := detail.(*errdetails.RetryInfo); ok {
					after = info.GetRetryDelay().AsDuration()
				}
			}
			if after != tc.after {
				t.Errorf("retry delay: got %v, want %v", after, tc.after)
			}
		})
	}
}

func TestGRPC_TooLarge(t *testing.T) {
	r := open(t, grpcOnly, func(cfg *Config) { cfg.Protocols.GRPC.Get().MaxRecvMsgSizeMiB = 1 })
	td := someTraces(1)
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("long", strings.Repeat("x", 2<<20))
	for _, compressor := range []string{"identity", "gzip", "zstd"} {
		_, err := ptraceotlp.NewGRPCClient(dial(t, r)).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td),
			grpc.UseCompressor(compressor))
		if got := status.Code(err); got != codes.ResourceExhausted {
			t.Errorf("%s: code: got %v, want %v", compressor, got, codes.ResourceExhausted)
		}
	}
	if got, _ := r.engine.taken(); len(got) != 0 {
		t.Errorf("requests that reached the engine: got %d, want 0", len(got))
	}
}

func TestGRPC_DefaultLimitIs64MiB(t *testing.T) {
	r := open(t, grpcOnly)
	td := someTraces(1)
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("long", strings.Repeat("x", 40<<20))
	_, err := ptraceotlp.NewGRPCClient(dial(t, r)).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td))
	if err != nil {
		t.Errorf("export 40 MiB: got %v, want no error", err)
	}
}

func TestGRPC_MetadataKeys(t *testing.T) {
	r := open(t, grpcOnly, func(cfg *Config) { cfg.MetadataKeys = []string{"X-Tenant", "x-absent", "X-Env"} })
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-tenant", "a", "x-tenant", "b", "x-env", "prod", "x-other", "no")
	_, err := ptraceotlp.NewGRPCClient(dial(t, r)).Export(ctx, ptraceotlp.NewExportRequestFromTraces(someTraces(1)))
	if err != nil {
		t.Fatalf("export: %v", err)
	}
	_, metadata := r.engine.taken()
	got, want := fmt.Sprint(metadata), "[[{x-env [prod]} {x-tenant [a b]}]]"
	if got != want {
		t.Errorf("metadata: got %s, want %s", got, want)
	}
}

func someLogs() plog.Logs {
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("hello")
	return ld
}

func someMetrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("m")
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(7)
	return md
}

func TestGRPC_LogsAndMetricsPassThrough(t *testing.T) {
	r := open(t, grpcOnly)
	conn := dial(t, r)
	if _, err := plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequestFromLogs(someLogs())); err != nil {
		t.Errorf("export logs: %v", err)
	}
	if _, err := pmetricotlp.NewGRPCClient(conn).Export(t.Context(),
		pmetricotlp.NewExportRequestFromMetrics(someMetrics())); err != nil {
		t.Errorf("export metrics: %v", err)
	}
	if got := r.logs.LogRecordCount(); got != 1 {
		t.Errorf("log records: got %d, want 1", got)
	}
	if got := r.metrics.DataPointCount(); got != 1 {
		t.Errorf("data points: got %d, want 1", got)
	}
}

func TestGRPC_MalformedLogs(t *testing.T) {
	r := open(t, grpcOnly)
	for _, method := range []string{logsService, metricsService} {
		err := dial(t, r).Invoke(t.Context(), "/"+method+"/Export", plain("\x0a\xff\xff"), new(plainRequest),
			grpc.ForceCodecV2(codec{}))
		if got := status.Code(err); got != codes.InvalidArgument {
			t.Errorf("%s: code: got %v, want %v", method, got, codes.InvalidArgument)
		}
	}
}

// plain is a message that is already bytes.
type plain string

func (p plain) MarshalProto() ([]byte, error) { return []byte(p), nil }

func TestGRPC_SignalWithoutPipelineIsUnimplemented(t *testing.T) {
	cfg := testConfig()
	grpcOnly(cfg)
	logs := new(consumertest.LogsSink)
	r := &rig{engine: new(fakeEngine), otlp: create(t, cfg, signals{logs: logs})}
	if err := r.Start(t.Context(), fakeHost{}); err != nil {
		t.Fatalf("start without an engine and without a traces pipeline: %v", err)
	}
	t.Cleanup(func() { r.end(t) })
	conn := dial(t, r)
	_, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(someTraces(1)))
	if got := status.Code(err); got != codes.Unimplemented {
		t.Errorf("traces: code: got %v, want %v", got, codes.Unimplemented)
	}
	if _, err = plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequestFromLogs(someLogs())); err != nil {
		t.Errorf("logs: %v", err)
	}
}

func TestGRPC_LogsPipelineErrors(t *testing.T) {
	for _, tc := range []struct {
		err  error
		code codes.Code
	}{
		{errors.New("queue is full"), codes.Unavailable},
		{consumererror.NewPermanent(errors.New("bad data")), codes.Internal},
		{status.Error(codes.ResourceExhausted, "memory"), codes.ResourceExhausted},
	} {
		cfg := testConfig()
		grpcOnly(cfg)
		r := &rig{engine: new(fakeEngine), otlp: create(t, cfg, signals{logs: consumertest.NewErr(tc.err)})}
		if err := r.Start(t.Context(), fakeHost{}); err != nil {
			t.Fatal(err)
		}
		_, err := plogotlp.NewGRPCClient(dial(t, r)).Export(t.Context(), plogotlp.NewExportRequestFromLogs(someLogs()))
		if got := status.Code(err); got != tc.code {
			t.Errorf("%v: code: got %v, want %v", tc.err, got, tc.code)
		}
		r.end(t)
	}
}
