package routing

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlmetric"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
)

// grammars check the text of a row, by the row's context.
var grammars = map[string]func(text string) error{
	contextResource:  grammar(parseResource),
	contextSpan:      grammar(parseSpan),
	contextMetric:    grammar(parseMetric),
	contextDataPoint: grammar(parseDataPoint),
	contextLog:       grammar(parseLog),
	contextRequest:   grammar(parseComparison),
}

func grammar[S any](parse func(text string) (S, error)) func(string) error {
	return func(text string) error {
		_, err := parse(text)
		return err
	}
}

func parseResource(text string) (*ottl.Statement[*ottlresource.TransformContext], error) {
	return parse(ottlresource.NewParser, functions[*ottlresource.TransformContext](), text)
}

func parseSpan(text string) (*ottl.Statement[*ottlspan.TransformContext], error) {
	isRoot := ottlfuncs.NewIsRootSpanFactory()
	known := functions[*ottlspan.TransformContext]()
	known[isRoot.Name()] = isRoot
	return parse(ottlspan.NewParser, known, text)
}

func parseMetric(text string) (*ottl.Statement[*ottlmetric.TransformContext], error) {
	return parse(ottlmetric.NewParser, functions[*ottlmetric.TransformContext](), text)
}

func parseDataPoint(text string) (*ottl.Statement[*ottldatapoint.TransformContext], error) {
	return parse(ottldatapoint.NewParser, functions[*ottldatapoint.TransformContext](), text)
}

func parseLog(text string) (*ottl.Statement[*ottllog.TransformContext], error) {
	return parse(ottllog.NewParser, functions[*ottllog.TransformContext](), text)
}

// newParser is the constructor of parsers that each OTTL context has.
type newParser[K any] func(map[string]ottl.Factory[K], component.TelemetrySettings, ...ottl.Option[K]) (ottl.Parser[K], error)

// parse gives the statement a logger that says nothing: at debug level a statement would log all that it is evaluated
// for, and content stays out of logs.
func parse[K any](parser newParser[K], known map[string]ottl.Factory[K], text string) (*ottl.Statement[K], error) {
	p, err := parser(known, component.TelemetrySettings{Logger: zap.NewNop()})
	if err != nil {
		return nil, err
	}
	return p.ParseStatement(text)
}

// functions are what a statement may call: route, the converters, and the two editors that take a routing key away once
// it has been of use.
func functions[K any]() map[string]ottl.Factory[K] {
	known := ottlfuncs.StandardConverters[K]()
	for _, f := range []ottl.Factory[K]{
		ottl.NewFactory("route", nil, newRoute[K]),
		ottlfuncs.NewDeleteKeyFactory[K](),
		ottlfuncs.NewDeleteMatchingKeysFactory[K](),
	} {
		known[f.Name()] = f
	}
	return known
}

// newRoute makes the function that does nothing: a statement that runs is a match.
func newRoute[K any](ottl.FunctionContext, ottl.Arguments) (ottl.ExprFunc[K], error) {
	return func(context.Context, K) (any, error) { return nil, nil }, nil
}

// failures are the evaluations of one row that went wrong over one batch.
type failures struct {
	n     int
	first error
}

func (f *failures) add(err error) {
	if f.n == 0 {
		f.first = err
	}
	f.n++
}

// err says how often and why, or is nil. Only errors of type are told: others may quote what could not be parsed.
func (f failures) err() error {
	if f.n == 0 {
		return nil
	}
	cause := errors.New("the cause is left out as it may quote telemetry")
	if mismatch, ok := errors.AsType[ottl.TypeError](f.first); ok {
		cause = mismatch
	}
	return fmt.Errorf("failed %d times, the first: %w", f.n, cause)
}
