package policy

import (
	"fmt"
	"reflect"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/tailwise/tailwise/internal/agent"
)

// factsType is the type of the facts of a trace as a value.
var factsType = cel.OpaqueType("tailwise.facts")

// factsValue is the facts of a trace, as an argument of functions and as what resolves variables. It is used for one
// trace after another, so that evaluation allocates nothing for it.
type factsValue struct {
	facts *agent.Facts
}

// variables says how each fact becomes a value.
var variables = func() map[string]func(*agent.Facts) ref.Val {
	m := make(map[string]func(*agent.Facts) ref.Val)
	for i, info := range agent.Known() {
		m[info.Name] = variable(i, info.Type)
	}
	return m
}()

func variable(place int, of agent.Type) func(*agent.Facts) ref.Val {
	switch of {
	case agent.TypeText:
		return func(f *agent.Facts) ref.Val {
			if s, known := f.Text(place); known {
				return types.String(s)
			}
			return absent
		}
	case agent.TypeTexts:
		return func(f *agent.Facts) ref.Val {
			if s, known := f.Texts(place); known {
				return types.NewStringList(types.DefaultTypeAdapter, s)
			}
			return absent
		}
	case agent.TypeDuration:
		return func(f *agent.Facts) ref.Val {
			if n, known := f.Number(place); known {
				return types.Duration{Duration: time.Duration(n)}
			}
			return absent
		}
	case agent.TypeBool:
		return func(f *agent.Facts) ref.Val {
			if n, known := f.Number(place); known {
				return types.Bool(n != 0)
			}
			return absent
		}
	case agent.TypeFloat:
		return func(f *agent.Facts) ref.Val {
			if n, known := f.Float(place); known {
				return types.Double(n)
			}
			return absent
		}
	}
	return func(f *agent.Facts) ref.Val {
		if n, known := f.Number(place); known {
			return types.Int(n)
		}
		return absent
	}
}

// ResolveName implements cel.Activation.
func (v *factsValue) ResolveName(name string) (any, bool) {
	if get, found := variables[name]; found {
		return get(v.facts), true
	}
	if name == factsName {
		return v, true
	}
	return nil, false
}

// Parent implements cel.Activation.
func (v *factsValue) Parent() cel.Activation { return nil }

// ConvertToNative implements ref.Val.
func (v *factsValue) ConvertToNative(to reflect.Type) (any, error) {
	return nil, fmt.Errorf("facts cannot become %v", to)
}

// ConvertToType implements ref.Val.
func (v *factsValue) ConvertToType(to ref.Type) ref.Val {
	return types.NewErr("facts cannot become %s", to.TypeName())
}

// Equal implements ref.Val.
func (v *factsValue) Equal(other ref.Val) ref.Val { return types.Bool(v == other) }

// Type implements ref.Val.
func (v *factsValue) Type() ref.Type { return factsType }

// Value implements ref.Val.
func (v *factsValue) Value() any { return v.facts }
