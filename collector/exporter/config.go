package exporter

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/tailwise/tailwise/collector/internal/bytesize"
)

// DefaultMaxFileBytes is the size at which a file is followed by another of the same hour.
const DefaultMaxFileBytes = 256 << 20

// Config is the exporter's section of the configuration.
type Config struct {
	// Directory holds the files. Required; it is created if missing.
	Directory string `mapstructure:"directory"`

	// MaxFileBytes is the size that a file does not exceed, but for a single larger write. Default: 256MiB.
	MaxFileBytes bytesize.Size `mapstructure:"max_file_bytes"`
}

// Validate reports every fault.
func (c *Config) Validate() error {
	var faults []error
	if c.Directory == "" {
		faults = append(faults, errors.New("directory: is empty: name the directory for the files"))
	}
	if c.MaxFileBytes < 1 {
		faults = append(faults, fmt.Errorf("max_file_bytes: %d is not positive", c.MaxFileBytes))
	}
	return errors.Join(faults...)
}

func defaultConfig() component.Config { return &Config{MaxFileBytes: DefaultMaxFileBytes} }
