package policy

import (
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"

	"github.com/tailwise/tailwise/internal/agent"
)

// factsName is the variable through which functions get at the facts of the trace. Nobody can write it, as @ starts
// no name in CEL.
const factsName = "@facts"

// Bounds of one condition.
const (
	maxCondition  = 4000 // characters
	maxNesting    = 40
	maxExpression = 1000 // nodes, macros expanded
	maxRegex      = 2000 // instructions
)

// environment is the language: the facts as variables, and the functions. It takes milliseconds to set up and is
// immutable, so there is one.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.ClearMacros(),
		cel.Macros(cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxCondition),
		cel.ParserRecursionLimit(maxNesting),
		cel.ExpressionNodeLimit(maxExpression),
		cel.RegexProgramSizeLimit(maxRegex),
		cel.Variable(factsName, factsType),
	}
	for _, info := range agent.Known() {
		options = append(options, cel.Variable(info.Name, celTypes[info.Type]))
	}
	options = append(options, functions()...)
	for name, more := range attrFunctions {
		for n := 1; n <= 1+more; n++ {
			options = append(options, cel.Macros(cel.GlobalMacro(name, n, withFacts(name))))
		}
	}
	return cel.NewEnv(options...)
})

var celTypes = map[agent.Type]*cel.Type{
	agent.TypeInt:      cel.IntType,
	agent.TypeText:     cel.StringType,
	agent.TypeDuration: cel.DurationType,
	agent.TypeTexts:    cel.ListType(cel.StringType),
	agent.TypeBool:     cel.BoolType,
	agent.TypeFloat:    cel.DoubleType,
}

// withFacts makes attr_min("key") into attr_min(@facts, "key"). Functions of CEL see only their arguments.
func withFacts(name string) cel.MacroFactory {
	return func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		return eh.NewCall(name, append([]ast.Expr{eh.NewIdent(factsName)}, args...)...), nil
	}
}

// sizes tells the cost estimator how long the values of facts can be.
type sizes struct{}

// EstimateSize implements checker.CostEstimator.
func (sizes) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	path := node.Path()
	if len(path) == 0 {
		return nil
	}
	switch last := path[len(path)-1]; {
	case strings.HasPrefix(last, "@items") || strings.HasPrefix(last, "@values"):
		return &checker.SizeEstimate{Max: agent.MaxText}
	case node.Type().Kind() == cel.ListKind:
		return &checker.SizeEstimate{Max: agent.MaxTexts}
	}
	return &checker.SizeEstimate{Max: agent.MaxText}
}

// EstimateCallCost implements checker.CostEstimator. Asking for an attribute costs a search in a short list.
func (sizes) EstimateCallCost(function, _ string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	if _, ofAttr := attrFunctions[function]; !ofAttr {
		return nil
	}
	return &checker.CallEstimate{
		CostEstimate: checker.CostEstimate{Min: 5, Max: 20},
		ResultSize:   &checker.SizeEstimate{Max: agent.MaxTexts},
	}
}
