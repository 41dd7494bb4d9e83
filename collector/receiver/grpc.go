package receiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// openGRPC starts the gRPC server, when it is configured, with a service for each signal that has a pipeline.
func (r *otlp) openGRPC(ctx context.Context, host component.Host) error {
	if !r.cfg.Protocols.GRPC.HasValue() {
		return nil
	}
	in, err := r.newIntake("grpc")
	if err != nil {
		return err
	}
	cfg := *r.cfg.Protocols.GRPC.Get()
	cfg.IncludeMetadata = cfg.IncludeMetadata || len(in.keys) > 0
	server, err := cfg.ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings,
		configgrpc.WithGrpcServerOption(grpc.ForceServerCodecV2(codec{})))
	if err != nil {
		return err
	}
	in.register(server)
	listener, err := cfg.NetAddr.Listen(ctx)
	if err != nil {
		return err
	}
	r.grpcServer, r.grpcAddr = server, listener.Addr().String()
	r.set.Logger.Info("Starting GRPC server", zap.String("endpoint", r.grpcAddr))
	r.serve(func() error { return server.Serve(listener) }, grpc.ErrServerStopped)
	return nil
}

// The OTLP services, one method each. They are written out here, as generated stubs would decode the request.
const (
	traceService   = "opentelemetry.proto.collector.trace.v1.TraceService"
	logsService    = "opentelemetry.proto.collector.logs.v1.LogsService"
	metricsService = "opentelemetry.proto.collector.metrics.v1.MetricsService"
)

func (in *intake) register(server *grpc.Server) {
	if in.traces != nil {
		server.RegisterService(service(traceService, "trace_service.proto", in.handleTraces), in)
	}
	if in.logs != nil {
		server.RegisterService(service(logsService, "logs_service.proto", in.handleLogs), in)
	}
	if in.metrics != nil {
		server.RegisterService(service(metricsService, "metrics_service.proto", in.handleMetrics), in)
	}
}

type method func(ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error)

func service(name, file string, export method) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: name,
		HandlerType: (*any)(nil),
		Metadata:    file,
		Methods: []grpc.MethodDesc{{MethodName: "Export", Handler: func(
			_ any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor,
		) (any, error) {
			return export(ctx, dec, interceptor)
		}}},
	}
}

func (in *intake) handleTraces(ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (
	any, error,
) {
	request := &bodyRequest{source: in.source}
	defer request.release() // an interceptor may refuse before the engine owns the body
	if err := dec(request); err != nil {
		return nil, err
	}
	return intercept(ctx, interceptor, in, traceService, request, func(ctx context.Context, request *bodyRequest) (
		message, error,
	) {
		return in.takeTraces(ctx, request.take(), protobuf.name())
	})
}

func (in *intake) handleLogs(ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (
	any, error,
) {
	request := new(plainRequest)
	if err := dec(request); err != nil {
		return nil, err
	}
	return intercept(ctx, interceptor, in, logsService, request, func(ctx context.Context, request *plainRequest) (
		message, error,
	) {
		decoded := plogotlp.NewExportRequest()
		if err := decoded.UnmarshalProto(request.body); err != nil {
			return nil, errMalformedProto
		}
		return in.takeLogs(ctx, decoded, protobuf.name())
	})
}

func (in *intake) handleMetrics(ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (
	any, error,
) {
	request := new(plainRequest)
	if err := dec(request); err != nil {
		return nil, err
	}
	return intercept(ctx, interceptor, in, metricsService, request, func(ctx context.Context, request *plainRequest) (
		message, error,
	) {
		decoded := pmetricotlp.NewExportRequest()
		if err := decoded.UnmarshalProto(request.body); err != nil {
			return nil, errMalformedProto
		}
		return in.takeMetrics(ctx, decoded, protobuf.name())
	})
}

// errMalformedProto leaves out what the decoder says, as it may quote the request.
var errMalformedProto = status.Error(codes.InvalidArgument, "request is no valid OTLP protobuf")

// intercept runs the server's interceptors, authentication among them, and then handle; errors become statuses.
func intercept[R any](ctx context.Context, interceptor grpc.UnaryServerInterceptor, in *intake, name string, request R,
	handle func(context.Context, R) (message, error),
) (any, error) {
	final := func(ctx context.Context, request any) (any, error) {
		response, err := handle(ctx, request.(R))
		if err != nil {
			return nil, statusOf(err).Err()
		}
		return response, nil
	}
	if interceptor == nil {
		return final(ctx, request)
	}
	info := &grpc.UnaryServerInfo{Server: in, FullMethod: "/" + name + "/Export"}
	return interceptor(ctx, request, info, final)
}
