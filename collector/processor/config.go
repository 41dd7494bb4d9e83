package processor

import (
	"errors"

	"go.opentelemetry.io/collector/component"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// typeName is the component type of the processor, and of the extension that it looks for by default.
const typeName = "tailwise"

// Config is the processor's section of the configuration.
type Config struct {
	// Engine is the extension that decides. Default: tailwise.
	Engine component.ID `mapstructure:"engine"`

	// MetadataKeys name the request metadata that travels with a trace to the exporters, such as a tenant's header. The
	// receiver must pass it on (include_metadata). They are stored in the log with each request: name no credential.
	MetadataKeys []string `mapstructure:"metadata_keys"`
}

// Validate reports every fault.
func (c *Config) Validate() error {
	faults := engine.MetadataKeys(c.MetadataKeys).Faults()
	if c.Engine == (component.ID{}) {
		faults = append(faults, errors.New("engine: is empty: name an extension of type tailwise"))
	}
	return errors.Join(faults...)
}

func defaultConfig() component.Config { return &Config{Engine: component.MustNewID(typeName)} }
