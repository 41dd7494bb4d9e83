package doctor

import "github.com/tailwise/tailwise/internal/agent"

// advice says how a finding is mended: in general, and in the libraries where there is something to say of their own.
type advice struct {
	general string
	in      map[agent.Dialect]string
}

// fixFor returns how a finding is mended in a dialect's library.
func fixFor(id string, d agent.Dialect) string {
	a := fixes[id]
	if own, has := a.in[d]; has {
		return own
	}
	return a.general
}

// fixes is what is known of libraries, as of the versions that docs/facts.md and the recordings speak of.
var fixes = map[string]advice{
	"orphan-spans": {
		"Export every span of the trace: look for a filter in front of the exporter that keeps only some libraries' spans, for a sampler that decides in the middle of a trace, and for work that leaves the context, in generators, threads and queues.",
		map[agent.Dialect]string{
			agent.Langfuse:      "By default the SDK exports spans of LLM libraries only and leaves the HTTP request around them out. Give its span processor a shouldExportSpan that keeps them, or export the application's spans by an exporter of their own to the same address.",
			agent.LangSmith:     "LangSmith's OTLP processor exports its own runs only. Register an exporter for the application's spans too, or start the run without an OpenTelemetry parent.",
			agent.OpenInference: "With openinference-vercel leave the spanFilter out, or set reparentOrphanedSpans. With the Agents SDK the root is left out when a run throws: catch it inside withTrace and let the trace end.",
			agent.Traceloop:     "In JavaScript a workflow, agent or tool whose promise is rejected never ends its span, and neither does a failed call of the OpenAI client: catch inside the decorated function. The SDK also exports allowed scopes only: give its processor the others.",
			agent.Vercel:        "A span filter in front of the exporter that keeps AI spans only drops the HTTP request around them: let it pass the parents.",
			agent.ClaudeCode:    "The span of the interaction often does not come. Nothing in the application mends it; its spans are kept together by session.id.",
			agent.SemConv:       "Provider instrumentations write calls only. Instrument the agent or the request around them too, and export by the same pipeline.",
		},
	},
	"zombie-parents": {
		"End spans in a finally block or a context manager, read streams to their end or close them, and flush the exporter before the process ends.",
		map[agent.Dialect]string{
			agent.Vercel:        "Read or cancel every stream (consumeStream): the spans of a stream that nobody reads do not end. Streams that the server cuts off leave no spans up to version 6; version 7 ends them with an error.",
			agent.LangSmith:     "A run that is never patched ends after an hour as if all were well. Await the callbacks (LANGCHAIN_CALLBACKS_BACKGROUND=false, awaitPendingTraceBatches) before the process ends.",
			agent.OpenInference: "A stream that is left before its end leaves no span: close the stream. With the Agents SDK end the trace when a run throws.",
			agent.Traceloop:     "In JavaScript a rejected promise leaves the span of its workflow, agent or tool open: catch inside the decorated function and return the failure.",
			agent.OpenLIT:       "Spans of failed calls and streams leak in some versions: upgrade, and close streams.",
			agent.ADK:           "A generator that is closed early leaves the spans around it open: read the runner's events to their end.",
		},
	},
	"unended-spans": {
		"A span was exported before it ended. Export from onEnd only; of placeholders for running spans send none.",
		map[agent.Dialect]string{agent.Logfire: "These are placeholders for spans that are still open. Nothing of them counts; leave the processor for pending spans out to save them."},
	},
	"no-root": {
		"The root was filtered out, never ended, or went elsewhere. Export the span that begins the work by the same exporter, end it in a finally block, and flush before the process ends. Without a root a trace waits for decide.idle instead of decide.settle.",
		map[agent.Dialect]string{
			agent.Langfuse:      "The root is the HTTP request, which the SDK does not export by default: give its span processor a shouldExportSpan that keeps it.",
			agent.OpenInference: "With the Agents SDK the root does not come when a run throws inside withTrace: catch it there.",
			agent.ClaudeCode:    "The span of the interaction often does not come. Its spans are kept together by session.id.",
			agent.LangSmith:     "LangSmith exports its own runs only. Export the application's spans too.",
			agent.Traceloop:     "In JavaScript the workflow's span never ends when its promise is rejected: catch inside the function.",
		},
	},
	"many-roots": {
		"One trace id, and spans that name no parent: somebody takes the trace id over and loses the span. Pass the whole context on (traceparent), into threads, callbacks and queues too.",
		map[agent.Dialect]string{
			agent.LangSmith: "LangSmith does not make its spans current. Turn its OpenTelemetry mode on for all processes, so that ids come from one context.",
		},
	},
	"no-session": {
		"Say the conversation on the root or on any span: session.id or gen_ai.conversation.id, or name your own key under identity.session.",
		map[agent.Dialect]string{
			agent.OpenInference: "Run the turn inside using_session(...) (setSession in JavaScript). With the Agents SDK in JavaScript groupId is not taken: call setSession around run.",
			agent.Traceloop:     "Call Traceloop.set_association_properties({\"session_id\": ...}) (withAssociationProperties in JavaScript), or set gen_ai.conversation.id.",
			agent.Vercel:        "Give experimental_telemetry.metadata.sessionId with every call; in version 7 runtimeContext with includeRuntimeContext.",
			agent.LangSmith:     "Give metadata {\"session_id\": ...} or {\"thread_id\": ...} with the run.",
			agent.Langfuse:      "Set the session with propagateAttributes({sessionId}) around the turn.",
			agent.OpenLIT:       "usingAttributes covers successful calls only. Put session.id on a span of your own around the turn.",
			agent.PydanticAI:    "Pass conversation_id to the run, or put session.id on a span around it.",
			agent.Mastra:        "Give memory.thread or metadata.threadId with the call.",
			agent.Strands:       "Give the agent trace_attributes={\"session.id\": ...}.",
			agent.SemConv:       "The client's instrumentation does not know the conversation. Put gen_ai.conversation.id on a span of your own around the turn.",
		},
	},
	"changing-user": {
		"Set the user in the scope of the request and detach it at its end; do not keep a context or baggage in a global, a worker or a pooled connection.",
		map[agent.Dialect]string{
			agent.Traceloop: "Association properties that are set globally stay for the next request of the same thread. Set them inside the workflow.",
			agent.Langfuse:  "Use propagateAttributes around the request instead of updating a shared client.",
		},
	},
	"no-usage": {
		"Ask for usage where it is not sent by itself, and record it as gen_ai.usage.input_tokens and gen_ai.usage.output_tokens.",
		map[agent.Dialect]string{
			agent.OpenInference: "Streams of OpenAI say usage only with stream_options={\"include_usage\": true}.",
			agent.LangSmith:     "Streams of OpenAI say usage only with stream_options={\"include_usage\": true} (stream_usage=True in LangChain).",
			agent.Langfuse:      "Streams of OpenAI say usage only with stream_options={\"include_usage\": true}. Embeddings are written as generations without usage.",
			agent.SemConv:       "Streams of OpenAI say usage only with stream_options={\"include_usage\": true}.",
		},
	},
	"no-model": {"Record gen_ai.request.model and gen_ai.response.model on the span of the call.", nil},
	"usage-twice": {
		"Switch one of the instrumentations off: of the framework's and the client's keep the framework's, of the client's and the gateway's the client's.",
		map[agent.Dialect]string{
			agent.Traceloop: "Give Traceloop.init the instruments that you need, without the client that the framework traces itself; on the AI SDK both its outer and its inner span are calls.",
			agent.LiteLLM:   "The gateway and the client both record the call. Leave one out, or do not forward traceparent.",
			agent.ADK:       "ADK records its calls itself: leave the instrumentation of LiteLLM or google-genai out.",
		},
	},
	"usage-summed": {
		"Nothing to mend here. In a backend that adds up spans, count spans of calls only.",
		map[agent.Dialect]string{
			agent.Vercel:     "The outer span repeats the usage: the sum from version 6 on, the last step's before. Count doGenerate and doStream (chat in version 7) only.",
			agent.Strands:    "The agent's span says what the Agent object used in all its life. Count chat only.",
			agent.PydanticAI: "Before version 2 the agent's span has the sum under the same keys: upgrade, or count chat only.",
		},
	},
	"sibling-retries": {
		"Wrap the attempts in one span, or write http.request.resend_count on the attempts. Tailwise counts them as one call with retries.",
		map[agent.Dialect]string{
			agent.Vercel:    "Up to version 6 each attempt is a doGenerate or doStream of its own under the same call; version 7 writes one span.",
			agent.LangSmith: "with_retry makes a run of each attempt, tagged retry:attempt:N.",
		},
	},
	"noise": {
		"Switch the instrumentations off that nobody reads (file system, DNS, middleware, database pools), or drop their spans in the SDK.",
		map[agent.Dialect]string{
			agent.Codex:   "The CLI writes hundreds of spans of its own functions. Raise its log level for traces.",
			agent.LiteLLM: "The proxy writes spans of its cache, database and authentication: switch them off in its callback settings.",
		},
	},
	"payload": {
		"Content in attributes is the bill. Record it where it is needed (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT), once instead of the whole history with every call.",
		map[agent.Dialect]string{
			agent.OpenInference: "OPENINFERENCE_HIDE_INPUTS, OPENINFERENCE_HIDE_OUTPUTS and their finer forms leave content out.",
			agent.Traceloop:     "TRACELOOP_TRACE_CONTENT=false leaves content out.",
			agent.Vercel:        "recordInputs: false and recordOutputs: false in experimental_telemetry leave content out.",
			agent.PydanticAI:    "InstrumentationSettings(include_content=False) leaves content out.",
			agent.Logfire:       "InstrumentationSettings(include_content=False) leaves content out.",
			agent.Langfuse:      "The mask function of the client cuts content; traces carry it on the root and on the call.",
			agent.LangSmith:     "LANGSMITH_HIDE_INPUTS and LANGSMITH_HIDE_OUTPUTS leave content out.",
			agent.OpenLIT:       "capture_message_content=False leaves content out.",
			agent.MLflow:        "Every chain repeats the inputs and outputs below it: trace the calls only.",
		},
	},
	"dropped-attributes": {
		"Raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT (128 by default), or use a library that writes messages as one value instead of one key for each part.",
		map[agent.Dialect]string{
			agent.OpenInference: "Messages are written as one key for each part, so long conversations reach the limit. Raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, or OPENINFERENCE_HIDE_INPUT_MESSAGES.",
			agent.Traceloop:     "Older versions write one key for each part of a message: upgrade, or raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT.",
		},
	},
	"invalid-value": {
		"Write the value as the key means it: counts as whole numbers of zero and more, costs in dollars, times in the unit that the key names.",
		map[agent.Dialect]string{
			agent.Vercel: "Versions 3 and 4 write NaN where a stream says no usage: upgrade, or ask for usage.",
		},
	},
	"many-values": {"Take ids, numbers and times out of the value and put them under a key of their own; name a span by the kind of work, not by its object.", nil},
}

