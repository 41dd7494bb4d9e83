package traffic

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A message is a tool call as the model asked for it.
type message struct {
	id, tool, arguments string // arguments as a JSON object
	argument            string // the bare text in it
}

func (w *agentWriter) ask(plan callPlan) message {
	m := message{id: "call_" + randomHex(w.rng, 16), tool: plan.tool.name, argument: w.text(plan.args)}
	if plan.sameAs {
		if w.loop == "" {
			w.loop = m.argument
		}
		m.argument = w.loop
	}
	name := plan.tool.argument
	if plan.retrieval {
		m.tool, name = "search_"+w.session.agent.source, "query"
	}
	m.arguments = `{"` + name + `":"` + m.argument + `"}`
	return m
}

// call writes a tool's or a retrieval's spans and adds the result to the history.
func (w *agentWriter) call(parent pcommon.SpanID, plan callPlan, asked message) {
	if plan.retried {
		first := w.beginCall(parent, plan, asked)
		fail(first, "timeout", "deadline exceeded")
		w.end(first, 1)
	}
	span := w.beginCall(parent, plan, asked)
	for range plan.children {
		w.child(span.SpanID(), plan)
	}
	result := w.text(plan.result)
	switch {
	case plan.fails:
		fail(span, "invalid_argument", "tool refused its arguments")
	case plan.retrieval:
		w.describeDocuments(span, result)
	default:
		span.Attributes().PutStr("gen_ai.tool.call.result", `{"result":"`+result+`"}`)
	}
	w.end(span, 0.3)
	w.session.add("tool", []byte(`{"type":"tool_call_response","id":"`+asked.id+`","response":"`+result+`"}`))
}

func (w *agentWriter) beginCall(parent pcommon.SpanID, plan callPlan, asked message) openSpan {
	s := w.session
	if plan.retrieval {
		span := w.begin(place{searchService, agentScope}, parent, "retrieval "+s.agent.source, ptrace.SpanKindServer)
		m := span.Attributes()
		m.PutStr("gen_ai.operation.name", "retrieval")
		m.PutStr("gen_ai.data_source.id", s.agent.source)
		m.PutInt("gen_ai.retrieval.top_k", 5)
		m.PutStr("gen_ai.retrieval.query.text", asked.argument)
		return span
	}
	span := w.begin(w.here(), parent, "execute_tool "+asked.tool, ptrace.SpanKindInternal)
	m := span.Attributes()
	m.PutStr("gen_ai.operation.name", "execute_tool")
	m.PutStr("gen_ai.tool.name", asked.tool)
	m.PutStr("gen_ai.tool.type", "function")
	m.PutStr("gen_ai.tool.call.id", asked.id)
	m.PutStr("gen_ai.tool.call.arguments", asked.arguments)
	return span
}

// describeDocuments says what a retrieval found; scores fall from the first on.
func (w *agentWriter) describeDocuments(span openSpan, text string) {
	top := 0.7 + 0.3*w.rng.Float64()
	if w.plan.trouble.Has(Poor) {
		top = 0.3 + 0.2*w.rng.Float64()
	}
	span.Attributes().PutDouble("retrieval.top_score", top)
	span.Attributes().PutStr("gen_ai.retrieval.documents",
		`[{"id":"doc-`+randomHex(w.rng, 8)+`","score":`+strconv.FormatFloat(top, 'f', 3, 64)+`,"content":"`+text+`"}]`)
}

// child writes the HTTP or database call that a tool makes.
func (w *agentWriter) child(parent pcommon.SpanID, plan callPlan) {
	where, on := w.session.agent.service, plan.tool
	if plan.retrieval {
		where, on = searchService, tool{database: true, where: "qdrant", path: "passages"}
	}
	at := place{where, clientScope}
	if !on.database {
		s := w.begin(at, parent, "POST", ptrace.SpanKindClient)
		describeHTTP(s, "POST", on.where, on.path)
		w.end(s, 1)
		return
	}
	s := w.begin(at, parent, "SELECT "+on.path, ptrace.SpanKindClient)
	m := s.Attributes()
	m.PutStr("db.system.name", on.where)
	m.PutStr("db.namespace", "production")
	m.PutStr("db.operation.name", "SELECT")
	m.PutStr("db.collection.name", on.path)
	m.PutStr("db.query.text", "SELECT * FROM "+on.path+" WHERE tenant = $1 AND id = $2 LIMIT 20")
	w.end(s, 0.5)
}

func describeHTTP(s openSpan, method, host, path string) {
	m := s.Attributes()
	m.PutStr("http.request.method", method)
	m.PutStr("url.full", "https://"+host+path)
	m.PutStr("server.address", host)
	m.PutInt("server.port", 443)
	m.PutInt("http.response.status_code", 200)
	m.PutStr("network.protocol.version", "2")
}

func textPart(text string) []byte { return []byte(`{"type":"text","content":"` + text + `"}`) }

func answerParts(asked []message) []byte {
	var parts []byte
	for i, m := range asked {
		if i > 0 {
			parts = append(parts, ',')
		}
		parts = append(parts, `{"type":"tool_call","id":"`+m.id+`","name":"`+m.tool+`","arguments":`+m.arguments+`}`...)
	}
	return parts
}

// say adds a message of text to the history.
func (s *session) say(role, text string) { s.add(role, textPart(text)) }

// add adds a message of these parts to the history.
func (s *session) add(role string, parts []byte) {
	if len(s.history) > 0 {
		s.history = append(s.history, ',')
	}
	s.history = append(s.history, `{"role":"`+role+`","parts":[`...)
	s.history = append(s.history, parts...)
	s.history = append(s.history, `]}`...)
}
