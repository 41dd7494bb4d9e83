package agent

import (
	"fmt"
	"math/bits"
	"strings"
)

// Dialect is a way in which some family of libraries writes what an agent does into spans. It is found for each span
// by itself: stacked instrumentations put several into one trace, and exporters make hybrids.
type Dialect uint8

// The dialects, in the order in which one is preferred where a span shows signs of several.
const (
	DialectNone Dialect = iota // no sign of any
	Langfuse
	OpenInference
	LangSmith
	ClaudeCode
	Mastra
	Vercel
	Traceloop
	OpenLIT
	Strands
	ADK
	AgentFramework
	LiteLLM
	PydanticAI
	Logfire
	MLflow
	Sentry
	LiveKit
	Genkit
	OpenClaw
	Codex
	Plain   // the plain keys that applications write by hand
	SemConv // OpenTelemetry's semantic conventions and nothing of the above
	dialectsN
)

var dialectNames = [dialectsN]string{
	"none", "langfuse", "openinference", "langsmith", "claude-code", "mastra", "vercel", "traceloop", "openlit", "strands", "adk",
	"agent-framework", "litellm", "pydantic-ai", "logfire", "mlflow", "sentry", "livekit", "genkit", "openclaw", "codex",
	"plain", "semconv",
}

// String returns the dialect's name in documents and metrics.
func (d Dialect) String() string {
	if d < dialectsN {
		return dialectNames[d]
	}
	return fmt.Sprintf("dialect %d", uint8(d))
}

// dialectSet is a bit per Dialect.
type dialectSet uint32

func setOf(ds ...Dialect) (s dialectSet) {
	for _, d := range ds {
		s |= 1 << d
	}
	return s
}

func (s dialectSet) has(d Dialect) bool { return s>>d&1 != 0 }

// first returns the dialect that is preferred among those of s.
func (s dialectSet) first() Dialect {
	if s &^= 1 << DialectNone; s == 0 {
		return DialectNone
	}
	return Dialect(bits.TrailingZeros32(uint32(s)))
}

// table is what one dialect writes. All tables together compile into one Plan.
type table struct {
	dialect Dialect
	source  string   // where the rows are from: documents, source code or recordings, with versions
	scopes  []string // names of instrumentation scopes; a star stands for anything
	rows    []row
	names   []named // what spans are that say it by their name alone
}

// row is an attribute key, and what it says.
type row struct {
	key  string // one star stands for a number
	role role
	// bare says that the key is too plain to mean this on spans of other dialects.
	bare bool
	// words is the dictionary of a roleKind, and for the roles that ask for a word the values that count, in lower
	// case. A star stands for any value.
	words words
	// members are what the members of a JSON object say that stands under the key. The row's own role is roleNone.
	members []member
	note    string // what is odd about it
}

// words says what the words mean that stand under a key; for roles other than roleKind the kind is of no meaning.
type words map[string]SpanKind

// member is a member of a JSON object: names joined by dots; a star at the end stands for any rest of the last name.
// Of several that fit the first counts.
type member struct {
	path string
	role role
	also role // what it says besides; roleNone: nothing
}

// named is what a span of a dialect is by its name; one star stands for anything.
type named struct {
	name string
	kind SpanKind
}

// tables is every dialect of this build. Of several keys with one role on one span the first, in this order and then
// in the order of rows, that has a usable value counts; they are never added, as instrumentations write old and new
// names of the same number side by side.
var tables = []*table{
	&logfireTable, &langfuseTable, &openInferenceTable, &langSmithTable, &claudeCodeTable, &mastraTable, &vercelTable, &traceloopTable,
	&openLITTable, &strandsTable, &adkTable, &agentFrameworkTable, &liteLLMTable, &pydanticTable,
	&mlflowTable, &sentryTable, &liveKitTable, &genkitTable, &openClawTable, &codexTable, &semconvTable, &plainTable, &generalTable,
}

// tableOf finds a dialect's table.
var tableOf = func() (of [dialectsN]*table) {
	for _, t := range tables {
		of[t.dialect] = t
	}
	return of
}()

// dialectsOfScope returns the dialects whose libraries name their scope so.
func dialectsOfScope(scope string) (s dialectSet) {
	for _, t := range tables {
		for _, pattern := range t.scopes {
			if fits(pattern, scope) {
				s |= setOf(t.dialect)
			}
		}
	}
	return s
}

// fits tells whether text is the pattern, in which one star stands for anything.
func fits(pattern, text string) bool {
	head, tail, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == text
	}
	return len(text) >= len(head)+len(tail) && strings.HasPrefix(text, head) && strings.HasSuffix(text, tail)
}

// fitsBytes is fits without a copy of the text.
func fitsBytes(pattern string, text []byte) bool {
	head, tail, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == string(text)
	}
	return len(text) >= len(head)+len(tail) && string(text[:len(head)]) == head && string(text[len(text)-len(tail):]) == tail
}
