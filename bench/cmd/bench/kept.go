package main

import (
	"fmt"
	"io"
	"time"
)

// reportKept says whether the samplers kept as many spans, where they must, and fails if they did not. A run in which
// the load took longer than the decision wait says nothing: traces were decided before they were complete.
func reportKept(out io.Writer, set policySet, results []result, decisionWait time.Duration) error {
	if !set.same {
		return nil
	}
	kept := map[int64][]string{}
	servers := map[string]bool{}
	left := 0
	for _, r := range results {
		switch {
		case r.Server == kindNull || r.Server == kindForward:
		case r.Seconds > decisionWait.Seconds():
			left++
		default:
			kept[r.KeptSpans] = append(kept[r.KeptSpans], fmt.Sprintf("%s (round %d)", r.Server, r.Round))
			servers[r.Server] = true
		}
	}
	if left > 0 {
		fmt.Fprintf(out, "kept spans: %d runs do not count, as the load took longer than the decision wait\n", left)
	}
	if len(kept) > 1 {
		return fmt.Errorf("the samplers kept different numbers of spans by the same policies %s: %v", set.name, kept)
	}
	if runs := kept[0]; runs != nil {
		return fmt.Errorf("the samplers kept nothing by the policies %s: %v", set.name, runs)
	}
	for n, runs := range kept {
		if len(servers) > 1 {
			fmt.Fprintf(out, "kept spans: %d (%.1f %%) in all %d runs that count, as must be\n", n, 100*float64(n)/float64(results[0].Spans), len(runs))
			return nil
		}
	}
	fmt.Fprintln(out, "kept spans: not compared, as fewer than two samplers have runs that count")
	return nil
}
