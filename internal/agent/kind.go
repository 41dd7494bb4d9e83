package agent

import "fmt"

// SpanKind is what a span is in the life of an agent, whoever wrote it.
type SpanKind uint8

// The kinds of spans.
const (
	SpanOther      SpanKind = iota // anything else, such as a chain, a database call or the application's own function
	SpanRun                        // an agent or a workflow at work
	SpanTurn                       // from what a user said to the answer
	SpanStep                       // one round of a run's loop: a model call and what it asked for
	SpanLLM                        // a call to a language model
	SpanTool                       // a tool at work
	SpanRetrieval                  // a search for documents
	SpanRerank                     // a call to a model that sorts documents
	SpanEmbedding                  // a call to an embedding model
	SpanGuardrail                  // a check of what goes in or comes out
	SpanEvaluation                 // a score of something
	SpanFeedback                   // what a user thought of it
	SpanRetry                      // an attempt that another one replaced
	SpanMemory                     // an agent's memory, read or written
	SpanHandoff                    // one agent passes the run to another
	SpanHTTP                       // an HTTP request

	// spanChain is a part of a framework's own pipeline. It becomes a run where nothing else is one.
	spanChain
	// spanEcho completes what another span says: its usage counts, but it is no call itself.
	spanEcho
	// spanIdle repeats what another span says: nothing of it counts.
	spanIdle
	spanKindsN
)

var spanKindNames = [spanKindsN]string{
	"other", "run", "turn", "step", "llm", "tool", "retrieval", "rerank", "embedding", "guardrail", "evaluation", "feedback",
	"retry", "memory", "handoff", "http", "other", "other", "other",
}

// String returns the kind's name in documents and metrics.
func (k SpanKind) String() string {
	if k < spanKindsN {
		return spanKindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// callsModel tells whether spans of the kind use tokens themselves. The tokens of all others repeat those of spans below.
func (k SpanKind) callsModel() bool { return k == SpanLLM || k == SpanEmbedding || k == SpanRerank }
