package sampler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/meter"
)

// TrafficMetricsConfig says how all traffic is counted: see docs/metrics.md.
type TrafficMetricsConfig struct {
	// Disabled counts nothing.
	Disabled bool
	// Interval is how often metrics go out. Default 60 s, at least 1 s.
	Interval time.Duration
	// MaxSeries bounds the series of each family of metrics. Default 1000.
	MaxSeries int
	// Users is how many users have series of their own: those that spent most. Default none, at most 10,000.
	Users int
}

// Defaults of TrafficMetricsConfig.
const (
	DefaultTrafficInterval = time.Minute
	DefaultTrafficSeries   = meter.DefaultMaxSeries
)

// The bounds of TrafficMetricsConfig.
const (
	minTrafficInterval = time.Second
	maxTrafficSeries   = 100_000
	maxTrafficUsers    = 10_000
)

// MetricsOutlet is a metrics pipeline that the engine's metrics of traffic go to.
type MetricsOutlet struct {
	engine *Engine
	id     string
	next   consumer.Metrics

	// turn holds one token: whoever has it may call next. It is gone for good once the outlet is closed.
	turn chan struct{}
}

// outlets are the pipelines that metrics go to.
type outlets struct {
	mu   sync.Mutex
	byID map[string]*MetricsOutlet
	n    atomic.Int32 // of byID
}

// AttachMetrics lets the metrics of traffic go to next from now on: all of them, whichever source the traces came by. It
// fails with ErrAttached while another has the id.
func (e *Engine) AttachMetrics(id string, next consumer.Metrics) (*MetricsOutlet, error) {
	o := &MetricsOutlet{engine: e, id: id, next: next, turn: make(chan struct{}, 1)}
	o.turn <- struct{}{}
	e.outlets.mu.Lock()
	defer e.outlets.mu.Unlock()
	if e.outlets.byID[id] != nil {
		return nil, fmt.Errorf("metrics of %q: %w", id, ErrAttached)
	}
	if e.outlets.byID == nil {
		e.outlets.byID = make(map[string]*MetricsOutlet)
	}
	e.outlets.byID[id] = o
	e.outlets.n.Add(1)
	return o, nil
}

// Detach sends the last figures and returns; nothing is sent after it. It may be repeated.
func (o *MetricsOutlet) Detach(ctx context.Context) error {
	all := &o.engine.outlets
	all.mu.Lock()
	attached := all.byID[o.id] == o
	if attached {
		delete(all.byID, o.id)
		all.n.Add(-1)
	}
	all.mu.Unlock()
	if !attached || o.engine.meter == nil {
		return nil
	}
	select {
	case <-o.turn:
	case <-ctx.Done():
		return fmt.Errorf("wait for metrics under way: %w", ctx.Err())
	}
	o.consume(ctx, o.engine.meter.Metrics(o.engine.clock.Now()))
	return nil
}

// consume hands metrics over. What the pipeline refuses is said the next time again, as all are cumulative.
func (o *MetricsOutlet) consume(ctx context.Context, m pmetric.Metrics) {
	if err := o.next.ConsumeMetrics(ctx, m); err != nil && !errors.Is(err, context.Canceled) {
		o.engine.logger.Warn("send metrics of traffic; the next ones will say all",
			zap.String("receiver", o.id), zap.Error(err))
	}
}

// emitMetrics sends the metrics of traffic at every tick until ctx ends.
func (e *Engine) emitMetrics(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			e.emitOnce(ctx)
		}
	}
}

// emitOnce renders once and gives each outlet a copy, as a pipeline may change what it is given. An outlet that is still
// busy with the last one is passed over. Each may take one interval.
func (e *Engine) emitOnce(ctx context.Context) {
	e.outlets.mu.Lock()
	to := slices.Collect(maps.Values(e.outlets.byID))
	e.outlets.mu.Unlock()
	if len(to) == 0 {
		return
	}
	m := e.meter.Metrics(e.clock.Now())
	for _, o := range to {
		select {
		case <-o.turn:
		default:
			continue
		}
		own := pmetric.NewMetrics()
		m.CopyTo(own)
		e.background.Go(func() {
			bounded, enough := context.WithTimeout(ctx, e.cfg.Traffic.Interval)
			defer enough()
			o.consume(bounded, own)
			o.turn <- struct{}{}
		})
	}
}

// openMeter begins to count, unless that is switched off.
func (e *Engine) openMeter() {
	t := &e.cfg.Traffic
	if t.Disabled {
		return
	}
	e.meter = meter.New(meter.Config{MaxSeries: t.MaxSeries, Users: t.Users, Resource: e.cfg.Resource}, e.clock.Now())
}

// faults returns what is wrong with t, each fault with its key as the extension's configuration has it.
func (t *TrafficMetricsConfig) faults() (faults []error) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("traffic_metrics."+format, args...))
		}
	}
	check(t.Interval >= minTrafficInterval, "interval: %v is too short: want at least %v", t.Interval, minTrafficInterval)
	check(t.MaxSeries >= 1 && t.MaxSeries <= maxTrafficSeries, "max_series: %d is not in 1 to %d", t.MaxSeries, maxTrafficSeries)
	check(t.Users >= 0 && t.Users <= maxTrafficUsers, "users: %d is not in 0 to %d", t.Users, maxTrafficUsers)
	return faults
}
