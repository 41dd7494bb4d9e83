package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/internal/explain"
	"github.com/tailwise/tailwise/internal/policy"
)

// policyExplain is what the command is asked for.
type policyExplain struct {
	file         string
	json         bool
	onFirstMatch bool
}

func newPolicyExplain() *cobra.Command {
	var p policyExplain
	cmd := &cobra.Command{
		Use:   "explain --trace FILE POLICY",
		Short: "Say what each rule and policy votes of a trace, and why",
		Long: `explain decides the traces of a file by a policy, without running anything, and prints for each trace a table: every rule
and every one of policies:, what it votes, and by what; then the verdict. FILE is OTLP JSON, one object or one a line, as
the files of kept traces are; - reads standard input.

A rule votes keep, sample or drop where it matches and its coin falls so; no where it does not match; unknown where it
asks for what the trace does not say; error where it cannot be evaluated. A policy votes as the tail_sampling processor
counts it: sampled, not_sampled, dropped, error, or not_evaluated. Limits count as full. Reasons of rules show
attributes of the trace.

With --json each trace is one line of JSON with trace_id, spans, votes (name, kind, vote, why, votes), verdict, rules,
probability and retention.`,
		Example: `  tailwise policy explain --trace tailwise-data/kept/2026-01-02.jsonl policy.yaml
  tailwise policy explain --trace trace.json policy.yaml --json | jq .verdict`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.file == "" {
				return &usageError{&hintError{errors.New("--trace: is missing"), "name a file of OTLP JSON, or - for standard input"}}
			}
			return p.run(args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&p.file, "trace", "", "file of OTLP JSON; - is standard input")
	cmd.Flags().BoolVar(&p.json, "json", false, "print one JSON object a trace")
	cmd.Flags().BoolVar(&p.onFirstMatch, "sample-on-first-match", false, "as if the extension had decide: {sample_on_first_match: true}")
	return cmd
}

func (p *policyExplain) run(policyFile string, in io.Reader, out io.Writer) error {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	compiled, err := policy.Compile(policyFile, text, policy.SampleOnFirstMatch(p.onFirstMatch))
	if err != nil {
		return err
	}
	if p.file != "-" {
		file, err := os.Open(p.file)
		if err != nil {
			return err
		}
		defer file.Close() // it is only read
		in = file
	}
	traces, err := explain.Read(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", p.file, err)
	}
	for i, trace := range traces {
		e, err := explain.Policy(compiled, trace, time.Now())
		if err != nil {
			return err
		}
		if p.json {
			err = json.NewEncoder(out).Encode(e)
		} else {
			err = printExplanation(out, e, i == 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// printExplanation writes a trace's table for people.
func printExplanation(out io.Writer, e *explain.Explanation, first bool) error {
	if !first {
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "trace %s, spans: %d\n\n", e.TraceID, e.Spans)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tVOTE\tWHY")
	printVotes(table, e.Votes, "")
	if err := table.Flush(); err != nil {
		return err
	}
	retention := ""
	if e.Retention != "" {
		retention = ", retention " + e.Retention
	}
	_, err := fmt.Fprintf(out, "\nverdict: %s, by %s, probability %g%s\n", e.Verdict, orDash(strings.Join(e.Reasons, ", ")), e.Probability, retention)
	return err
}

// printVotes writes votes, those within others indented.
func printVotes(table io.Writer, votes []explain.Vote, indent string) {
	for _, v := range votes {
		fmt.Fprintf(table, "%s%s\t%s\t%s\t%s\n", indent, orDash(v.Name), v.Kind, v.Vote, v.Why)
		printVotes(table, v.Votes, indent+"  ")
	}
}
