package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Trace is one trace, in the requests that it came in.
type Trace struct {
	ID       [16]byte
	Requests []ptrace.Traces // each with spans of this trace alone
}

// maxBytes bounds what is read of a file.
const maxBytes = 256 << 20

// Read reads OTLP JSON: one object, or one a line, each with resourceSpans. Traces come in the order in which they begin.
// Spans without a valid trace id or span id are left out, as receivers leave them out.
func Read(r io.Reader) ([]*Trace, error) {
	limited := &io.LimitedReader{R: r, N: maxBytes + 1}
	decoder := json.NewDecoder(limited)
	var traces []*Trace
	byID := make(map[[16]byte]*Trace)
	for n := 1; ; n++ {
		var raw json.RawMessage
		switch err := decoder.Decode(&raw); {
		case errors.Is(err, io.EOF):
			if len(traces) == 0 {
				return nil, errors.New("there are no spans in it")
			}
			return traces, nil
		case limited.N <= 0:
			return nil, fmt.Errorf("it has more than %d MiB", maxBytes>>20)
		case isSyntax(err):
			return nil, fmt.Errorf("read object %d at byte %d: it is not JSON", n, decoder.InputOffset())
		case err != nil:
			return nil, fmt.Errorf("read object %d: %w", n, err)
		}
		td, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces(raw)
		if err != nil { // its text may quote content
			return nil, fmt.Errorf("read object %d: it is not OTLP JSON of traces", n)
		}
		for _, id := range split(td, byID) {
			traces = append(traces, byID[id])
		}
	}
}

// isSyntax tells an error of the text from one of its reader. Its own words may quote the text.
func isSyntax(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF)
}

// split adds the spans of one request to the traces that they belong to, and returns the ids of those that are new.
func split(td ptrace.Traces, byID map[[16]byte]*Trace) (fresh [][16]byte) {
	parts := make(map[[16]byte]ptrace.Traces)
	for _, resource := range td.ResourceSpans().All() {
		inResource := make(map[[16]byte]ptrace.ResourceSpans)
		for _, scope := range resource.ScopeSpans().All() {
			inScope := make(map[[16]byte]ptrace.ScopeSpans)
			for _, span := range scope.Spans().All() {
				id := [16]byte(span.TraceID())
				if span.TraceID().IsEmpty() || span.SpanID().IsEmpty() {
					continue
				}
				if _, ok := parts[id]; !ok {
					parts[id] = ptrace.NewTraces()
					if byID[id] == nil {
						byID[id], fresh = &Trace{ID: id}, append(fresh, id)
					}
					byID[id].Requests = append(byID[id].Requests, parts[id])
				}
				if _, ok := inResource[id]; !ok {
					inResource[id] = parts[id].ResourceSpans().AppendEmpty()
					resource.Resource().CopyTo(inResource[id].Resource())
				}
				if _, ok := inScope[id]; !ok {
					inScope[id] = inResource[id].ScopeSpans().AppendEmpty()
					scope.Scope().CopyTo(inScope[id].Scope())
				}
				span.CopyTo(inScope[id].Spans().AppendEmpty())
			}
		}
	}
	return fresh
}
