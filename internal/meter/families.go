package meter

// The families.
const (
	spending = iota
	traces
	runs
	steps
	llms
	embeddings
	reranks
	retrievals
	tools
	familiesN
)

// The amounts of spending.
const (
	spentNanos = iota
	tokensInput
	tokensCacheRead
	tokensCacheWrite
	tokensOutput
	tokensReasoning
	callsUnpriced
)

// The amounts of all others.
const (
	calls = iota
	errorsN
	retries
	timeouts
)

// about describes a family: what docs/metrics.md says of it.
type about struct {
	keys     []string // attributes, in the order of labels
	counters []counter
	timed    string // name of the histogram of durations; empty: none
	of       string // what it is of
}

// counter is a sum that only grows. Those of one name are points of one metric.
type counter struct {
	name, unit, doc string
	amount          int    // into amounts
	key, value      string // an attribute besides; empty: none
	rare            bool   // left out of a series where it is zero
}

const (
	keyTenant  = "tenant"
	keyFeature = "feature"
	keyAgent   = "agent"
	keyModel   = "model"
	keyTool    = "tool"
	keyStep    = "step"
	keyUser    = "user"
	keyType    = "type"
	keyMetrics = "metrics"
	// keyOverflow marks what found no room, as OpenTelemetry's SDKs do.
	keyOverflow = "otel.metric.overflow"
)

const (
	costName, costUnit, costDoc     = "tailwise.cost", "USD", "What calls to models cost."
	tokenName, tokenUnit, tokensDoc = "tailwise.tokens", "{token}", "Tokens that models took and gave, by type; all types together are the total."
)

var abouts = [familiesN]about{
	spending: {
		keys: []string{keyTenant, keyFeature, keyAgent, keyModel},
		counters: []counter{
			{name: costName, unit: costUnit, doc: costDoc, amount: spentNanos},
			{tokenName, tokenUnit, tokensDoc, tokensInput, keyType, "input", true},
			{tokenName, tokenUnit, tokensDoc, tokensCacheRead, keyType, "cache_read", true},
			{tokenName, tokenUnit, tokensDoc, tokensCacheWrite, keyType, "cache_write", true},
			{tokenName, tokenUnit, tokensDoc, tokensOutput, keyType, "output", true},
			{tokenName, tokenUnit, tokensDoc, tokensReasoning, keyType, "reasoning", true},
			{name: "tailwise.cost.unpriced", unit: "{call}", doc: "Calls whose price is not known; tailwise.cost lacks them.", amount: callsUnpriced, rare: true},
		},
	},
	traces: {
		keys: []string{keyTenant, keyFeature, keyAgent},
		counters: []counter{
			{name: "tailwise.traces", unit: "{trace}", doc: "Traces that were decided, kept and dropped.", amount: calls},
			{name: "tailwise.trace.errors", unit: "{trace}", doc: "Those of them in which a span failed.", amount: errorsN},
		},
		timed: "tailwise.trace.duration", of: "From the start of a trace's first span to the end of its last.",
	},
	runs:       action("run", "runs of agents and workflows", keyAgent),
	steps:      action("step", "rounds of model call and what it asked for", keyAgent, keyStep),
	llms:       action("llm", "calls to language models", keyAgent, keyModel),
	embeddings: action("embedding", "calls to embedding models", keyAgent, keyModel),
	reranks:    action("rerank", "calls to models that sort documents", keyAgent, keyModel),
	retrievals: action("retrieval", "searches for documents", keyAgent),
	tools:      action("tool", "runs of tools, by the model that asked for them", keyAgent, keyTool, keyModel),
}

// action makes the family of one kind of action.
func action(kind, of string, keys ...string) about {
	name := "tailwise." + kind
	a := about{
		keys: keys,
		counters: []counter{
			{name: name + ".calls", unit: "{call}", doc: "How many: " + of + ".", amount: calls},
			{name: name + ".errors", unit: "{call}", doc: "How many failed: " + of + ".", amount: errorsN},
		},
		timed: name + ".duration", of: "How long: " + of + ".",
	}
	if kind != "run" && kind != "step" {
		a.counters = append(a.counters, counter{name: name + ".retries", unit: "{call}",
			doc: "Attempts that another attempt replaced: " + of + ".", amount: retries, rare: true})
	}
	if kind == "tool" {
		a.counters = append(a.counters, counter{name: name + ".timeouts", unit: "{call}",
			doc: "How many failed because something took too long: " + of + ".", amount: timeouts, rare: true})
	}
	return a
}
