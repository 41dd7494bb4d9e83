package receiver

import (
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// typeName is the component type of the receiver, and of the extension that it looks for by default.
const typeName = "tailwise"

// DefaultMaxRequestMiB is the largest request that either protocol takes unless configured. Agents' requests are
// large: whole conversations travel with every model call.
const DefaultMaxRequestMiB = 64

// Config is the receiver's section of the configuration.
type Config struct {
	// Engine is the extension that decides. Default: tailwise.
	Engine component.ID `mapstructure:"engine"`

	// Protocols are those of the otlp receiver, with the same keys and default endpoints, so that its section can be
	// moved here unchanged. The default size limit is DefaultMaxRequestMiB on both.
	Protocols otlpreceiver.Protocols `mapstructure:"protocols"`

	// MetadataKeys name the request headers that travel with a trace to the exporters, such as a tenant's. They are
	// stored in the log with each request: name no credential.
	MetadataKeys []string `mapstructure:"metadata_keys"`
}

// Validate reports every fault.
func (c *Config) Validate() error {
	var faults []error
	if !c.Protocols.GRPC.HasValue() && !c.Protocols.HTTP.HasValue() {
		faults = append(faults, errors.New("protocols: none is given: add grpc:, http: or both"))
	}
	if c.Engine == (component.ID{}) {
		faults = append(faults, errors.New("engine: is empty: name an extension of type tailwise"))
	}
	return errors.Join(append(faults, engine.MetadataKeys(c.MetadataKeys).Faults()...)...)
}

// defaultConfig starts from the otlp receiver's defaults, so that new keys there appear here.
func defaultConfig() component.Config {
	protocols := otlpreceiver.NewFactory().CreateDefaultConfig().(*otlpreceiver.Config).Protocols
	grpc, http := *protocols.GRPC.GetOrInsertDefault(), *protocols.HTTP.GetOrInsertDefault()
	grpc.MaxRecvMsgSizeMiB = DefaultMaxRequestMiB
	http.ServerConfig.MaxRequestBodySize = DefaultMaxRequestMiB << 20
	protocols.GRPC, protocols.HTTP = configoptional.Default(grpc), configoptional.Default(http)
	return &Config{Engine: component.MustNewID(typeName), Protocols: protocols}
}
