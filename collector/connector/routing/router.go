package routing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
)

// signal is what the router knows of one kind of telemetry: D is a batch of it and C consumes batches.
type signal[D, C any] struct {
	newBatch  func() D
	resourceN func(D) int
	moveAll   func(from, to D) // to the end of to
	consume   func(C, context.Context, D) error
	rules     map[string]ruleMaker[D] // by context; other contexts have no place in the signal
}

// router sends batches where a table says. All its fields are immutable once it is made; consume may be called
// concurrently.
type router[D, C any] struct {
	signal[D, C]
	mode     ottl.ErrorMode
	logger   *zap.Logger
	routes   []route[D]
	outlets  []C // one for each different list of pipelines, in the order of the table, then that of the defaults
	fallback int // index of the default pipelines' outlet, or none
}

// none is the index of no outlet: what goes there is dropped.
const none = -1

// route is a row of the table, ready for use.
type route[D any] struct {
	name   string // its place in the table, as a key of the configuration
	row    Row
	rule   rule[D]
	outlet int
}

// consume routes the batch, which it may change, and then delivers every part, even if a delivery fails. With error
// mode propagate a row that cannot be evaluated fails the batch before anything is delivered.
func (r *router[D, C]) consume(ctx context.Context, batch D) error {
	parts := make([]D, len(r.outlets))
	filled := make([]bool, len(r.outlets))
	put := func(outlet int, matched D) {
		switch {
		case outlet == none || r.resourceN(matched) == 0:
		case !filled[outlet]:
			parts[outlet], filled[outlet] = matched, true
		default:
			r.moveAll(matched, parts[outlet])
		}
	}
	for _, rt := range r.routes {
		if r.resourceN(batch) == 0 {
			break
		}
		matched := r.newBatch()
		if err := r.judge(rt, rt.rule(ctx, batch, matched)); err != nil {
			return err
		}
		put(rt.outlet, matched)
	}
	put(r.fallback, batch)
	return r.deliver(ctx, parts, filled)
}

func (r *router[D, C]) deliver(ctx context.Context, parts []D, filled []bool) error {
	var errs []error
	for i, outlet := range r.outlets {
		if !filled[i] {
			continue
		}
		if err := r.signal.consume(outlet, ctx, parts[i]); err != nil {
			errs = append(errs, err)
		}
	}
	return joinDeliveries(errs)
}

// judge says by the error mode what evaluations that failed mean for the batch.
func (r *router[D, C]) judge(rt route[D], failed failures) error {
	err := failed.err()
	switch {
	case err == nil || r.mode == ottl.SilentError:
		return nil
	case r.mode == ottl.IgnoreError:
		r.logger.Warn("telemetry is treated as not matched by a row that could not be evaluated",
			zap.String("row", rt.name), zap.String("context", rt.row.context()), zap.String("statement", rt.row.text()),
			zap.Error(err))
		return nil
	default:
		return fmt.Errorf("evaluate %s (%s): %w", rt.name, rt.row.text(), err)
	}
}

// joinDeliveries makes one error that is permanent only if each is: a pipeline that refuses for good must not keep the
// caller from trying again for one that may yet accept.
func joinDeliveries(errs []error) error {
	permanentN := 0
	for _, err := range errs {
		if consumererror.IsPermanent(err) {
			permanentN++
		}
	}
	if permanentN == 0 || permanentN == len(errs) {
		return errors.Join(errs...)
	}
	for i, err := range errs {
		if consumererror.IsPermanent(err) {
			errs[i] = errors.New(err.Error())
		}
	}
	return errors.Join(errs...)
}

// listed is the list as people write it, and the same for the same list only.
func listed(ids []pipeline.ID) string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, id.String())
	}
	return strings.Join(names, ", ")
}
