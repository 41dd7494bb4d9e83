// Package oracle compares what Tailwise makes of the policies of the Collector's tail_sampling processor with what the
// processor itself makes of them. It has tests alone.
package oracle
