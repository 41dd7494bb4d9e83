package main

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
)

// announcer is an extension that the Collector tells when every pipeline runs, so that nothing is announced that does
// not listen yet.
type announcer struct {
	component.StartFunc
	component.ShutdownFunc
	ready func()
}

// Ready implements extensioncapabilities.PipelineWatcher.
func (a *announcer) Ready() error {
	a.ready()
	return nil
}

// NotReady implements extensioncapabilities.PipelineWatcher.
func (*announcer) NotReady() error { return nil }

// announcing adds the extension to the components.
func announcing(components func() (otelcol.Factories, error), ready func()) func() (otelcol.Factories, error) {
	return func() (otelcol.Factories, error) {
		factories, err := components()
		if err != nil {
			return factories, err
		}
		announce := component.MustNewType("announce")
		factories.Extensions[announce] = extension.NewFactory(announce,
			func() component.Config { return new(struct{}) },
			func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
				return &announcer{ready: ready}, nil
			}, component.StabilityLevelStable)
		return factories, nil
	}
}