// untoldBy is what no span of a library tells, whatever is mended. docs/facts.md has the whole table.
var untoldBy = map[agent.Dialect][]string{
	agent.OpenInference: {"attempts inside a provider's SDK", "a call that failed: in JavaScript and without streaming it leaves no span", "finish reasons of the Agents SDK's chat models"},
	agent.Traceloop:     {"attempts inside a provider's SDK", "in JavaScript a call or a tool that failed: it leaves no span", "usage of streams that say none: numbers are made up by counting words"},
	agent.Vercel:        {"a refusal: it is written as a content filter, versions 4 and 5 drop it", "cached and reasoning tokens of OpenAI in generateText of version 5", "attempts in version 7"},
	agent.SemConv:       {"attempts inside a provider's SDK", "refusals, where content is not recorded", "with openai-v2 the responses API and finish reasons of streams"},
	agent.Langfuse:      {"attempts inside a provider's SDK", "finish reasons"},
	agent.OpenLIT:       {"attempts inside a provider's SDK", "tools", "with Anthropic's streams the cached tokens", "usage of streams that say none: numbers are made up by counting words"},
	agent.PydanticAI:    {"attempts inside a provider's SDK", "a refusal: it is written as a content filter"},
	agent.LangSmith:     {"attempts inside a provider's SDK", "failures in the status of spans: only the exception tells"},
	agent.MLflow:        {"attempts inside a provider's SDK", "reasoning tokens"},
	agent.Mastra:        {"attempts inside a provider's SDK", "failures of calls: only the root says them"},
	agent.ClaudeCode:    {"cost: it is in log records only"},
	agent.Codex:         {"failures: every span ends unset", "the conversation: it is in log records only"},
}
