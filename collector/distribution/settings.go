package distribution

import (
	"context"
	"fmt"
	"runtime/debug"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/httpprovider"
	"go.opentelemetry.io/collector/confmap/provider/httpsprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tailwise/tailwise/collector/extension"
)

// Version is the program's version. A program sets it before anything else; empty: what Go knows of the module.
var Version string

// BuildInfo is what the program calls itself in telemetry and on the command line.
func BuildInfo() component.BuildInfo {
	return component.BuildInfo{Command: "tailwise", Description: "Tail sampling for AI agents", Version: version()}
}

func version() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// Settings are those of a Collector that reads its configuration from uris, later ones over earlier ones.
func Settings(uris ...string) otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		BuildInfo: BuildInfo(),
		Factories: Components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs: uris,
			ProviderFactories: []confmap.ProviderFactory{
				envprovider.NewFactory(), fileprovider.NewFactory(), httpprovider.NewFactory(),
				httpsprovider.NewFactory(), yamlprovider.NewFactory(),
			},
			DefaultScheme: "env",
		}},
		ProviderModules: map[string]string{
			"env": core + "confmap/provider/envprovider", "file": core + "confmap/provider/fileprovider",
			"http": core + "confmap/provider/httpprovider", "https": core + "confmap/provider/httpsprovider",
			"yaml": core + "confmap/provider/yamlprovider",
		},
	}
}

// Validate checks the configuration that settings name as a start would, without starting anything, and returns what
// in it would lose kept traces in a crash.
func Validate(ctx context.Context, settings otelcol.CollectorSettings) ([]extension.Hole, error) {
	collector, err := otelcol.NewCollector(settings)
	if err != nil {
		return nil, err
	}
	if err := collector.DryRun(ctx); err != nil {
		return nil, err
	}
	effective, err := effective(ctx, settings)
	if err != nil {
		return nil, err
	}
	return extension.Holes(effective), nil
}

// effective is the configuration with the defaults of every component filled in.
func effective(ctx context.Context, settings otelcol.CollectorSettings) (*confmap.Conf, error) {
	provider, err := otelcol.NewConfigProvider(settings.ConfigProviderSettings)
	if err != nil {
		return nil, err
	}
	factories, err := settings.Factories()
	if err != nil {
		return nil, err
	}
	cfg, err := provider.Get(ctx, factories)
	if err != nil {
		return nil, err
	}
	conf := confmap.New()
	if err := conf.Marshal(cfg); err != nil {
		return nil, fmt.Errorf("write out the configuration: %w", err)
	}
	return conf, provider.Shutdown(ctx)
}
