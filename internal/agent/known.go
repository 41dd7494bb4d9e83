package agent

import (
	"fmt"
	"time"
)

// Type is the type of a fact.
type Type uint8

// The types of facts, with what Lookup returns for them.
const (
	TypeInt      Type = iota // int64
	TypeText                 // string
	TypeDuration             // time.Duration
	TypeTexts                // []string, sorted
)

// String returns the type's name in documents.
func (t Type) String() string {
	switch t {
	case TypeInt:
		return "int"
	case TypeText:
		return "string"
	case TypeDuration:
		return "duration"
	case TypeTexts:
		return "list(string)"
	}
	return fmt.Sprintf("type %d", t)
}

// Info describes a fact.
type Info struct {
	Name string // as rules and ledger rows say it
	Type Type
	Doc  string // one line, no full stop
}

// fact is a row of the table of facts. One of the functions is set, by type; each returns false where the fact is
// unknown.
type fact struct {
	Info
	number func(*Facts) (int64, bool) // TypeInt; TypeDuration in nanoseconds
	text   func(*Facts) (string, bool)
	texts  func(*Facts) ([]string, bool)
}

// facts is every fact of this build.
var facts = []fact{
	duration("duration", "from the start of the first span to the end of the last", func(f *Facts) (int64, bool) {
		return int64(f.Duration()), f.start != 0 && f.end != 0
	}),
	count("spans", "spans of the trace", func(f *Facts) int64 { return f.spans }),
	count("errors", "spans with status error", func(f *Facts) int64 { return f.errors }),
	count("roots", "spans without parent", func(f *Facts) int64 { return f.roots }),
	text("root.name", "name of the earliest root span", func(f *Facts) string { return f.root.text }),
	text("root.status", "status of the earliest root span: ok, error or unset", (*Facts).rootStatus),
	text("service", "service.name of the root's process, else of the earliest span's", picked(func(f *Facts) *pick { return &f.service })),
	texts("services", "every service.name, at most 32", func(f *Facts) []string { return f.services }),
	text("environment", "deployment.environment.name (or deployment.environment) of the root, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.environment })),
	tokens("tokens.input", "tokens that went into models, those read from a cache included", func(u usage) int64 { return u.input }),
	tokens("tokens.output", "tokens that came out of models, reasoning included", func(u usage) int64 { return u.output }),
	tokens("tokens.total", "tokens.input and tokens.output together", func(u usage) int64 { return addCount(u.input, u.output) }),
	count("llm.calls", "calls to language models", func(f *Facts) int64 { return f.calls }),
	count("tool.calls", "tools that were run", func(f *Facts) int64 { return f.tools }),
	texts("models", "models that answered, or were asked for where none says it answered; at most 32", (*Facts).modelNames),
	text("agent.name", "gen_ai.agent.name of the root, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.agent })),
	text("session", "the conversation: gen_ai.conversation.id or session.id of the root, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.session })),
	text("user", "user.id (or enduser.id) of the root, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.user })),
	text("tenant", "tenant.id of the root, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.tenant })),
	text("feature", "feature.name of the root, else of the earliest span that has one", picked(func(f *Facts) *pick { return &f.feature })),
}

func count(name, doc string, get func(*Facts) int64) fact {
	return fact{Info: Info{name, TypeInt, doc}, number: func(f *Facts) (int64, bool) { return get(f), true }}
}

func tokens(name, doc string, get func(usage) int64) fact {
	return fact{Info: Info{name, TypeInt, doc}, number: func(f *Facts) (int64, bool) {
		u := f.tokens()
		return get(u), u.known
	}}
}

func duration(name, doc string, get func(*Facts) (int64, bool)) fact {
	return fact{Info: Info{name, TypeDuration, doc}, number: get}
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

// places finds a fact by name.
var places = func() map[string]int {
	m := make(map[string]int, len(facts))
	for i := range facts {
		m[facts[i].Name] = i
	}
	return m
}()

// Known returns all facts of this build. A fact's place here is the number that Number, Text and Texts take.
func Known() []Info {
	infos := make([]Info, len(facts))
	for i := range facts {
		infos[i] = facts[i].Info
	}
	return infos
}

// Number returns a fact of TypeInt, or of TypeDuration in nanoseconds; false if it is unknown. It panics if the fact
// at that place of Known is of another type.
func (f *Facts) Number(place int) (int64, bool) { return facts[place].number(f) }

// Text returns a fact of TypeText; false if it is unknown. It panics if the fact at that place of Known is of
// another type.
func (f *Facts) Text(place int) (string, bool) { return facts[place].text(f) }

// Texts returns a fact of TypeTexts, not to be changed; false if it is unknown. It panics if the fact at that place
// of Known is of another type.
func (f *Facts) Texts(place int) ([]string, bool) { return facts[place].texts(f) }

// Lookup returns the fact of that name, typed as Type says; false if it is unknown or there is no such fact.
func (f *Facts) Lookup(name string) (any, bool) {
	at, found := places[name]
	if !found {
		return nil, false
	}
	var value any
	var known bool
	switch row := &facts[at]; row.Type {
	case TypeText:
		value, known = row.text(f)
	case TypeTexts:
		value, known = row.texts(f)
	default:
		var n int64
		n, known = row.number(f)
		if value = n; row.Type == TypeDuration {
			value = time.Duration(n)
		}
	}
	if !known {
		return nil, false
	}
	return value, true
}
