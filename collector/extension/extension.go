package extension

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/tailwise/tailwise/collector/internal/engine"
	"github.com/tailwise/tailwise/internal/sampler"
)

// scopeName is the instrumentation scope of the engine's metrics.
const scopeName = "github.com/tailwise/tailwise/internal/sampler"

// runner is the extension. Receivers find it as an engine.Provider; they start after it and stop before it.
type runner struct {
	cfg  *Config
	set  extension.Settings
	open func(context.Context, sampler.Config) (engine.Engine, error)

	engine atomic.Pointer[engine.Engine] // nil unless running

	// Written by Start, read by Shutdown; the Collector does not overlap them.
	watcher *watcher
	api     api
}

var (
	_ engine.Provider                             = (*runner)(nil)
	_ extensioncapabilities.ConfigSnapshotWatcher = (*runner)(nil)
)

func newExtension(set extension.Settings, cfg *Config, open func(context.Context, sampler.Config) (engine.Engine, error),
) *runner {
	return &runner{cfg: cfg, set: set, open: open}
}

// Engine implements engine.Provider.
func (r *runner) Engine() engine.Engine {
	if e := r.engine.Load(); e != nil {
		return *e
	}
	return nil
}

// Start opens the engine, then its API, then the watch of the policy file. If it fails nothing is left running.
func (r *runner) Start(ctx context.Context, host component.Host) error {
	if err := r.start(ctx, host); err != nil {
		return errors.Join(err, r.Shutdown(ctx))
	}
	return nil
}

func (r *runner) start(ctx context.Context, host component.Host) error {
	cfg := r.cfg.engine()
	cfg.Logger = r.set.Logger
	cfg.Meter = r.set.MeterProvider.Meter(scopeName)
	cfg.Resource = resourceOf(r.set.Resource)
	var err error
	if cfg.PolicyFile, cfg.PolicyText, err = r.cfg.policyText(); err != nil {
		return err
	}
	if cfg.Facts, err = r.cfg.facts(); err != nil {
		return err
	}
	for _, option := range r.cfg.Decide.idle() {
		r.set.Logger.Warn("an option of decide has no effect", zap.String("option", option.Key), zap.String("why", option.Why))
	}
	tuneRuntime(cmp.Or(cfg.MemoryLimit, sampler.DefaultMemoryLimit))
	e, err := r.open(ctx, cfg)
	if err != nil {
		return fmt.Errorf("open the engine in %s: %w", r.cfg.DataDir, err)
	}
	r.engine.Store(&e)
	if err := r.api.start(ctx, r, host, e.API()); err != nil {
		return err
	}
	if r.cfg.PolicyFile == "" {
		return nil
	}
	r.watcher, err = watch(r.cfg.PolicyFile, cfg.PolicyText, func(ctx context.Context, text []byte) error {
		return e.ReloadPolicy(ctx, r.cfg.PolicyFile, text)
	}, r.set.Logger)
	return err
}

// Shutdown ends what Start began, in the reverse order. It is safe to repeat.
func (r *runner) Shutdown(ctx context.Context) error {
	var errs []error
	if r.watcher != nil {
		errs = append(errs, r.watcher.close())
		r.watcher = nil
	}
	errs = append(errs, r.api.stop(ctx))
	if e := r.engine.Swap(nil); e != nil {
		if err := (*e).Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("shut the engine down: %w", err))
		}
	}
	return errors.Join(errs...)
}

// NotifyConfigSnapshot warns of everything behind the engine, and in front of a processor, that answers before a trace
// is safe.
func (r *runner) NotifyConfigSnapshot(_ context.Context, snapshot extensioncapabilities.ConfigSnapshot) error {
	for _, hole := range Holes(snapshot.Effective()) {
		r.set.Logger.Warn("a crash can lose "+hole.Loses(), zap.String("component", hole.Component),
			zap.String("pipeline", hole.Pipeline), zap.String("why", hole.Why), zap.String("hint", hole.Fix))
	}
	return nil
}
