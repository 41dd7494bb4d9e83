package doctor

// check is something that is counted; some are what others are measured against.
type check int

const (
	// What others are measured against.
	ofTraces      check = iota // traces with spans of the group
	ofLed                      // traces in which the group does most of the work
	ofConversing               // those of them in which models were called
	ofSpans                    //
	ofCalls                    // calls to language models
	ofAttempts                 // calls to models and tools, each attempt
	ofSaying                   // spans that say usage
	ofLooked                   // spans that were looked at whole
	ofLookedBytes              // their bytes
	tracesHoled                // traces in which parents are missing

	// What may be wrong.
	orphanSpans
	missingParents
	noRoot
	manyRoots
	noSession
	unended
	siblingRetries
	noise
	noUsage
	noModel
	stackedUsage
	summedUsage
	changingUser
	payload
	droppedAttributes
	checksN
)

type counts [checksN]int64

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	Warn Severity = "warn" // what is told of the traffic is wrong or lacks something
	Info Severity = "info" // it costs something, or has to be known
)

// rule says when a count is a finding.
type rule struct {
	check    check
	id       string
	severity Severity
	of       check
	unit     string // of both counts
	what     string
	// The finding is reported from least on, if it is at least that share.
	least int64
	share float64
}

var rules = []rule{
	{orphanSpans, "orphan-spans", Warn, ofSpans, "spans", "their parent never came: it was filtered out, or is lost", 1, 0},
	{missingParents, "zombie-parents", Warn, ofSpans, "spans", "their parent never came although it does in most traces: it began and was not ended", 1, 0},
	{unended, "unended-spans", Warn, ofSpans, "spans", "sent without the time of their end", 1, 0},
	{noRoot, "no-root", Warn, ofLed, "traces", "no root span came", 1, 0},
	{manyRoots, "many-roots", Warn, ofLed, "traces", "more than one root span: context was lost inside the trace", 1, 0},
	{noSession, "no-session", Warn, ofConversing, "traces", "models were called and no span says the conversation, so turns cannot be kept together", 1, 0},
	{changingUser, "changing-user", Warn, ofTraces, "traces", "spans of one trace name different users: context leaks from one request into another", 1, 0},
	{noUsage, "no-usage", Warn, ofCalls, "calls", "they say no tokens, so their cost is unknown", 1, 0},
	{noModel, "no-model", Warn, ofCalls, "calls", "they name no model, so they have no price", 1, 0},
	{stackedUsage, "usage-twice", Warn, ofSaying, "spans", "calls whose usage another call's span says too: two instrumentations of one client. Counted once here, twice by a backend that adds spans up", 1, 0},
	{summedUsage, "usage-summed", Info, ofSaying, "spans", "they repeat the usage of the calls below them. Counted once here, twice by a backend that adds spans up", 1, 0},
	{siblingRetries, "sibling-retries", Info, ofAttempts, "calls", "attempts that stand beside the one that replaced them; to a backend they look like calls and errors of their own", 1, 0},
	{noise, "noise", Info, ofSpans, "spans", "parts of nothing, shorter than 5 ms, and well: paid for and seldom read", 20, 0.3},
	{payload, "payload", Info, ofLookedBytes, "bytes", "values of 1 KiB and more: the share of the bill that is content", 1, 0.25},
	{droppedAttributes, "dropped-attributes", Warn, ofLooked, "spans", "the SDK dropped attributes at its limit, token counts perhaps among them", 1, 0},
}

// mostlyHoled is the share of traces with missing parents from which on parents are taken to be filtered out rather than
// not ended.
const mostlyHoled = 0.5
