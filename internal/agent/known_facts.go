package agent

import "time"

// facts is every fact of this build, in the order of docs/facts.md.
var facts = []fact{
	duration("duration", "from the start of the first span to the end of the last", func(f *Facts) (int64, bool) {
		return int64(f.Duration()), f.start != 0 && f.end != 0
	}),
	count("spans", "spans of the trace", func(f *Facts) int64 { return f.spans }),
	count("errors", "spans that failed", func(f *Facts) int64 { return f.errors }),
	count("roots", "spans without parent", func(f *Facts) int64 { return f.roots }),
	inTree("orphans", "spans whose parent is not in the trace", func(t *treeFacts) int64 { return t.orphans }),
	truth("complete", "there is a root, and every parent that a span names", func(f *Facts) bool {
		return f.roots > 0 && f.finish().orphans == 0
	}),
	text("root.name", "name of the earliest root span", func(f *Facts) string { return f.root.text }),
	text("root.status", "status of the earliest root span: ok, error or unset", (*Facts).rootStatus),
	text("service", "service.name of the root's process, else of the earliest span's", picked(func(f *Facts) *pick { return &f.service })),
	texts("services", "every service.name, at most 32", func(f *Facts) []string { return f.services }),
	text("environment", "deployment environment of the root's process, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.environment })),
	text("deployment.version", "service.version of the root's process, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.version })),

	tokens("tokens.input", "tokens that went into models, those read from a cache and written to it included", func(u *Usage) int64 { return u.Input }),
	tokens("tokens.output", "tokens that came out of models, reasoning included", func(u *Usage) int64 { return u.Output }),
	tokens("tokens.total", "tokens.input and tokens.output together", func(u *Usage) int64 { return u.Total() }),
	tokens("tokens.cache_read", "input tokens that were read from a cache", func(u *Usage) int64 { return u.CacheRead }),
	tokens("tokens.cache_write", "input tokens that were written to a cache", func(u *Usage) int64 { return u.CacheWrite }),
	tokens("tokens.reasoning", "output tokens that were spent on reasoning", func(u *Usage) int64 { return u.Reasoning }),

	number("cost.usd", "what calls to models cost, in USD: as spans report it, else by the price table", func(f *Facts) (float64, bool) {
		t := f.finish()
		return float64(t.cost) / nanos, t.costKnown
	}),
	number("cost.reported", "the part of cost.usd that spans report themselves", func(f *Facts) (float64, bool) {
		t := f.finish()
		return float64(t.reported) / nanos, t.reportedKnown
	}),
	inTree("cost.unpriced", "calls to models whose price is not known; cost.usd lacks them", func(t *treeFacts) int64 { return t.unpricedN }),
	texts("cost.unpriced_models", "the models of those calls, at most 32", func(f *Facts) []string { return f.finish().unpriced }),

	inTree("llm.calls", "calls to language models; what is traced twice counts once, and attempts of one call too", func(t *treeFacts) int64 { return t.llmCalls }),
	inTree("llm.errors", "calls to language models that failed for good", func(t *treeFacts) int64 { return t.llmErrors }),
	inTree("tool.calls", "tools that were run", func(t *treeFacts) int64 { return t.toolCalls }),
	inTree("tool.errors", "runs of tools that failed for good", func(t *treeFacts) int64 { return t.toolErrors }),
	inTree("tool.timeouts", "runs of tools that failed because something took too long", func(t *treeFacts) int64 { return t.toolTimeouts }),
	inTree("tool.rejections", "failures of a tool that had failed before with arguments of the same shape", func(t *treeFacts) int64 { return t.toolRejections }),
	inTree("tool.repeats", "runs of a tool that had been run before with the same arguments", func(t *treeFacts) int64 { return t.toolRepeats }),
	texts("tool.names", "the tools that were run, at most 32", func(f *Facts) []string { return f.finish().toolNames }),
	inTree("retries", "attempts of calls that another attempt replaced", func(t *treeFacts) int64 { return t.retries }),
	inTree("retrievals", "searches for documents", func(t *treeFacts) int64 { return t.retrievals }),
	inTree("handoffs", "times that one agent passed the run to another", func(t *treeFacts) int64 { return t.handoffs }),
	inTree("turns", "turns of the conversation in the trace", (*treeFacts).turnsN),
	inTree("steps", "rounds of model call and what it asked for, as spans say or as their order tells", func(t *treeFacts) int64 { return t.steps }),

	texts("models", "models that answered, or were asked for where none says it answered; at most 32", (*Facts).modelNames),
	texts("finish_reasons", "why models stopped: stop, length, tool_call, content_filter, error, cancelled, unknown", func(f *Facts) []string {
		return f.signals.reasons().names()
	}),
	reason("truncated", "a model stopped because it ran into a limit of length", reasonLength),
	reason("content_filtered", "a model stopped at a content filter, or refused", reasonFilter),
	reason("refusal", "a model refused, as its finish reason says", reasonRefusal),
	truth("guardrail.blocked", "a guardrail stopped something", func(f *Facts) bool { return f.signals.flags.has(signalBlocked) }),
	truth("human_approval", "a person was asked for approval", func(f *Facts) bool { return f.signals.flags.has(signalApproval) }),
	{Info: Info{"streaming", TypeBool, "a model's answer was streamed"}, number: func(f *Facts) (int64, bool) {
		flags := f.signals.flags
		return number01(flags.has(signalStreamed)), flags&(signalStreamed|signalWhole) != 0
	}},
	duration("ttft", "the longest time that a call to a model took to its first token", func(f *Facts) (int64, bool) {
		return int64(f.signals.ttft * float64(time.Second)), f.signals.flags.has(signalTTFT)
	}),
	number("retrieval.top_score", "the best score of a retrieval's documents; of several retrievals the lowest", func(f *Facts) (float64, bool) {
		return f.signals.top, f.signals.flags.has(signalTop)
	}),
	number("retrieval.min_score", "the lowest score of any document that was retrieved", func(f *Facts) (float64, bool) {
		return f.signals.least, f.signals.flags.has(signalLeast)
	}),
	number("retrieval.distance", "the distance of a retrieval's nearest document; of several retrievals the largest", func(f *Facts) (float64, bool) {
		return f.signals.near, f.signals.flags.has(signalNear)
	}),

	text("agent.name", "name of the agent that the root says, else the earliest span that says one", (*Facts).agentName),
	texts("agents", "every agent that ran, at most 32", func(f *Facts) []string { return f.finish().agents }),
	text("prompt.name", "name of the prompt, of the root, else of the earliest span that says one", picked(func(f *Facts) *pick { return &f.prompt })),
	text("prompt.version", "version of the prompt, likewise", picked(func(f *Facts) *pick { return &f.promptVersion })),
	text("prompt.class", "hash of the system's instructions and the names of the tools, of the earliest call to a model", picked(func(f *Facts) *pick { return &f.promptClass })),
	text("session", "the conversation that the root says, else the earliest span that says one", picked(func(f *Facts) *pick { return &f.session })),
	text("user", "the user, likewise", picked(func(f *Facts) *pick { return &f.user })),
	text("tenant", "the tenant, likewise", picked(func(f *Facts) *pick { return &f.tenant })),
	text("feature", "the feature of the product, likewise", picked(func(f *Facts) *pick { return &f.feature })),
	text("incident", "the incident that the trace was marked with", picked(func(f *Facts) *pick { return &f.incident })),
	quietly(count("facts.invalid", "values under known keys that mean nothing, such as negative counts", func(f *Facts) int64 { return f.signals.badN })),
}

func count(name, doc string, get func(*Facts) int64) fact {
	return fact{Info: Info{name, TypeInt, doc}, number: func(f *Facts) (int64, bool) { return get(f), true }}
}

// quietly makes a count one that a ledger row leaves out where it is zero.
func quietly(c fact) fact {
	c.quiet = true
	return c
}

func inTree(name, doc string, get func(*treeFacts) int64) fact {
	return fact{Info: Info{name, TypeInt, doc}, quiet: name != "llm.calls" && name != "tool.calls", number: func(f *Facts) (int64, bool) { return get(f.finish()), true }}
}

func tokens(name, doc string, get func(*Usage) int64) fact {
	return fact{Info: Info{name, TypeInt, doc}, number: func(f *Facts) (int64, bool) {
		t := f.finish()
		return get(&t.usage), t.usageKnown
	}}
}

func duration(name, doc string, get func(*Facts) (int64, bool)) fact {
	return fact{Info: Info{name, TypeDuration, doc}, number: get}
}

func number(name, doc string, get func(*Facts) (float64, bool)) fact {
	return fact{Info: Info{name, TypeFloat, doc}, float: get}
}

func truth(name, doc string, get func(*Facts) bool) fact {
	return fact{Info: Info{name, TypeBool, doc}, quiet: true, number: func(f *Facts) (int64, bool) { return number01(get(f)), true }}
}

// reason makes a fact of why models stopped. It is unknown where models were called and none says.
func reason(name, doc string, bit reasons) fact {
	return fact{Info: Info{name, TypeBool, doc}, number: func(f *Facts) (int64, bool) {
		said := f.signals.reasons()
		return number01(said&bit != 0), said != 0 || f.finish().llmCalls == 0
	}}
}

func number01(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// text makes a fact that is unknown when empty.
func text(name, doc string, get func(*Facts) string) fact {
	return fact{Info: Info{name, TypeText, doc}, text: func(f *Facts) (string, bool) {
		s := get(f)
		return s, s != ""
	}}
}

// texts makes a fact that is unknown when empty.
func texts(name, doc string, get func(*Facts) []string) fact {
	return fact{Info: Info{name, TypeTexts, doc}, texts: func(f *Facts) ([]string, bool) {
		s := get(f)
		return s, len(s) > 0
	}}
}

func picked(get func(*Facts) *pick) func(*Facts) string {
	return func(f *Facts) string { return get(f).text }
}

func (f *Facts) rootStatus() string {
	if f.roots == 0 {
		return ""
	}
	switch f.root.status {
	case 1:
		return "ok"
	case statusError:
		return "error"
	}
	return "unset"
}

// agentName is what spans say under a key of their own, or else the name of the earliest run.
func (f *Facts) agentName() string {
	if f.agent.text != "" {
		return f.agent.text
	}
	return f.words.text(f.finish().agent)
}

// reasons returns why calls to models ended, or else what the spans around them say of it.
func (s *signals) reasons() reasons {
	if s.finish != 0 {
		return s.finish
	}
	return s.otherFinish
}

// turnsN counts turns as spans say them, or else the runs that are not part of another; fragments whose parent is
// missing belong to the run that is there.
func (t *treeFacts) turnsN() int64 {
	switch {
	case t.turnSpans > 0:
		return t.turnSpans
	case t.topRuns > 0:
		return t.topRuns
	}
	return min(1, t.runs+t.llmCalls+t.toolCalls)
}
