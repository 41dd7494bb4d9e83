// Package sampler is the engine: it takes requests in, waits until each trace can be judged, decides with the
// policy, and hands what is kept to the next consumer. It owns every goroutine that does so.
//
// Its state is a function of the log. Whatever happens to a trace is a record of internal/wal (a request, a
// verdict, a mark that the backend has answered, a copy carried forward) and takes effect when the log delivers
// that record, in order, live and after a restart alike. See docs/design.md.
package sampler
