// Package meter counts all traffic, before any sampling: what it cost, how many tokens, calls and errors there were, and
// how long things took, by tenant, feature, agent, model, step and tool. It is told of each trace once and renders what
// it knows as OTLP metrics. It bounds how many series there are, knows no storage, reads no clock and starts nothing.
package meter
