// Command sink is an OTLP backend: it takes traces over gRPC, counts their spans and forgets them. The counts are
// at / on its HTTP address, as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // so that clients may compress
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/tailwise/tailwise/bench/internal/corpus"
	"github.com/tailwise/tailwise/bench/internal/rawgrpc"
	"github.com/tailwise/tailwise/bench/internal/serve"
)

func main() {
	rpc := flag.String("grpc", "127.0.0.1:14317", "listen `address` for OTLP over gRPC")
	web := flag.String("http", "127.0.0.1:14318", "listen `address` for the counts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c counter
	if err := serve.Run(ctx, rawgrpc.NewServer(c.count), *rpc, &c, *web); err != nil {
		fmt.Fprintln(os.Stderr, "sink:", err)
		os.Exit(1)
	}
}

type counter struct{ requests, spans, bytes atomic.Int64 }

func (c *counter) count(message mem.BufferSlice) error {
	spans, err := corpus.CountSpans(message.Materialize())
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	c.requests.Add(1)
	c.spans.Add(int64(spans))
	c.bytes.Add(int64(message.Len()))
	return nil
}

func (c *counter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone away is not missed.
	_ = json.NewEncoder(w).Encode(map[string]int64{
		"requests": c.requests.Load(), "spans": c.spans.Load(), "bytes": c.bytes.Load(),
	})
}
