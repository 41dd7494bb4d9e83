package policy

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/tailwise/tailwise/internal/agent"
)

// absent is the value of what is not known. CEL carries it through: a call with an absent argument is absent, and
// && and || absorb it where the other side decides.
var absent ref.Val = types.NewUnknown(0, nil)

// functions declares what rules can call besides CEL's own.
func functions() []cel.EnvOption {
	anyType := cel.TypeParamType("A")
	return []cel.EnvOption{
		cel.Function("known", cel.Overload("known_any", []*cel.Type{anyType}, cel.BoolType,
			cel.OverloadIsNonStrict(), cel.UnaryBinding(isKnown))),
		attrFunction("attr_has", cel.BoolType, func(s agent.AttrStats, found bool) ref.Val { return types.Bool(found) }),
		attrFunction("attr_count", cel.IntType, func(s agent.AttrStats, found bool) ref.Val { return types.Int(s.Count) }),
		attrFunction("attr_min", cel.DoubleType, func(s agent.AttrStats, _ bool) ref.Val { return number(s, s.Min) }),
		attrFunction("attr_max", cel.DoubleType, func(s agent.AttrStats, _ bool) ref.Val { return number(s, s.Max) }),
		attrFunction("attr_sum", cel.DoubleType, func(s agent.AttrStats, _ bool) ref.Val { return number(s, s.Sum) }),
		cel.Function("attr_any",
			cel.Overload("attr_any_list", []*cel.Type{factsType, cel.StringType}, cel.ListType(cel.DynType), cel.BinaryBinding(attrList)),
			cel.Overload("attr_any_bool", []*cel.Type{factsType, cel.StringType, cel.DynType}, cel.BoolType, cel.FunctionBinding(attrHolds)),
		),
	}
}

// attrFunction declares a function of one attribute's statistics.
func attrFunction(name string, result *cel.Type, value func(s agent.AttrStats, found bool) ref.Val) cel.EnvOption {
	return cel.Function(name, cel.Overload(name+"_key", []*cel.Type{factsType, cel.StringType}, result,
		cel.BinaryBinding(func(facts, key ref.Val) ref.Val { return value(statsOf(facts, key)) })))
}

func statsOf(facts, key ref.Val) (agent.AttrStats, bool) {
	return facts.(*factsValue).facts.Attr(string(key.(types.String)))
}

// number is v where there are numbers at all.
func number(s agent.AttrStats, v float64) ref.Val {
	if s.NumN == 0 {
		return absent
	}
	return types.Double(v)
}

func isKnown(v ref.Val) ref.Val {
	if types.IsError(v) {
		return v
	}
	return types.Bool(!types.IsUnknown(v))
}

// attrList is attr_any(key): the distinct values.
func attrList(facts, key ref.Val) ref.Val {
	s, found := statsOf(facts, key)
	if !found {
		return absent
	}
	values := make([]ref.Val, len(s.Values))
	for i, v := range s.Values {
		values[i] = value(v)
	}
	return types.NewRefValList(types.DefaultTypeAdapter, values)
}

// attrHolds is attr_any(key, value): whether some span has that value. It is not known where no span has the key, and
// where there were more values than facts remember.
func attrHolds(args ...ref.Val) ref.Val {
	s, found := statsOf(args[0], args[1])
	if !found {
		return absent
	}
	for _, v := range s.Values {
		if value(v).Equal(args[2]) == types.True {
			return types.True
		}
	}
	if s.More {
		return absent
	}
	return types.False
}

func value(v agent.Value) ref.Val {
	switch v.Kind() {
	case agent.KindBool:
		return types.Bool(v.Bool())
	case agent.KindInt:
		return types.Int(v.Int())
	case agent.KindFloat:
		return types.Double(v.Float())
	}
	return types.String(v.Text())
}
