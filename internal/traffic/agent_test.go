package traffic

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func attribute(span ptrace.Span, key string) string {
	v, ok := span.Attributes().Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

func named(trace Trace, prefix string) []ptrace.Span {
	var found []ptrace.Span
	for _, span := range spansOf(trace.Spans) {
		if strings.HasPrefix(span.Name(), prefix) {
			found = append(found, span)
		}
	}
	return found
}

func number(span ptrace.Span, key string) float64 {
	v, ok := span.Attributes().Get(key)
	if !ok {
		return -1
	}
	if v.Type().String() == "Double" {
		return v.Double()
	}
	return float64(v.Int())
}

func TestAgent_HistoryGrowsThroughTheSession(t *testing.T) {
	before := map[string]string{}
	for _, trace := range generate(t, Config{Sessions: 5, Shares: DefaultShares}) {
		for _, chat := range named(trace, "chat ") {
			input := attribute(chat, "gen_ai.input.messages")
			last, seen := before[trace.Session]
			if seen && (!strings.HasPrefix(input, strings.TrimSuffix(last, "]"))) {
				t.Fatalf("turn %d of %s: a call's input does not begin with the input of the call before", trace.Turn, trace.Session)
			}
			if retried := chat.Status().Code() == ptrace.StatusCodeError; seen && !retried && len(input) < len(last) {
				t.Errorf("turn %d of %s: input has %d bytes after %d", trace.Turn, trace.Session, len(input), len(last))
			}
			before[trace.Session] = input
		}
	}
	if got, want := len(before), 5; got != want {
		t.Errorf("got %d sessions with model calls, want %d", got, want)
	}
}

func TestAgent_ContentIsValidJSON(t *testing.T) {
	keys := []string{"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions",
		"gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.retrieval.documents"}
	checked := map[string]int{}
	for _, trace := range generate(t, Config{Sessions: 8, Shares: DefaultShares}) {
		for _, span := range spansOf(trace.Spans) {
			for _, key := range keys {
				if text := attribute(span, key); text != "" {
					checked[key]++
					if !json.Valid([]byte(text)) {
						t.Fatalf("span %q: %s is not JSON", span.Name(), key)
					}
				}
			}
		}
	}
	for _, key := range keys {
		if checked[key] == 0 {
			t.Errorf("no span carries %s", key)
		}
	}
}

func TestAgent_SaysWhoseTurnItIs(t *testing.T) {
	for _, trace := range generate(t, Config{Sessions: 5}) {
		root := rootOf(t, trace.Spans)
		if got, want := attribute(root, "gen_ai.conversation.id"), trace.Session; got != want || want == "" {
			t.Errorf("root's conversation: got %q, want %q", got, want)
		}
		for _, key := range []string{"user.id", "tenant.id", "feature.name", "judge.score", "judge.score_pct", "gen_ai.agent.name"} {
			if attribute(root, key) == "" {
				t.Errorf("root of %s has no %s", trace.ID, key)
			}
		}
		for _, chat := range named(trace, "chat ") {
			if got, want := attribute(chat, "gen_ai.conversation.id"), trace.Session; got != want {
				t.Errorf("model call's conversation: got %q, want %q", got, want)
			}
			if number(chat, "gen_ai.usage.input_tokens") <= 0 || number(chat, "gen_ai.usage.output_tokens") <= 0 {
				t.Errorf("model call of %s has no usage", trace.ID)
			}
		}
	}
}

// TestAgent_TroubleShows has a row per kind of trouble: what a trace with it shows, and one without does not.
func TestAgent_TroubleShows(t *testing.T) {
	rows := []struct {
		kind   Trouble
		shares Shares
		shows  func(Trace, ptrace.Span) bool
	}{
		{Errors, Shares{Errors: 1}, func(_ Trace, root ptrace.Span) bool {
			return root.Status().Code() == ptrace.StatusCodeError
		}},
		{Slow, Shares{Slow: 1}, func(trace Trace, _ ptrace.Span) bool { return trace.End.Sub(trace.Start) > 30*time.Second }},
		{Costly, Shares{Costly: 1}, func(trace Trace, _ ptrace.Span) bool {
			total, most := tokens(trace)
			return total > 50_000 && most > 20_000
		}},
		{Looping, Shares{Looping: 1}, func(trace Trace, _ ptrace.Span) bool { return failingRepeats(trace) >= 3 }},
		{Poor, Shares{Poor: 1}, func(_ Trace, root ptrace.Span) bool {
			return number(root, "judge.score") == 0.1 && number(root, "judge.score_pct") == 10 && root.Events().Len() == 1 &&
				root.Events().At(0).Name() == "gen_ai.evaluation.result"
		}},
		{Retried, Shares{Retried: 1}, func(trace Trace, root ptrace.Span) bool {
			return root.Status().Code() != ptrace.StatusCodeError && recoveries(trace) == 1
		}},
	}
	for _, row := range rows {
		for _, trace := range generate(t, Config{Sessions: 12, Shares: row.shares}) {
			if trace.Trouble != row.kind {
				t.Errorf("got trouble %q, want %q", trace.Trouble, row.kind)
			}
			if !row.shows(trace, rootOf(t, trace.Spans)) {
				t.Errorf("trace %s is %s by design, and does not show it", trace.ID, row.kind)
			}
		}
		for _, trace := range generate(t, Config{Sessions: 12}) {
			if row.shows(trace, rootOf(t, trace.Spans)) {
				t.Errorf("trace %s is well by design, and shows %s", trace.ID, row.kind)
			}
		}
	}
}

// tokens returns a trace's tokens and the most input tokens of one call.
func tokens(trace Trace) (total, most float64) {
	for _, chat := range named(trace, "chat ") {
		in := number(chat, "gen_ai.usage.input_tokens")
		total += in + number(chat, "gen_ai.usage.output_tokens")
		most = max(most, in)
	}
	return total, most
}

// failingRepeats counts failing calls after the first of the same tool with the same arguments.
func failingRepeats(trace Trace) int {
	seen, repeats := map[string]bool{}, 0
	for _, call := range named(trace, "execute_tool ") {
		key := call.Name() + attribute(call, "gen_ai.tool.call.arguments")
		if call.Status().Code() == ptrace.StatusCodeError && seen[key] {
			repeats++
		}
		seen[key] = true
	}
	return repeats
}

// recoveries counts failing spans with a sibling of the same name that starts later and succeeds.
func recoveries(trace Trace) int {
	spans, n := spansOf(trace.Spans), 0
	for _, failed := range spans {
		if failed.Status().Code() != ptrace.StatusCodeError {
			continue
		}
		for _, span := range spans {
			if span.ParentSpanID() == failed.ParentSpanID() && span.Name() == failed.Name() &&
				span.StartTimestamp() >= failed.EndTimestamp() && span.Status().Code() != ptrace.StatusCodeError {
				n++
				break
			}
		}
	}
	return n
}
