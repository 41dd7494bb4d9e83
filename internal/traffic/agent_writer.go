package traffic

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Scopes of the instrumentations in an agent's process.
const (
	agentScope  = "example.agents"
	clientScope = "example.clients"
)

// An agentWriter writes one turn of a session: the planned steps with their texts.
type agentWriter struct {
	*writer
	session *session
	plan    turnPlan
	// loop is the argument that a looping trace repeats.
	loop string
}

func (w *agentWriter) turn() {
	s := w.session
	root := w.begin(w.here(), pcommon.SpanID{}, "invoke_agent "+s.agent.name, ptrace.SpanKindInternal)
	s.say("user", w.text(w.plan.user))
	for i, step := range w.plan.steps {
		w.step(root.SpanID(), i+1, step)
	}
	w.describeRoot(root)
	w.end(root, 0.1)
}

func (w *agentWriter) here() place { return place{w.session.agent.service, agentScope} }

// text makes a text of so many units.
func (w *agentWriter) text(units float64) string {
	return string(appendText(nil, w.rng, int(units*w.session.unit)))
}

func (w *agentWriter) describeRoot(root openSpan) {
	s, m := w.session, root.Attributes()
	m.PutStr("gen_ai.operation.name", "invoke_agent")
	m.PutStr("gen_ai.provider.name", s.agent.provider)
	m.PutStr("gen_ai.agent.name", s.agent.name)
	m.PutStr("gen_ai.agent.id", s.agent.id)
	m.PutStr("gen_ai.conversation.id", s.id)
	m.PutStr("user.id", s.user)
	m.PutStr("tenant.id", s.tenant)
	m.PutStr("feature.name", s.agent.feature)
	score := 0.6 + 0.4*w.rng.Float64()
	if w.plan.trouble.Has(Poor) {
		score = 0.1
		event := root.Events().AppendEmpty()
		event.SetName("gen_ai.evaluation.result")
		event.Attributes().PutStr("gen_ai.evaluation.name", "relevance")
		event.Attributes().PutDouble("gen_ai.evaluation.score.value", score)
		event.Attributes().PutStr("gen_ai.evaluation.score.label", "irrelevant")
	}
	// The same twice, as not every sampler can compare a double.
	m.PutDouble("judge.score", score)
	m.PutInt("judge.score_pct", int64(100*score+0.5))
	if w.plan.trouble.Has(Errors) {
		fail(root, "tool_error", "run ended by a failing tool")
	}
}

func (w *agentWriter) step(parent pcommon.SpanID, number int, plan stepPlan) {
	step := w.begin(w.here(), parent, fmt.Sprintf("step %d", number), ptrace.SpanKindInternal)
	step.Attributes().PutInt("agent.step", int64(number))
	asked := make([]message, len(plan.calls))
	for i, call := range plan.calls {
		asked[i] = w.ask(call)
	}
	output := answerParts(asked)
	if len(plan.calls) == 0 {
		output = textPart(w.text(plan.answer))
	}
	if plan.chatRetried {
		chat := w.chat(step.SpanID(), nil, "")
		fail(chat, "429", "rate limit reached")
		w.end(chat, 0.3)
	}
	w.answered(step.SpanID(), len(plan.calls) > 0, output)
	w.session.add("assistant", output)
	for i, call := range plan.calls {
		w.call(step.SpanID(), call, asked[i])
	}
	w.end(step, 0.05)
}

// answered writes a model call that succeeds, with its HTTP request.
func (w *agentWriter) answered(parent pcommon.SpanID, calls bool, output []byte) {
	reason := "stop"
	if calls {
		reason = "tool_call"
	}
	chat := w.chat(parent, output, reason)
	http := w.begin(place{w.session.agent.service, clientScope}, chat.SpanID(), "POST", ptrace.SpanKindClient)
	describeHTTP(http, "POST", w.session.agent.host, "/v1/responses")
	w.end(http, 4)
	w.end(chat, 0.1)
}

// chat opens a model call with the whole history as its input. Output is nil where the call is going to fail.
func (w *agentWriter) chat(parent pcommon.SpanID, output []byte, reason string) openSpan {
	s := w.session
	chat := w.begin(w.here(), parent, "chat "+s.agent.model, ptrace.SpanKindClient)
	m := chat.Attributes()
	m.EnsureCapacity(18)
	m.PutStr("gen_ai.operation.name", "chat")
	m.PutStr("gen_ai.provider.name", s.agent.provider)
	m.PutStr("gen_ai.request.model", s.agent.model)
	m.PutStr("gen_ai.conversation.id", s.id)
	m.PutStr("gen_ai.agent.name", s.agent.name)
	m.PutInt("gen_ai.request.max_tokens", 4096)
	m.PutDouble("gen_ai.request.temperature", 0.2)
	m.PutStr("server.address", s.agent.host)
	m.PutInt("server.port", 443)
	m.PutStr("gen_ai.system_instructions", `[{"type":"text","content":"`+s.system+`"}]`)
	m.PutStr("gen_ai.input.messages", "["+string(s.history)+"]")
	if output == nil {
		return chat
	}
	m.PutStr("gen_ai.response.model", s.agent.response)
	m.PutStr("gen_ai.response.id", "resp_"+randomHex(w.rng, 24))
	m.PutEmptySlice("gen_ai.response.finish_reasons").AppendEmpty().SetStr(reason)
	m.PutInt("gen_ai.usage.input_tokens", w.inputTokens())
	m.PutInt("gen_ai.usage.output_tokens", 20+int64(len(output))/bytesPerToken)
	m.PutStr("gen_ai.output.messages",
		`[{"role":"assistant","parts":[`+string(output)+`],"finish_reason":"`+reason+`"}]`)
	return chat
}

// bytesPerToken is high because much of the bytes is markup; it keeps an ordinary trace of the default size below
// 50,000 tokens.
const bytesPerToken = 10

func (w *agentWriter) inputTokens() int64 {
	tokens := int64(len(w.session.system)+len(w.session.history)) / bytesPerToken
	if w.plan.trouble.Has(Costly) {
		tokens += 24_000 // as of attached files, which are not in the messages
	}
	return tokens
}
