package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/internal/sampler"
)

func newTrace() *cobra.Command {
	var of instance
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "trace ID",
		Short: "Say what was decided of one trace, and why",
		Long: `trace asks a running instance what it decided of a trace: the verdict, the rules that matched, the policy version,
the probability, whether the backend has it, and the facts that the rules saw. ID is the trace id in hexadecimal.

With --json it is one JSON object with the fields of tailwise traces --json.`,
		Example: `  tailwise trace 4bf92f3577b34da6a3ce929d0e0e4736
  tailwise trace 4bf92f3577b34da6a3ce929d0e0e4736 --json`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var trace sampler.TraceView
			if err := of.get(cmd.Context(), "/api/v1/traces/"+url.PathEscape(args[0]), nil, &trace); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(trace)
			}
			return printTrace(cmd.OutOrStdout(), &trace)
		},
	}
	of.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// printTrace writes a trace for people: a line for each field, then the facts by name.
func printTrace(out io.Writer, t *sampler.TraceView) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, value) }
	line("trace", t.TraceID)
	line("session", orDash(t.Session))
	line("verdict", t.Verdict)
	line("rules", orDash(strings.Join(t.Rules, ", ")))
	line("retention", orDash(t.Retention))
	line("probability", fmt.Sprintf("%g", t.Probability))
	line("policy", t.PolicyVersion)
	line("started", stamp(&t.Start))
	line("decided", stamp(&t.DecidedAt))
	line("exported", exported(t))
	if t.Refused != "" {
		line("refused", t.Refused)
	}
	var facts map[string]json.RawMessage
	if len(t.Facts) > 0 {
		if err := json.Unmarshal(t.Facts, &facts); err != nil {
			return fmt.Errorf("read the facts: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		line("  "+name, string(facts[name]))
	}
	return table.Flush()
}
