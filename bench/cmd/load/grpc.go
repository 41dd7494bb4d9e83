package main

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"

	"github.com/tailwise/tailwise/bench/internal/rawgrpc"
)

// packed is a compressor for what is compressed already: gRPC marks the message as gzip and sends it as it is.
// Answers are empty and never compressed.
type packed struct{}

func (packed) Name() string                                 { return "gzip" }
func (packed) Compress(w io.Writer) (io.WriteCloser, error) { return asIs{w}, nil }
func (packed) Decompress(r io.Reader) (io.Reader, error)    { return r, nil }

type asIs struct{ io.Writer }

func (asIs) Close() error { return nil }

func init() { encoding.RegisterCompressor(packed{}) }

type grpcSender struct {
	conn  *grpc.ClientConn
	opts  []grpc.CallOption
	owner bool // of the connection, which several senders share
}

// dialGRPC makes inFlight senders for each of the connections.
func dialGRPC(addr string, connections, inFlight int, gzip bool) ([]sender, error) {
	var opts []grpc.CallOption
	if gzip {
		opts = append(opts, grpc.UseCompressor("gzip"))
	}
	var senders []sender
	for range connections {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", addr, err)
		}
		for i := range inFlight {
			senders = append(senders, &grpcSender{conn: conn, opts: opts, owner: i == 0})
		}
	}
	return senders, nil
}

func (s *grpcSender) Send(ctx context.Context, body []byte) error {
	err := rawgrpc.Export(ctx, s.conn, body, s.opts...)
	if status.Code(err) == codes.ResourceExhausted {
		return errBusy
	}
	return err
}

func (s *grpcSender) Close() error {
	if !s.owner {
		return nil
	}
	return s.conn.Close()
}
