package policy

import (
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/spelling"
)

// lacking is what the full language speaks of and this build does not know, by the start of its name, with what it
// belongs to. The first that fits counts.
var lacking = []struct{ name, belongs string }{
	{"session.", "sessions held together"},
	{"rank.", "ranks against an agent's own traffic"},
	{"ratio.", "ratios to an agent's own traffic"},
	{"feedback.", "feedback"},
	{"score.", "evaluations"},
	{"drift.", "drift"},
	{"loops", "tool loops"},
	{"first_seen", "shapes never seen before"},
}

// lackingFunctions is the same for functions.
var lackingFunctions = map[string]string{"judge": "judges", "score": "evaluations"}

// attrFunctions are the functions whose first argument is an attribute key, with how many others they may take.
var attrFunctions = map[string]int{
	"attr_any": 1, "attr_has": 0, "attr_count": 0, "attr_min": 0, "attr_max": 0, "attr_sum": 0,
}

// functionNames are the functions that people call by name, for hints.
var functionNames = []string{
	"attr_any", "attr_has", "attr_count", "attr_min", "attr_max", "attr_sum", "known",
	"size", "contains", "startsWith", "endsWith", "matches", "duration", "int", "double", "string", "exists", "all",
}

// typeNames may stand where a fact may.
var typeNames = []string{"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint", "google"}

// nameCheck sees that a parsed condition speaks only of what there is. The type checker would too, but says no more
// than "undeclared reference".
type nameCheck struct {
	*when
	env *cel.Env
}

// walk checks e, where locals are the variables of the comprehensions around it.
func (c *nameCheck) walk(e ast.Expr, locals []string) {
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind:
		c.reference(e, locals)
	case ast.CallKind:
		c.call(e, locals)
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			c.walk(element, locals)
		}
	case ast.MapKind:
		for _, item := range e.AsMap().Entries() {
			c.walk(item.AsMapEntry().Key(), locals)
			c.walk(item.AsMapEntry().Value(), locals)
		}
	case ast.ComprehensionKind:
		loop := e.AsComprehension()
		c.walk(loop.IterRange(), locals)
		c.walk(loop.AccuInit(), locals)
		inner := append(slices.Clone(locals), loop.IterVar(), loop.IterVar2(), loop.AccuVar())
		c.walk(loop.LoopCondition(), inner)
		c.walk(loop.LoopStep(), inner)
		c.walk(loop.Result(), inner)
	}
}

// reference checks a fact, or a field of something.
func (c *nameCheck) reference(e ast.Expr, locals []string) {
	name, first := dotted(e)
	if first == nil {
		c.walk(e.AsSelect().Operand(), locals)
		return
	}
	if word, _, _ := strings.Cut(name, "."); slices.Contains(locals, word) || slices.Contains(typeNames, word) || word == factsName {
		return
	}
	at := c.place(first.ID())
	if belongs := lacks(name); belongs != "" {
		c.fault(at, "", "%s belongs to %s, which this build lacks", name, belongs)
		return
	}
	for _, known := range factNames() {
		if name == known || strings.HasPrefix(name, known+".") {
			return
		}
	}
	hint := spelling.Hint(name, factNames())
	if hint == "" {
		hint = "attributes of spans are read with attr_any, attr_min and the like"
	}
	c.fault(at, hint, "unknown fact %q", name)
}

// dotted returns the name that e spells, and the identifier that it starts with; nil if e is not a name.
func dotted(e ast.Expr) (string, ast.Expr) {
	if e.Kind() == ast.IdentKind {
		return e.AsIdent(), e
	}
	if e.Kind() != ast.SelectKind {
		return "", nil
	}
	name, first := dotted(e.AsSelect().Operand())
	return name + "." + e.AsSelect().FieldName(), first
}

func lacks(name string) string {
	for _, l := range lacking {
		if name == l.name || strings.HasPrefix(name, l.name) && !slices.Contains(factNames(), name) {
			return l.belongs
		}
	}
	return ""
}

// call checks a function and its arguments.
func (c *nameCheck) call(e ast.Expr, locals []string) {
	call := e.AsCall()
	name := call.FunctionName()
	if call.IsMemberFunction() {
		c.walk(call.Target(), locals)
	}
	at := c.callPlace(e)
	_, ofAttr := attrFunctions[name]
	switch {
	case ofAttr && !call.IsMemberFunction():
		c.attrCall(e)
	case strings.ContainsAny(name, "_@!-") && name != factsName && c.env.HasFunction(name): // an operator
	case lackingFunctions[name] != "":
		c.fault(at, "", "%s() belongs to %s, which this build lacks", name, lackingFunctions[name])
	case name == "has":
		c.fault(at, "write known(...)", "has() does not apply to facts")
	case !c.env.HasFunction(name):
		c.fault(at, spelling.Hint(name, functionNames), "unknown function %q", name)
	}
	for _, arg := range call.Args() {
		c.walk(arg, locals)
	}
}

// callPlace returns where the name of a called function starts. The parser notes where its parenthesis does.
func (c *nameCheck) callPlace(e ast.Expr) common.Location {
	at := c.place(e.ID())
	return common.NewLocation(at.Line(), max(0, at.Column()-len(e.AsCall().FunctionName())))
}

// start returns where an argument starts, or its operator stands.
func (c *nameCheck) start(e ast.Expr) common.Location {
	if _, first := dotted(e); first != nil {
		return c.place(first.ID())
	}
	return c.place(e.ID())
}

// attrCall checks a function of an attribute and notes the key, so that folding gathers it.
func (c *nameCheck) attrCall(e ast.Expr) {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	if len(args) == 0 || args[0].Kind() != ast.IdentKind || args[0].AsIdent() != factsName {
		c.fault(c.callPlace(e), "", "%s takes the key of an attribute, such as %s(\"retrieval.top_score\")", name, name)
		return
	}
	key, ok := literal(args[1])
	switch {
	case !ok:
		c.fault(c.start(args[1]), "", "the key of %s must be a literal text, as it has to be known before the spans come", name)
	case key == "" || len(key) > maxKey:
		c.fault(c.place(args[1].ID()), "", "the key of %s must have from 1 to %d bytes", name, maxKey)
	default:
		c.attrs[key] = true
	}
}

// maxKey is the longest attribute key, in bytes.
const maxKey = 256

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func factNames() []string { return knownNames }

var knownNames = func() (names []string) {
	for _, info := range agent.Known() {
		names = append(names, info.Name)
	}
	return names
}()
