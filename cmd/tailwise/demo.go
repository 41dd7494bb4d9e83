package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tailwise/tailwise/internal/traffic"
)

const (
	// demoEvery is how often the demo sends a trace.
	demoEvery = 500 * time.Millisecond
	// demoSettle is how long a trace waits once its root has ended: the demo sends traces whole, and people wait.
	demoSettle = 2 * time.Second
)

func newDemo() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run all in one and send itself agent traffic",
		Long: `demo runs what tailwise without arguments runs, and sends itself the traffic of made-up AI agents, a few of them in
trouble, until it is stopped. Look at what it decided with tailwise traces.`,
		Example: `  tailwise demo
  tailwise demo --data-dir /tmp/demo --policy policy.yaml`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), s, cmd.ErrOrStderr()) },
	}
	s.settle = demoSettle
	s.register(cmd.Flags())
	return cmd
}

// demo runs until the program ends, or until traffic cannot be sent.
func demo(ctx context.Context, s settings, talk io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	var failure error
	err := start(ctx, s, talk, func() {
		sending.Go(func() {
			defer stop()
			failure = sendTraffic(ctx, s.grpc)
		})
	})
	stop()
	sending.Wait()
	if err == nil {
		err = failure
	}
	return err
}

// sendTraffic sends a trace every demoEvery until ctx ends. A refused request is left out: there is more to come.
func sendTraffic(ctx context.Context, address string) error {
	generator, err := traffic.New(traffic.Config{
		Seed: uint64(time.Now().UnixNano()), Start: time.Now().Add(-time.Hour), Shares: traffic.DefaultShares,
	})
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("send traffic: %w", err)
	}
	defer conn.Close()
	client := ptraceotlp.NewGRPCClient(conn)
	tick := time.NewTicker(demoEvery)
	defer tick.Stop()
	for {
		trace, ok := generator.Next()
		if !ok {
			return nil
		}
		_, _ = client.Export(ctx, ptraceotlp.NewExportRequestFromTraces(shifted(trace.Spans, time.Since(trace.End))))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// shifted moves every span by d, so that traces look as if they had just ended.
func shifted(td ptrace.Traces, d time.Duration) ptrace.Traces {
	for _, resource := range td.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				move := func(t interface{ AsTime() time.Time }) time.Time { return t.AsTime().Add(d) }
				span.SetStartTimestamp(pcommon.NewTimestampFromTime(move(span.StartTimestamp())))
				span.SetEndTimestamp(pcommon.NewTimestampFromTime(move(span.EndTimestamp())))
				for _, event := range span.Events().All() {
					event.SetTimestamp(pcommon.NewTimestampFromTime(move(event.Timestamp())))
				}
			}
		}
	}
	return td
}
