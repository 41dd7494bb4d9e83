package agent_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/agent"
)

var markNames = []string{"root", "leaf", "failed", "unended", "idle", "attempt", "call", "no-usage", "no-model", "says", "repeated", "unpriced"}

// inspected renders what Spans says, a line for each span: id, service, marks, and the number of a missing parent.
func inspected(f *agent.Facts) (lines []string) {
	f.Spans(func(s *agent.Span) bool {
		line := fmt.Sprint(s.ID, " ", s.Service)
		for i, name := range markNames {
			if s.Marks.Has(1 << i) {
				line += " " + name
			}
		}
		if s.Missing > 0 {
			line += fmt.Sprint(" missing:", s.Missing)
		}
		lines = append(lines, line)
		return true
	})
	return lines
}

// TestSpans says what each mark means.
func TestSpans(t *testing.T) {
	web, bot := attrs{"service.name": "web"}, attrs{"service.name": "bot"}
	of := func(resource attrs, s span) span {
		s.resource = resource
		return s
	}
	for _, tc := range []struct {
		name  string
		spans []span
		want  []string
	}{
		{"a whole trace", []span{
			of(web, at(1, 0, 1, 9, "run", op("invoke_agent"))),
			of(bot, at(2, 1, 2, 3, "chat", chat("m", input, 10, output, 1))),
		}, []string{"1 web root", "2 bot leaf call says unpriced"}},
		{"a parent that never came", []span{
			of(bot, at(2, 7, 1, 2, "a", nil)), of(bot, at(3, 7, 2, 3, "b", nil)), of(bot, at(4, 8, 3, 4, "c", nil)),
		}, []string{"2 bot leaf missing:1", "3 bot leaf missing:1", "4 bot leaf missing:2"}},
		{"no end, no service", []span{{id: 1, start: 1}}, []string{"1  root leaf unended"}},
		{"a call without usage and model", []span{of(bot, at(1, 0, 1, 2, "chat", op("chat")))},
			[]string{"1 bot root leaf call no-usage no-model"}},
		{"a failed call needs no usage", []span{of(bot, span{id: 1, start: 1, end: 2, attrs: chat("m"), status: ptrace.StatusCodeError})},
			[]string{"1 bot root leaf failed call"}},
		{"a sum repeats what calls say", []span{
			of(bot, at(1, 0, 1, 9, "run", op("invoke_agent", input, 10, output, 1))),
			of(bot, at(2, 1, 2, 3, "chat", chat("m", input, 10, output, 1))),
		}, []string{"1 bot root says repeated", "2 bot leaf call says unpriced"}},
		{"attempts side by side", []span{
			of(bot, at(1, 0, 1, 9, "run", op("invoke_agent"))),
			of(bot, failing(at(2, 1, 2, 3, "chat", chat("m")))),
			of(bot, at(3, 1, 4, 5, "chat", chat("m", input, 10, output, 1))),
		}, []string{"1 bot root", "2 bot leaf failed attempt", "3 bot leaf call says unpriced"}},
	} {
		if got := inspected(factsOf(t, nil, tc.spans...)); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", tc.name, strings.Join(got, "\n  "), strings.Join(tc.want, "\n  "))
		}
	}
}

// TestSpans_SameActions holds the two ways to ask for actions to each other.
func TestSpans_SameActions(t *testing.T) {
	f := factsOf(t, nil, turn("conv-1")...)
	var want, got []agent.Action
	f.Actions(func(a *agent.Action) bool { want = append(want, *a); return true })
	n := 0
	f.Spans(func(s *agent.Span) bool {
		if n++; s.Action != nil {
			got = append(got, *s.Action)
		}
		return true
	})
	if !slices.Equal(got, want) || n != len(turn("conv-1")) {
		t.Errorf("spans: got %d with %d actions, want %d with the %d of Actions", n, len(got), len(turn("conv-1")), len(want))
	}
}

func TestManyUsers(t *testing.T) {
	user := func(id uint64, key, name string) span {
		return span{id: id, start: float64(id), end: 9, attrs: attrs{key: name}}
	}
	for _, tc := range []struct {
		name  string
		spans []span
		want  bool
	}{
		{"one user", []span{user(1, "user.id", "a"), {id: 2}, user(3, "user.id", "a")}, false},
		{"two users", []span{user(1, "user.id", "a"), {id: 2}, user(3, "user.id", "b")}, true},
		{"one user under two keys", []span{user(1, "user.id", "a"), user(2, "enduser.id", "hash-of-a")}, false},
		{"no user", []span{{id: 1}}, false},
	} {
		for range 2 {
			if got := factsOf(t, nil, tc.spans...).ManyUsers(); got != tc.want {
				t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
			}
			slices.Reverse(tc.spans)
		}
	}
}

func TestLast(t *testing.T) {
	f := factsOf(t, nil, span{id: 2, start: 5, attrs: attrs{"openinference.span.kind": "LLM"}},
		span{id: 1, start: 1, resource: attrs{"service.name": "bot"}, attrs: attrs{"openinference.span.kind": "TOOL"}})
	if service, dialect := f.Last(); service != "bot" || dialect != agent.OpenInference {
		t.Errorf("last: got %q %v, want bot openinference", service, dialect)
	}
}
