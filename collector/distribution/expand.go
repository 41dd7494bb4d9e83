package distribution

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/confmap"
)

// Expand resolves a text with ${...} as the Collector does when it reads a configuration: ${env:NAME}, ${file:PATH} and
// the like, and $$ for $. Where the text is one variable alone the result has the type that its value has as YAML.
func Expand(ctx context.Context, text string) (any, error) {
	settings := Settings("given:").ConfigProviderSettings.ResolverSettings
	settings.ProviderFactories = append(settings.ProviderFactories,
		confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return given(text) }))
	resolver, err := confmap.NewResolver(settings)
	if err != nil {
		return nil, fmt.Errorf("set up the resolver: %w", err)
	}
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	return conf.Get(givenKey), resolver.Shutdown(ctx)
}

const givenKey = "value"

// given provides a configuration of one text.
type given string

// Retrieve implements confmap.Provider.
func (g given) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return confmap.NewRetrieved(map[string]any{givenKey: string(g)})
}

// Scheme implements confmap.Provider.
func (given) Scheme() string { return "given" }

// Shutdown implements confmap.Provider.
func (given) Shutdown(context.Context) error { return nil }
