package agent

import (
	"bytes"
	"math"
	"slices"

	"github.com/tailwise/tailwise/internal/otlp"
)

// addNode remembers what the tree needs of the span.
func (r *reading) addNode() {
	f, s := r.facts, r.span
	n := node{
		id: idOf(s.ID), parent: idOf(s.Parent), start: s.Start, side: -1, kind: r.kind, dialect: r.dialect,
		origin: newOrigin(r.x.Scopes[s.Scope].Name.In(r.body), f.words.of(r.text(roleService), r.in)),
		agent:  f.words.of(r.text(roleAgent), r.in), flags: r.nodeFlags(),
	}
	if s.End >= s.Start && s.Start != 0 {
		n.length = uint32(min((s.End-s.Start)/lengthUnit, math.MaxUint32))
	}
	if n.kind == spanEcho {
		n.kind = SpanLLM
	}
	if attempt, said := r.number(roleAttempt); said && attempt > 1 {
		n.resent = uint8(min(attempt-1, math.MaxUint8))
	}
	if resent, said := r.number(roleResend); said && n.kind == SpanHTTP {
		n.resent = uint8(min(resent, math.MaxUint8))
	}
	n.name = f.words.of(r.entity(), r.in)
	switch n.kind {
	case spanIdle:
	case SpanTool:
		r.addUse(&n)
	default:
		if r.used || n.kind.callsModel() {
			r.addCall(&n)
		}
	}
	f.acts = f.acts || !n.isPlain()
	f.nodes = append(grow(f.nodes, 16), n)
}

// grow makes room for one more, in steps while a trace is small: doubling would waste more than it saves.
func grow[T any](s []T, step int) []T {
	if len(s) < cap(s) || len(s) >= usualNodes {
		return s
	}
	grown := make([]T, len(s), len(s)+step)
	copy(grown, s)
	return grown
}

func (r *reading) nodeFlags() (flags nodeFlags) {
	s := r.span
	if r.failed {
		flags |= flagFailed
		if r.timedOut() {
			flags |= flagTimeout
		}
	}
	if r.kind == spanEcho {
		flags |= flagEcho
	}
	if s.Start != 0 && s.End >= s.Start {
		flags |= flagSized
	}
	return flags
}

// timedOut tells whether the error is that something took too long.
func (r *reading) timedOut() bool {
	for _, as := range [...]role{roleError, roleException} {
		word := lower(cut(r.text(as), len(r.word)), r.word[:], 0, 0)
		for _, sign := range [...]string{"timeout", "timed out", "timedout", "deadline", "etimedout"} {
			if bytes.Contains(word, []byte(sign)) {
				return true
			}
		}
	}
	if code, said := r.number(roleHTTPStatus); said {
		return code == 408 || code == 504
	}
	return false
}

// cut returns the first n bytes of b.
func cut(b []byte, n int) []byte { return b[:min(len(b), n)] }

// entity names what the span is about: the model that was asked for, the tool, or the agent.
func (r *reading) entity() []byte {
	switch {
	case r.kind.callsModel() || r.kind == spanEcho:
		if asked := r.text(roleAsked); asked != nil {
			return asked
		}
		return r.text(roleAnswered)
	case r.kind == SpanTool:
		return r.toolName()
	case r.kind == SpanRun:
		if name := r.text(roleAgent); name != nil {
			return name
		}
		return r.runName()
	}
	return nil
}

// runName returns the name of an agent whose span does not say it. Some dialects name the span after the agent.
func (r *reading) runName() []byte {
	if said := r.text(roleEntity); said != nil {
		return said
	}
	name := r.nameBehind(nil)
	switch r.dialect {
	case OpenInference, Langfuse, LangSmith, MLflow, Traceloop:
		return name
	}
	if len(name) < int(r.span.Name.Len) {
		return name
	}
	return nil
}

// toolName returns the tool's name: as the span says it, else what is left of the span's own name.
func (r *reading) toolName() []byte {
	if name := r.text(roleTool); name != nil {
		return name
	}
	return r.nameBehind(r.text(roleEntity))
}

