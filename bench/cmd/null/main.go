// Command null takes OTLP traces over gRPC and HTTP and discards the bytes: what it costs is what any receiver costs
// at least.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/klauspost/compress/gzip"
	_ "google.golang.org/grpc/encoding/gzip" // so that clients may compress
	"google.golang.org/grpc/mem"

	"github.com/tailwise/tailwise/bench/internal/rawgrpc"
	"github.com/tailwise/tailwise/bench/internal/serve"
)

func main() {
	rpc := flag.String("grpc", "127.0.0.1:4317", "listen `address` for OTLP over gRPC")
	web := flag.String("http", "127.0.0.1:4318", "listen `address` for OTLP over HTTP")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := rawgrpc.NewServer(func(mem.BufferSlice) error { return nil })
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", discard)
	if err := serve.Run(ctx, server, *rpc, mux, *web); err != nil {
		fmt.Fprintln(os.Stderr, "null:", err)
		os.Exit(1)
	}
}

var unzippers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// discard reads the body to its end, unpacked where it is compressed, and answers with an empty response.
func discard(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z := unzippers.Get().(*gzip.Reader)
		defer unzippers.Put(z)
		if err := z.Reset(r.Body); err != nil {
			http.Error(w, "unpack body: "+err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		http.Error(w, "read body: "+err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}
