package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/internal/doctor"
)

func newDoctor() *cobra.Command {
	var of instance
	var service string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with the instrumentation that sends traces",
		Long: `doctor asks a running instance what it has seen of the instrumentation in the last hour or two: for each service and
dialect how much came, what is wrong, in how many cases, a trace to look at, how to mend it in that library, and what
no span of that library tells. Every decided trace is examined, one span in thirty-two is looked at whole.

With --json it is one JSON object with since, traces, sources (service, dialect, traces, spans, llm_calls, untold) and
findings (service, dialect, id, severity, what, key, count, of, unit, example, fix).`,
		Example: `  tailwise doctor
  tailwise doctor --service support-agent --json | jq '.findings[] | select(.severity == "warn") | .fix'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			if service != "" {
				query.Set("service", service)
			}
			var report doctor.Report
			if err := of.get(cmd.Context(), "/api/v1/health/instrumentation", query, &report); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return printReport(cmd.OutOrStdout(), &report)
		},
	}
	of.register(cmd.Flags())
	cmd.Flags().StringVar(&service, "service", "", "of this service only")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// printReport writes a report for people: what came by whom, then each source's findings.
func printReport(out io.Writer, r *doctor.Report) error {
	fmt.Fprintf(out, "%d traces since %s\n", r.Traces, stamp(&r.Since))
	switch {
	case r.Traces == 0:
		fmt.Fprintln(out, "nothing was decided yet")
		return nil
	case len(r.Sources) == 0:
		fmt.Fprintln(out, "no spans of that service are among them")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nSERVICE\tDIALECT\tTRACES\tSPANS\tLLM CALLS")
	for _, s := range r.Sources {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\n", orDash(s.Service), s.Dialect, s.Traces, s.Spans, s.Calls)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(out, "\nnothing is wrong")
	}
	for i := range r.Findings {
		printFinding(out, &r.Findings[i])
	}
	told := make(map[string]bool) // dialects
	for _, s := range r.Sources {
		if !told[s.Dialect] {
			printUntold(out, &s)
		}
		told[s.Dialect] = true
	}
	return nil
}

func printFinding(out io.Writer, f *doctor.Finding) {
	fmt.Fprintf(out, "\n%s  %s  %s, %s", f.Severity, f.ID, orDash(f.Service), f.Dialect)
	if f.Key != "" {
		fmt.Fprintf(out, ", %s", f.Key)
	}
	fmt.Fprintf(out, "\n  %s: %s\n  example: %s\n  fix: %s\n", amount(f), f.What, f.Example, f.Fix)
}

// amount says how much it is, and how large a part.
func amount(f *doctor.Finding) string {
	if f.Of == 0 {
		return fmt.Sprintf("%d %s", f.Count, f.Unit)
	}
	return fmt.Sprintf("%d of %d %s (%.3g %%)", f.Count, f.Of, f.Unit, 100*float64(f.Count)/float64(f.Of))
}

func printUntold(out io.Writer, s *doctor.Source) {
	if len(s.Untold) == 0 {
		return
	}
	fmt.Fprintf(out, "\nno span of %s tells\n", s.Dialect)
	for _, line := range s.Untold {
		fmt.Fprintf(out, "  - %s\n", line)
	}
}