// nameBehind returns said, or else the span's name without what stands before and behind the entity's in it.
func (r *reading) nameBehind(said []byte) []byte {
	if said != nil {
		return said
	}
	name := r.span.Name.In(r.body)
	for _, head := range [...]string{"execute_tool ", "invoke_agent ", "tools/call ", "tool.", "Function: ", "agent_run "} {
		name = bytes.TrimPrefix(name, []byte(head))
	}
	for _, tail := range [...]string{".tool", ".agent", ".workflow"} {
		name = bytes.TrimSuffix(name, []byte(tail))
	}
	return name
}

// addUse remembers what a tool was given, and of one that failed the shape of it.
func (r *reading) addUse(n *node) {
	a, keys := r.attr(roleArguments), r.attr(roleShape)
	if r.saysError(r.attr(roleResult)) {
		n.flags |= flagFailed
	}
	var u use
	if a != nil {
		u.arguments = hashOf(a, r.body)
		if n.flags.has(flagFailed) {
			u.shape = shapeOf(a, r.body)
		}
	} else if keys != nil {
		u.shape = hashOf(keys, r.body)
	}
	if u == (use{}) {
		return
	}
	n.side = int32(len(r.facts.uses))
	r.facts.uses = append(grow(r.facts.uses, 8), u)
}

// saysError tells whether a tool's result starts as an error does that was passed on to the model as an answer. No more
// than its first bytes are looked at.
func (r *reading) saysError(a *otlp.Attr) bool {
	const far = 48
	if a == nil || a.Type != otlp.ValueString {
		return false
	}
	text := bytes.TrimLeft(cut(a.Val.In(r.body), far), " \t\r\n\"\\")
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	scan := scanJSON(r.body, a.Val)
	for range 2 {
		path, v, ok := scan.next()
		if !ok {
			return false
		}
		switch string(path) {
		case "isError", "is_error":
			return v.Type == otlp.ValueBool && v.Num != 0
		case "error":
			return v.Type == otlp.ValueString && v.Val.Len > 0
		}
	}
	return false
}

// addCall remembers what a span says of the use of a model.
func (r *reading) addCall(n *node) {
	var c call
	if u, said := r.usage(); said {
		c.usage, c.said = u, saidUsage
	}
	if usd, said := r.cost(); said {
		c.cost, c.said = int64(math.Round(usd*nanos)), c.said|saidCost
	}
	if n.kind.callsModel() {
		if id := r.attr(roleResponse); id != nil && id.Type == otlp.ValueString {
			c.response = otlp.Hash(id.Val.In(r.body))
		}
		c.tier = tier(max(0, slices.Index(tierNames[:], string(r.text(roleTier)))))
	}
	if c == (call{}) {
		return
	}
	c.model = r.facts.words.of(r.model(), r.in)
	c.provider = r.facts.words.of(r.provider(), r.in)
	n.side = int32(len(r.facts.calls))
	r.facts.calls = append(grow(r.facts.calls, 8), c)
}

// nanos is how many nano-dollars are a dollar.
const nanos = 1e9

// cost returns what the span says the call cost, in USD.
func (r *reading) cost() (usd float64, said bool) {
	usd, said = r.number(roleCost)
	if !said {
		in, hasIn := r.number(roleCostInput)
		out, hasOut := r.number(roleCostOutput)
		usd, said = in+out, hasIn || hasOut
	}
	if usd == 0 && r.dialects.has(OpenLIT) {
		return 0, false // it writes 0 for models that it has no price for
	}
	return usd, said
}

// provider returns whose model it is, without the API that the AI SDK names behind a dot. Frameworks that name themselves
// say nothing.
func (r *reading) provider() []byte {
	p := r.text(roleProvider)
	switch string(p) {
	case "langchain", "langgraph", "strands-agents", "gcp.vertex.agent", "microsoft.agent_framework", "pydantic-ai":
		return nil
	}
	for _, api := range [...]string{".chat", ".responses", ".completion", ".completions", ".messages", ".embedding", ".embeddings", ".generative-ai"} {
		p = bytes.TrimSuffix(p, []byte(api))
	}
	return p
}
