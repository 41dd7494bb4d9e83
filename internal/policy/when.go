package policy

import (
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// maxCost bounds what one rule may cost for one trace, in CEL's units, of which a comparison is one or two. The
// compiler knows how long every fact can be, so it tells beforehand, and a condition that could go on for long is
// refused when it is loaded. Counting at run time (cel.CostLimit) lost: five rules took 6.0 us and 29 allocations a
// trace with it, 0.9 us and 3 allocations without.
const maxCost = 200_000

// readWhen compiles the condition of a rule.
func (c *compiler) readWhen(r *rule, e entry) {
	if _, ok := c.word(e); !ok {
		return
	}
	r.When = strings.TrimSpace(e.value.Value)
	w := when{compiler: c, at: c.src.locator(e.value)}
	r.program = w.compile(e.value.Value)
}

// when is one condition being compiled.
type when struct {
	*compiler
	at   func(line, column int) position
	info *ast.SourceInfo
}

// compile returns the program of text, or nil after a fault.
func (w *when) compile(text string) cel.Program {
	env, err := environment()
	if err != nil {
		w.add(w.at(0, 0), "", "set up the language: %v", err)
		return nil
	}
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		w.syntax(issues.Errors())
		return nil
	}
	w.info = parsed.NativeRep().SourceInfo()
	known := len(w.list)
	names := nameCheck{when: w, env: env}
	names.walk(parsed.NativeRep().Expr(), nil)
	if len(w.list) > known {
		return nil
	}
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		for _, fault := range issues.Errors() {
			w.fault(fault.Location, typeHint(fault.Message), "%s", fault.Message)
		}
		return nil
	}
	return w.program(env, checked)
}

// program plans a checked condition.
func (w *when) program(env *cel.Env, checked *cel.Ast) cel.Program {
	if kind := checked.OutputType(); !kind.IsExactType(types.BoolType) {
		w.add(w.at(0, 0), "compare it with something", "the condition is of type %s, where a yes or no is needed", kind)
		return nil
	}
	cost, err := env.EstimateCost(checked, sizes{})
	if err != nil || cost.Max > maxCost {
		w.add(w.at(0, 0), "nest fewer exists, all and map", "the condition could take too long for one trace")
		return nil
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		w.add(w.at(0, 0), "", "the condition cannot be planned: %v", err)
		return nil
	}
	return program
}

// syntax notes the first of a parser's complaints, as the others follow from it.
func (w *when) syntax(list []*common.Error) {
	text, _, _ := strings.Cut(list[0].Message, " expecting ")
	text = strings.TrimPrefix(text, "Syntax error: ")
	text = strings.ReplaceAll(text, "mismatched input '<EOF>'", "the condition ends too early")
	w.fault(list[0].Location, "", "%s", text)
}

// fault notes a fault at a place in the condition.
func (w *when) fault(at common.Location, hint, format string, args ...any) {
	w.add(w.at(max(at.Line()-1, 0), max(at.Column(), 0)), hint, format, args...)
}

// place returns where the expression of that id starts.
func (w *when) place(id int64) common.Location { return w.info.GetStartLocation(id) }

// typeHint adds advice to a type checker's complaint.
func typeHint(message string) string {
	switch {
	case strings.Contains(message, "duration"):
		return `compare durations with durations, as in duration > duration("30s")`
	case strings.Contains(message, "'_==_'") || strings.Contains(message, "'_!=_'"):
		return "both sides must be of one type"
	case strings.Contains(message, "list(string)"):
		return `ask lists with in, as in "gpt-4o" in models`
	}
	return ""
}
