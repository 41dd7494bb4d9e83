package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tailwise/tailwise/internal/sampler"
	"github.com/tailwise/tailwise/internal/traffic"
)

const (
	// demoRate is how many traces a second the demo sends: turns that are minutes apart in life follow in seconds.
	demoRate = 5.0
	// demoReport is how often it says what has become of them.
	demoReport = 3 * time.Second
	// demoSettle is how long a trace waits once its root has ended: the demo sends traces whole, and people wait.
	demoSettle = 2 * time.Second
)

func newDemo() *cobra.Command {
	var s settings
	rate := demoRate
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run all in one and send itself agent traffic",
		Long: `demo runs what tailwise without arguments runs, and sends itself the traffic of made-up AI agents, a few of them in
trouble (failing, slow, costly, looping, poorly judged), until it is stopped. Every few seconds it prints what came in,
what was kept by which rule, and what was dropped. Look closer with tailwise traces.`,
		Example: `  tailwise demo
  tailwise demo --rate 50 --data-dir ./demo --policy policy.yaml`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rate <= 0 || rate > 10_000 {
				return fmt.Errorf("--rate: %g is not in 0 to 10000 traces a second", rate)
			}
			return demo(cmd.Context(), s, rate, cmd.ErrOrStderr())
		},
	}
	s.settle = demoSettle
	s.register(cmd.Flags())
	cmd.Flags().Float64Var(&rate, "rate", demoRate, "traces sent a second")
	return cmd
}

// demo runs until the program ends, or until traffic cannot be sent.
func demo(ctx context.Context, s settings, rate float64, talk io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	var failure error
	err := start(ctx, s, talk, func() {
		sending.Go(func() {
			defer stop()
			failure = sendTraffic(ctx, s.grpc, rate)
		})
		sending.Go(func() { report(ctx, &instance{dataDir: s.dataDir}, talk) })
	})
	stop()
	sending.Wait()
	if err == nil {
		err = failure
	}
	return err
}

// report prints, every demoReport until ctx ends, what became of the traffic.
func report(ctx context.Context, program *instance, talk io.Writer) {
	tick := time.NewTicker(demoReport)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			var s sampler.Status
			if err := program.get(ctx, "/api/v1/status", nil, &s); err != nil {
				continue // it is ending, or busy; the next line will tell
			}
			fmt.Fprintf(talk, "%s  %s\n", now.Format(time.TimeOnly), summary(&s))
		}
	}
}

// summary says in a line what the engine has done.
func summary(s *sampler.Status) string {
	var rules []string
	for _, name := range slices.Sorted(maps.Keys(s.KeptByRule)) {
		rules = append(rules, fmt.Sprintf("%s %d", name, s.KeptByRule[name]))
	}
	kept := fmt.Sprintf("kept %d", s.Kept)
	if len(rules) > 0 {
		kept += " (" + strings.Join(rules, ", ") + ")"
	}
	return fmt.Sprintf("seen %d traces  %s  dropped %d  open %d  in %s  out %s", s.TracesOpen+s.Kept+s.Dropped, kept,
		s.Dropped, s.TracesOpen, megabytes(s.Bytes), megabytes(s.ExportedBytes))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// sendTraffic sends rate traces a second until ctx ends. A refused request is left out: there is more to come.
func sendTraffic(ctx context.Context, address string, rate float64) error {
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
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
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
