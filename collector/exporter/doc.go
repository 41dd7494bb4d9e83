// Package exporter is the Collector's exporter of type tailwise: it writes traces as OTLP JSON lines into files of
// one hour each. A trace is on disk before ConsumeTraces returns, so that the engine may mark it as exported.
package exporter
