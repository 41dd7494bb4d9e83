package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/tailwise/tailwise/internal/agent"
)

// RuleVote is what one rule says of a trace, before limits.
type RuleVote struct {
	Rule  Rule
	Votes string   // keep, drop or sample where it does; "no" where it does not match; unknown; or error
	Facts []string // what the condition went by: each fact that it names, with its value
}

// What a rule that does not decide votes.
const (
	VoteNo      = "no"      // its condition does not hold, or its coin fell the other way
	VoteUnknown = "unknown" // its condition needs what the trace does not say
	VoteError   = "error"   // its condition cannot be evaluated
)

// ExplainRules tells rule by rule, in the order of the file, what they say of a trace; last stands what happens
// otherwise. Limits are left out: nothing is taken from them.
//
// Facts hold values of attributes, which may be anybody's: they are for the person who asks, not for logs.
func (p *Policy) ExplainRules(in *Input) []RuleVote {
	votes := make([]RuleVote, 0, len(p.rules)+1)
	for i := range p.rules {
		votes = append(votes, p.rules[i].explain(in))
	}
	return append(votes, p.otherwise.explain(in))
}

func (r *rule) explain(in *Input) RuleVote {
	v := RuleVote{Rule: r.Rule, Votes: r.Verb.String()}
	facts := factsValue{facts: in.Facts}
	if r.program != nil {
		v.Facts = factsOf(r.When, &facts)
		switch out, _, err := r.program.Eval(&facts); {
		case err != nil:
			v.Votes = VoteError
			return v
		case types.IsUnknown(out):
			v.Votes = VoteUnknown
			return v
		case out != types.True:
			v.Votes = VoteNo
			return v
		}
	}
	if r.Verb == Sample {
		coin := CoinFor(in, r.ByTrace)
		of := "the trace"
		if coin.Session {
			of = "the session"
		}
		fell := "within"
		if !r.Threshold.ShouldSample(coin.Randomness) {
			v.Votes, fell = VoteNo, "above"
		}
		v.Facts = append(v.Facts, fmt.Sprintf("the coin of %s is %s %g%%", of, fell, 100*r.Probability))
	}
	if r.Limit != "" {
		v.Facts = append(v.Facts, "its limit of "+r.Limit+" is not counted here")
	}
	return v
}

// factsOf lists what a condition names, in the order of the names, with the values that they have.
func factsOf(when string, facts *factsValue) []string {
	env, err := environment()
	if err != nil {
		return nil
	}
	parsed, issues := env.Parse(when)
	if issues.Err() != nil {
		return nil // it compiled, so this does not happen
	}
	values := make(map[string]string)
	visit := func(e ast.Expr) {
		if name, first := nameOf(e); first != nil {
			if get, known := variables[name]; known {
				values[name] = shownFact(get(facts.facts))
			}
		}
		if key, ok := attrKey(e); ok {
			values[strconv.Quote(key)] = shownAttr(facts.facts.Attr(key))
		}
	}
	ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(visit))
	list := make([]string, 0, len(values))
	for name, value := range values {
		list = append(list, name+" "+value)
	}
	slices.Sort(list)
	return list
}

// nameOf is the name that e spells, if it is one.
func nameOf(e ast.Expr) (string, ast.Expr) {
	if e.Kind() != ast.IdentKind && e.Kind() != ast.SelectKind {
		return "", nil
	}
	return dotted(e)
}

// attrKey is the attribute that a call of an attr_*() asks for.
func attrKey(e ast.Expr) (string, bool) {
	if e.Kind() != ast.CallKind {
		return "", false
	}
	if _, ofAttr := attrFunctions[e.AsCall().FunctionName()]; !ofAttr || len(e.AsCall().Args()) < 2 {
		return "", false
	}
	return literal(e.AsCall().Args()[1])
}

func shownFact(v ref.Val) string {
	switch v := v.(type) {
	case *types.Unknown:
		return "is unknown"
	case types.String:
		return "is " + strconv.Quote(clip(string(v)))
	case types.Duration:
		return "is " + v.String()
	case types.Bool, types.Int, types.Double:
		return fmt.Sprintf("is %v", v.Value())
	}
	if list, ok := v.Value().([]string); ok {
		return "is " + clip(strings.Join(list, ", "))
	}
	return fmt.Sprintf("is %v", v.Value())
}

func shownAttr(s agent.AttrStats, found bool) string {
	if !found {
		return "is on no span"
	}
	const most = 4
	var shown []string
	for _, v := range s.Values[:min(len(s.Values), most)] {
		if v.Kind() == agent.KindText {
			shown = append(shown, strconv.Quote(clip(v.Text())))
		} else {
			shown = append(shown, fmt.Sprint(v.Any()))
		}
	}
	if len(s.Values) > most || s.More {
		shown = append(shown, "...")
	}
	spans := "spans"
	if s.Count == 1 {
		spans = "span"
	}
	return fmt.Sprintf("is on %d %s: %s", s.Count, spans, strings.Join(shown, ", "))
}
