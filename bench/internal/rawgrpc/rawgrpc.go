// Package rawgrpc speaks OTLP over gRPC without decoding it: messages are bytes, on both sides.
package rawgrpc

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// Method is the full name of the trace service's only method.
const Method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// MaxMessageBytes is the largest request that a Server takes.
const MaxMessageBytes = 64 << 20

// codec passes messages through. It calls itself proto because that is what OTLP clients ask for.
type codec struct{}

var _ encoding.CodecV2 = codec{}

func (codec) Name() string { return "proto" }

// Marshal takes a []byte, which must not change until the call has returned.
func (codec) Marshal(v any) (mem.BufferSlice, error) {
	message, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("marshal %T as bytes", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(message)}, nil
}

// Unmarshal fills a *mem.BufferSlice, which the receiver of the message frees.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	message, ok := v.(*mem.BufferSlice)
	if !ok {
		return fmt.Errorf("unmarshal bytes into %T", v)
	}
	data.Ref()
	*message = data
	return nil
}

// Handler takes one request's message; it must not keep it. An error is the call's.
type Handler func(message mem.BufferSlice) error

// NewServer makes a server of the trace service that hands each message to handle, from many goroutines. A client
// may compress with whatever the program registers.
func NewServer(handle Handler) *grpc.Server {
	server := grpc.NewServer(grpc.ForceServerCodecV2(codec{}), grpc.MaxRecvMsgSize(MaxMessageBytes))
	export := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var message mem.BufferSlice
		if err := decode(&message); err != nil {
			return nil, err
		}
		defer message.Free()
		return []byte{}, handle(message)
	}
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector.trace.v1.TraceService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: export}},
	}, nil)
	return server
}

// Export sends one message and waits for the answer. The message must not change before it returns.
func Export(ctx context.Context, conn *grpc.ClientConn, message []byte, opts ...grpc.CallOption) error {
	var reply mem.BufferSlice
	defer func() { reply.Free() }()
	return conn.Invoke(ctx, Method, message, &reply, append(opts, grpc.ForceCodecV2(codec{}))...)
}
