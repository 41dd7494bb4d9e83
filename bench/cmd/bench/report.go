package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// log says how a run went, and whether the load fitted in the decision wait.
func (r result) log(w io.Writer, decisionWait time.Duration) {
	fmt.Fprintf(w, "  round %d %-17s %6.2f CPU s/M spans, %7.0f spans/s, peak %4d MiB, kept %d spans, %d retries\n", r.Round,
		r.Server, r.cpuPerMillion(), float64(r.Spans)/r.Seconds, r.PeakBytes>>20, r.KeptSpans, r.Retries)
	if r.Seconds > decisionWait.Seconds() {
		fmt.Fprintf(w, "    the load took %.1f s, so some traces were decided before the last came: memory per open trace is too low\n", r.Seconds)
	}
}

func (r result) write(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

func (r result) cpuPerMillion() float64 { return r.CPUSeconds / float64(r.Spans) * 1e6 }

// A summary is a figure over a server's runs.
type summary struct{ median, min, max float64 }

func summarize(results []result, of func(result) float64) summary {
	if len(results) == 0 {
		return summary{}
	}
	var values []float64
	for _, r := range results {
		values = append(values, of(r))
	}
	slices.Sort(values)
	middle := len(values) / 2
	median := values[middle]
	if len(values)%2 == 0 {
		median = (values[middle-1] + median) / 2
	}
	return summary{median, values[0], values[len(values)-1]}
}

// byServer sorts the results by the server's name.
func byServer(results []result) map[string][]result {
	by := map[string][]result{}
	for _, r := range results {
		by[r.Server] = append(by[r.Server], r)
	}
	return by
}

// report prints the table of one load with one set of policies: a line for each server, then what they come to.
func report(out io.Writer, l playedLoad, set policySet, servers []server, results []result) {
	by := byServer(results)
	cpu := func(name string) float64 { return summarize(by[name], result.cpuPerMillion).median }
	peak := func(name string) float64 {
		return summarize(by[name], func(r result) float64 { return float64(r.PeakBytes) }).median
	}
	fmt.Fprintf(out, "\n%s, policies %s: %d spans in %d traces, %.0f bytes a span, %d rounds\n", l, set.name, l.spans(),
		l.traces(), l.meanBytes(), len(by[servers[0].name]))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "server\tCPU s/M spans\tmin\tmax\tx null\tx tail_sampling\tspans/s\tpeak MiB\tx tail_sampling\tKB/open trace\tkept spans\t")
	for _, s := range servers {
		c := summarize(by[s.name], result.cpuPerMillion)
		rate := summarize(by[s.name], func(r result) float64 { return float64(r.Spans) / r.Seconds }).median
		kept := summarize(by[s.name], func(r result) float64 { return float64(r.KeptSpans) }).median
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%s\t%s\t%.0f\t%.0f\t%s\t%s\t%.0f\t\n", s.name, c.median, c.min, c.max,
			ratio(c.median, cpu(kindNull)), ratio(c.median, cpu(kindTailSampling)), rate, peak(s.name)/(1<<20),
			ratio(peak(s.name), peak(kindTailSampling)), perTrace(s, by[s.name]), kept)
	}
	w.Flush() // an error of out would show in what is missing
	reportRatios(out, set, servers, by)
	reportDurability(out, servers, cpu)
}

// reportRatios says what tailwise takes of tail_sampling's CPU time per span, and whether that is within the target.
func reportRatios(out io.Writer, set policySet, servers []server, by map[string][]result) {
	base := summarize(by[kindTailSampling], result.cpuPerMillion)
	for _, s := range servers {
		if s.kind != kindTailwise || base.min == 0 {
			continue
		}
		c := summarize(by[s.name], result.cpuPerMillion)
		fmt.Fprintf(out, "CPU per span of %s to tail_sampling: %.2f by medians, %.2f by the lowest%s\n", s.name, c.median/base.median,
			c.min/base.min, set.verdict(c.median/base.median))
	}
}

// ratio is empty where there is nothing to compare with.
func ratio(value, base float64) string {
	if base == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", value/base)
}

// perTrace is the memory that a trace takes while it waits: what the process has grown by when all of the load is
// in, over the number of traces.
func perTrace(s server, results []result) string {
	if !s.judges() {
		return "-"
	}
	kb := summarize(results, func(r result) float64 { return float64(r.WindowBytes-r.IdleBytes) / float64(r.Traces) / 1000 })
	return fmt.Sprintf("%.1f", kb.median)
}

// reportDurability says what the weaker promises of tailwise save.
func reportDurability(out io.Writer, servers []server, cpu func(string) float64) {
	always := cpu(kindTailwise)
	weaker := slices.DeleteFunc(slices.Clone(servers), func(s server) bool { return cmp.Or(s.durability, "always") == "always" })
	for _, s := range weaker {
		if always > 0 {
			fmt.Fprintf(out, "durability %s saves %.2f CPU s/M spans (%.0f %%) against always\n", s.durability,
				always-cpu(s.name), 100*(1-cpu(s.name)/always))
		}
	}
}
