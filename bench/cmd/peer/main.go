// Command peer is a Collector with what the benchmarks compare against: the otlp receiver, the tail_sampling
// processor, the otlp exporter, and an exporter that discards.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

func main() {
	command := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "peer", Description: "Collector to compare with", Version: "0.161.0"},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
			DefaultScheme:     "file",
		}},
	})
	if err := command.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func factories() (otelcol.Factories, error) {
	return otelcol.Factories{
		Receivers:  byType[receiver.Factory](otlpreceiver.NewFactory()),
		Processors: byType[processor.Factory](tailsamplingprocessor.NewFactory()),
		Exporters:  byType[exporter.Factory](otlpexporter.NewFactory(), discardFactory()),
		Telemetry:  otelconftelemetry.NewFactory(),
	}, nil
}

func byType[F component.Factory](factories ...F) map[component.Type]F {
	m := map[component.Type]F{}
	for _, f := range factories {
		m[f.Type()] = f
	}
	return m
}

// discardFactory makes the exporter discard, which takes everything and keeps nothing.
func discardFactory() exporter.Factory {
	create := func(context.Context, exporter.Settings, component.Config) (exporter.Traces, error) {
		return discard{}, nil
	}
	return exporter.NewFactory(component.MustNewType("discard"), func() component.Config { return &struct{}{} },
		exporter.WithTraces(create, component.StabilityLevelDevelopment))
}

type discard struct {
	component.StartFunc
	component.ShutdownFunc
}

func (discard) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (discard) ConsumeTraces(context.Context, ptrace.Traces) error { return nil }
