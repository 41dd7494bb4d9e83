// Command load sends a corpus to an OTLP receiver, as often as it is told and each time with new ids, waits for
// every answer, and prints what it sent as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tailwise/tailwise/bench/internal/corpus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// Sent is what run prints.
type Sent struct {
	Spans    int     `json:"spans"`
	Requests int     `json:"requests"`
	Bytes    int64   `json:"bytes"` // of bodies, as sent
	Seconds  float64 `json:"seconds"`
	Retries  int     `json:"retries"` // answers that asked to come again later
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	path := flags.String("corpus", "", "`file` with the requests, as the bench command writes it")
	protocol := flags.String("protocol", "grpc", "grpc or http")
	addr := flags.String("addr", "127.0.0.1:4317", "`address` of the receiver")
	replays := flags.Int("replays", 1, "send the corpus so many times; more than once only where it is not compressed")
	connections := flags.Int("connections", 4, "gRPC connections")
	inFlight := flags.Int("in-flight", 4, "requests in flight on each connection; HTTP, whose connections carry one, opens so many more")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := corpus.Read(*path)
	if err != nil {
		return err
	}
	var senders []sender
	switch *protocol {
	case "grpc":
		senders, err = dialGRPC(*addr, *connections, *inFlight, c.Gzip)
	case "http":
		senders, err = dialHTTP(*addr, *connections**inFlight, c.Gzip)
	default:
		err = fmt.Errorf("unknown protocol %q: want grpc or http", *protocol)
	}
	if err != nil {
		return err
	}
	start := time.Now()
	sent, err := play(ctx, c, *replays, senders)
	sent.Seconds = time.Since(start).Seconds()
	for _, s := range senders {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(sent)
}
