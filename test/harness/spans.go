//go:build e2e

package harness

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Prefix starts the names of the attributes that tailwise adds to what it exports.
const Prefix = "tailwise."

// sessionKey is the one other attribute that tailwise may add: a session found elsewhere in the trace.
const sessionKey = "session.id"

// Spans holds received spans: trace id, span id, and each copy of that span alone in its resource and scope, in
// order of arrival.
type Spans map[string]map[string][]ptrace.Traces

// Add takes every span of a request.
func (s Spans) Add(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.add(rs, ss, span)
			}
		}
	}
}

func (s Spans) add(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) {
	one := ptrace.NewTraces()
	rs1 := one.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(rs1.Resource())
	rs1.SetSchemaUrl(rs.SchemaUrl())
	ss1 := rs1.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(ss1.Scope())
	ss1.SetSchemaUrl(ss.SchemaUrl())
	span.CopyTo(ss1.Spans().AppendEmpty())

	trace := span.TraceID().String()
	if s[trace] == nil {
		s[trace] = map[string][]ptrace.Traces{}
	}
	id := span.SpanID().String()
	s[trace][id] = append(s[trace][id], one)
}

// ReadSpans reads files of OTLP JSON, one request a line. A line that is still being written, as a last line
// without its newline is, is left for the next reading.
func ReadSpans(paths ...string) (Spans, error) {
	spans := Spans{}
	for _, path := range paths {
		if err := spans.readFile(path); err != nil {
			return nil, err
		}
	}
	return spans, nil
}

func (s Spans) readFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read spans: %w", err)
	}
	complete := text[:strings.LastIndexByte(string(text), '\n')+1]
	lines := bufio.NewScanner(strings.NewReader(string(complete)))
	lines.Buffer(nil, len(complete)+1)
	for n := 1; lines.Scan(); n++ {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(lines.Bytes())
		if err != nil {
			return fmt.Errorf("read spans: %s line %d: %w", path, n, err)
		}
		s.Add(td)
	}
	return lines.Err()
}

// Same returns an error unless got, a span that has been through tailwise, is want, the span as its client wrote
// it: equal as OTLP JSON, but for the attributes and the tracestate entry that tailwise may add.
func Same(got, want ptrace.Traces) error {
	plain := ptrace.NewTraces()
	got.CopyTo(plain)
	span, sent := Only(plain), Only(want)
	_, hasSession := sent.Attributes().Get(sessionKey)
	span.Attributes().RemoveIf(func(k string, _ pcommon.Value) bool {
		return strings.HasPrefix(k, Prefix) || (k == sessionKey && !hasSession)
	})
	span.TraceState().FromRaw(withoutOT(span.TraceState().AsRaw(), sent.TraceState().AsRaw()))
	a, err := (&ptrace.JSONMarshaler{}).MarshalTraces(plain)
	if err != nil {
		return fmt.Errorf("write the span received: %w", err)
	}
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(want)
	if err != nil {
		return fmt.Errorf("write the span sent: %w", err)
	}
	if string(a) != string(b) {
		return fmt.Errorf("span %s: got\n%s\nwant\n%s", span.SpanID(), a, b)
	}
	return nil
}

// Only is the single span of what Spans keeps.
func Only(one ptrace.Traces) ptrace.Span {
	return one.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

// withoutOT is the tracestate state without its ot entry, unless the sender wrote one: then nothing was added.
func withoutOT(state, sent string) string {
	if strings.Contains(sent, "ot=") {
		return state
	}
	var rest []string
	for entry := range strings.SplitSeq(state, ",") {
		if entry != "" && !strings.HasPrefix(entry, "ot=") {
			rest = append(rest, entry)
		}
	}
	return strings.Join(rest, ",")
}
