package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/internal/sampler"
)

// tracesQuery is what the traces command asks for.
type tracesQuery struct {
	since, verdict, rule, session string
	limit                         int
	json                          bool
}

func newTraces() *cobra.Command {
	var of instance
	var q tracesQuery
	cmd := &cobra.Command{
		Use:   "traces",
		Short: "List decided traces, newest first",
		Long: `traces asks a running instance what it has decided. The columns are: when it was decided, the trace id, the
verdict, the rules that matched, the probability of being kept, when the backend took it, and the session.

With --json each trace is one line of JSON with trace_id, session, verdict, rules, retention, probability,
policy_version, decided_at, start, exported (null: not, or not kept), refused and facts.`,
		Example: `  tailwise traces --since 1h --verdict keep
  tailwise traces --rule slow --limit 1000 --json | jq .facts.duration`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return q.run(cmd.Context(), &of, cmd.OutOrStdout()) },
	}
	of.register(cmd.Flags())
	cmd.Flags().StringVar(&q.since, "since", "", "decided since: a duration back from now such as 1h or 7d, or an RFC 3339 time")
	cmd.Flags().StringVar(&q.verdict, "verdict", "", "keep or drop")
	cmd.Flags().StringVar(&q.rule, "rule", "", "matched by this rule")
	cmd.Flags().StringVar(&q.session, "session", "", "of this session")
	cmd.Flags().IntVar(&q.limit, "limit", 50, "at most so many")
	cmd.Flags().BoolVar(&q.json, "json", false, "print one JSON object a line")
	return cmd
}

func (q *tracesQuery) run(ctx context.Context, of *instance, out io.Writer) error {
	if q.limit < 1 {
		return &usageError{fmt.Errorf("--limit: %d is not positive", q.limit)}
	}
	write, flush := tracesTable(out)
	if q.json {
		write, flush = json.NewEncoder(out).Encode, func() error { return nil }
	}
	for left, after := q.limit, ""; left > 0; {
		var page sampler.TracesView
		if err := of.get(ctx, "/api/v1/traces", q.values(left, after), &page); err != nil {
			return err
		}
		for _, trace := range page.Traces[:min(left, len(page.Traces))] {
			if err := write(trace); err != nil {
				return err
			}
		}
		left -= len(page.Traces)
		if after = page.Next; after == "" || len(page.Traces) == 0 {
			break
		}
	}
	return flush()
}

func (q *tracesQuery) values(limit int, after string) url.Values {
	values := url.Values{"limit": {strconv.Itoa(limit)}}
	for key, value := range map[string]string{
		"since": q.since, "verdict": q.verdict, "rule": q.rule, "session": q.session, "after": after,
	} {
		if value != "" {
			values.Set(key, value)
		}
	}
	return values
}

// tracesTable writes traces in columns.
func tracesTable(out io.Writer) (write func(any) error, flush func() error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DECIDED\tTRACE\tVERDICT\tRULES\tPROBABILITY\tEXPORTED\tSESSION")
	return func(v any) error {
		t := v.(sampler.TraceView)
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%g\t%s\t%s\n", stamp(&t.DecidedAt), t.TraceID, t.Verdict,
			orDash(strings.Join(t.Rules, ",")), t.Probability, exported(&t), orDash(t.Session))
		return err
	}, table.Flush
}

// exported is what became of a kept trace.
func exported(t *sampler.TraceView) string {
	if t.Refused != "" {
		return "refused"
	}
	return stamp(t.Exported)
}

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
