// Command bench measures what receiving, judging and exporting traces costs: CPU seconds per million spans and peak
// memory, of Tailwise, of a Collector with tail_sampling and of a receiver that does nothing, on the same load and in
// turns. Linux only, as it pins processes to cores and reads their figures from /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The options are the flags, parsed.
type options struct {
	loads        []load
	servers      []server
	policies     []policySet // each load runs with each of them
	rounds       int
	spans        int // per load; 0 takes the load's own
	decisionWait time.Duration
	compression  string // of the exporters
	bin          string
	tailwise     string
	json         string
	build        bool
}

const usage = `Usage: bench [flags]

Runs every server on every load in turns, and prints a table per load: CPU seconds per million spans (median and
range), how many times the null receiver's and tail_sampling's that is, memory, and what arrived at the backend.
Servers run on core 0; the load generator and the backend on core 1.

Policies: rules are five of Tailwise's own, and what comes near them on the other side. processor are ten policies of
tail_sampling, the same text for both; ottl are the same with two conditions of OTTL. Both are made for small loads, and
both samplers must keep as many spans then: the run fails if they do not.

Examples:
  bench                                                    # everything; about half an hour
  bench -loads agent/grpc/plain -servers null,tail_sampling -rounds 1
  bench -loads small/grpc/plain -policies processor,ottl

Flags:
`

func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.Usage = func() {
		fmt.Fprint(errOut, usage)
		flags.PrintDefaults()
	}
	loads := flags.String("loads", strings.Join(allLoads, ","), "`list` of profile/protocol/encoding")
	servers := flags.String("servers", "null,tailwise,tail_sampling", "`list` of null, forward, tail_sampling, tailwise")
	policies := flags.String("policies", "rules", "`list` of rules, processor, ottl: what the samplers decide by")
	durability := flags.String("durability", "always", "`list` of always, process, interval: tailwise runs once with each")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds; every server runs once in each")
	flags.IntVar(&o.spans, "spans", 0, "spans per run; 0 is 180,000 agent's or 900,000 small ones")
	flags.DurationVar(&o.decisionWait, "decision-wait", 10*time.Second, "how long a trace waits; all of the load should fit in")
	flags.StringVar(&o.compression, "export-compression", "none", "none or gzip: how kept traces are exported, by both")
	flags.StringVar(&o.bin, "bin", "bin", "`directory` for the benchmarks' binaries and for data")
	flags.StringVar(&o.tailwise, "tailwise", "../bin/tailwise", "tailwise `binary`")
	flags.StringVar(&o.json, "json", "", "also append every run as a line of JSON to this `file`")
	flags.BoolVar(&o.build, "build", true, "build the benchmarks' binaries first")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var errs [3]error
	o.loads, errs[0] = parseLoads(*loads)
	o.servers, errs[1] = parseServers(*servers, *durability)
	o.policies, errs[2] = parsePolicies(*policies, o.loads)
	if o.compression != "none" && o.compression != "gzip" {
		return o, fmt.Errorf("-export-compression: %q is neither none nor gzip", o.compression)
	}
	if o.rounds < 1 || o.spans < 0 || o.decisionWait < time.Second {
		return o, errors.New("want -rounds of at least 1, -spans of at least 0 and -decision-wait of at least 1s")
	}
	return o, errors.Join(errs[:]...)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parse(args, errOut)
	if err != nil {
		return err
	}
	if o.build {
		build := exec.CommandContext(ctx, "go", "build", "-o", o.bin+string(filepath.Separator), "./cmd/...")
		build.Stderr = errOut
		if err := build.Run(); err != nil {
			return fmt.Errorf("build the benchmarks' binaries (run from the bench directory): %w", err)
		}
	}
	for _, s := range o.servers {
		if _, err := exec.LookPath(s.binary(o)); err != nil {
			return fmt.Errorf("find the binary of %s: %w\nhint: build it first, or leave it out with -servers", s.name, err)
		}
	}
	// Not in the system's temporary directory: that is often memory, and tailwise's log belongs on a disk.
	dir, err := os.MkdirTemp(o.bin, "run-")
	if err != nil {
		return fmt.Errorf("make a directory for data: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return measure(ctx, o, dir, out, errOut)
}

// measure runs all loads, each with all sets of policies, and prints each one's table when it is done.
func measure(ctx context.Context, o options, dir string, out, errOut io.Writer) error {
	var lines io.Writer = io.Discard
	if o.json != "" {
		file, err := os.OpenFile(o.json, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return fmt.Errorf("open file for results: %w", err)
		}
		defer file.Close()
		lines = file
	}
	for _, l := range o.loads {
		played, err := l.prepare(dir, o.spans)
		if err != nil {
			return fmt.Errorf("prepare load %s: %w", l, err)
		}
		fmt.Fprintf(errOut, "%s: %d spans, %.0f bytes each\n", l, played.spans(), played.meanBytes())
		for _, set := range o.policies {
			if err := compare(ctx, o, dir, set, played, out, errOut, lines); err != nil {
				return err
			}
		}
		if err := os.Remove(played.path); err != nil {
			return fmt.Errorf("remove corpus: %w", err)
		}
	}
	return nil
}

// compare runs all servers on one load with one set of policies, in turns, and prints the table.
func compare(ctx context.Context, o options, dir string, set policySet, played playedLoad, out, errOut, lines io.Writer) error {
	var results []result
	for round := range o.rounds {
		for _, s := range o.servers {
			s.policies = set
			r, err := runOnce(ctx, o, dir, s, played)
			if err != nil {
				return fmt.Errorf("run %s on %s, policies %s, round %d: %w", s.name, played, set.name, round+1, err)
			}
			r.Round = round + 1
			results = append(results, r)
			r.log(errOut, o.decisionWait)
			if err := r.write(lines); err != nil {
				return err
			}
		}
	}
	report(out, played, set, o.servers, results)
	return reportKept(out, set, results, o.decisionWait)
}
