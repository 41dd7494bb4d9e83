package routing

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
)

// Contexts that a row may be evaluated in. A row without one is evaluated in that of the resource.
const (
	contextResource  = "resource"
	contextRequest   = "request"
	contextSpan      = "span"
	contextMetric    = "metric"
	contextDataPoint = "datapoint"
	contextLog       = "log"
)

// Action is what happens to telemetry that a row matches.
type Action string

const (
	// Move takes it out of the batch: no later row sees it. This is the default.
	Move Action = "move"
	// Copy leaves it in the batch for later rows, and for the default pipelines if none of them moves it.
	Copy Action = "copy"
)

// Config is the connector's section of the configuration.
type Config struct {
	// DefaultPipelines receive what no row moved. Without them it is dropped.
	DefaultPipelines []pipeline.ID `mapstructure:"default_pipelines"`

	// ErrorMode says what follows when a row cannot be evaluated: propagate (default) refuses the whole batch, ignore
	// logs it and treats the telemetry as not matched, silent does the same without the log.
	ErrorMode ottl.ErrorMode `mapstructure:"error_mode"`

	// Table is evaluated from its first row to its last. Required.
	Table []Row `mapstructure:"table"`
}

// Row is a condition, and where that goes which meets it.
type Row struct {
	// Context is what the row is evaluated for: resource (default), request, span, metric, datapoint or log. It is
	// also what the row moves or copies; request is all of the batch.
	Context string `mapstructure:"context"`

	// Statement is an OTTL statement, as in: route() where attributes["tenant"] == "acme". Either it or Condition is
	// required; context request takes a Condition only.
	Statement string `mapstructure:"statement"`

	// Condition is what follows the where of a Statement, or in context request a comparison of one key of the
	// request's metadata: request["key"] == "value" or request["key"] != "value".
	Condition string `mapstructure:"condition"`

	// Action is move (default) or copy.
	Action Action `mapstructure:"action"`

	// Pipelines receive what the row matches, each all of it. Required; they must list the connector as receiver.
	Pipelines []pipeline.ID `mapstructure:"pipelines"`
}

func defaultConfig() component.Config { return &Config{ErrorMode: ottl.PropagateError} }

// Validate reports every fault with its key, conditions that do not parse among them.
func (c *Config) Validate() error {
	var faults []error
	switch c.ErrorMode {
	case "", ottl.PropagateError, ottl.IgnoreError, ottl.SilentError:
	default:
		faults = append(faults, fmt.Errorf("error_mode: %q is none of propagate, ignore, silent", c.ErrorMode))
	}
	if len(c.Table) == 0 {
		faults = append(faults, errors.New("table: is empty: give at least one row"))
	}
	for i, row := range c.Table {
		for _, fault := range row.faults() {
			faults = append(faults, fmt.Errorf("table::%d::%w", i, fault))
		}
	}
	return errors.Join(faults...)
}

// faults are what is wrong with the row; each text starts with a key.
func (r Row) faults() []error {
	var faults []error
	if len(r.Pipelines) == 0 {
		faults = append(faults, errors.New("pipelines: is empty: name at least one pipeline"))
	}
	switch r.Action {
	case "", Move, Copy:
	default:
		faults = append(faults, fmt.Errorf("action: %q is neither move nor copy", r.Action))
	}
	if fault := r.conditionFault(); fault != nil {
		faults = append(faults, fault)
	}
	return faults
}

// conditionFault is what is wrong with the row's context, condition and statement, which are judged together.
func (r Row) conditionFault() error {
	parses, known := grammars[r.context()]
	switch {
	case !known:
		return fmt.Errorf("context: %q is none of resource, request, span, metric, datapoint, log", r.Context)
	case r.Context == contextRequest && r.Statement != "":
		return errors.New("statement: context request takes a condition instead")
	case r.Statement != "" && r.Condition != "":
		return errors.New("condition: is given beside statement: give one of them")
	case r.Statement == "" && r.Condition == "":
		return errors.New("condition: is missing, and so is statement: give one of them")
	}
	key := "condition"
	if r.Statement != "" {
		key = "statement"
	}
	if err := parses(r.text()); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func (r Row) context() string {
	if r.Context == "" {
		return contextResource
	}
	return r.Context
}

// text is what the row's context parses: an OTTL statement, or a comparison in context request.
func (r Row) text() string {
	switch {
	case r.Context == contextRequest:
		return r.Condition
	case r.Condition != "":
		return "route() where " + r.Condition
	default:
		return r.Statement
	}
}

func (r Row) moves() bool { return r.Action != Copy }
