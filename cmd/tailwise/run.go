package main

import (
	"context"
	"errors"
	"flag"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tailwise/tailwise/collector/distribution"
)

func newRun() *cobra.Command {
	var c configFlags
	cmd := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Run as an OpenTelemetry Collector, from a configuration",
		Long: `run starts the Collector that tailwise is from a configuration as Collector users know it. Several --config
are merged in their order, --set comes last. Locations may also be env:NAME, yaml:TEXT, http://... and https://....`,
		Example: `  tailwise run --config collector.yaml
  tailwise run --config base.yaml --config site.yaml --set extensions.tailwise.data_dir=/var/lib/tailwise`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	c.register(cmd.Flags())
	return cmd
}

// configFlags name a Collector configuration.
type configFlags struct{ configs, sets []string }

func (c *configFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&c.configs, "config", nil, "location of a configuration; may be repeated")
	flags.StringArrayVar(&c.sets, "set", nil, "KEY=VALUE over the configuration, such as exporters.debug.verbosity=basic; may be repeated")
	gates := flag.NewFlagSet("", flag.ContinueOnError)
	featuregate.GlobalRegistry().RegisterFlags(gates)
	flags.AddGoFlagSet(gates)
}

// settings are those of the Collector for the flags.
func (c *configFlags) settings() (otelcol.CollectorSettings, error) {
	if len(c.configs) == 0 {
		return otelcol.CollectorSettings{}, &usageError{&hintError{errors.New("--config: is missing"),
			"without a configuration, start tailwise without a subcommand"}}
	}
	uris := append([]string(nil), c.configs...)
	for _, set := range c.sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok {
			return otelcol.CollectorSettings{}, &usageError{&hintError{errors.New("--set: has no key and value"), "write it as KEY=VALUE"}}
		}
		uris = append(uris, "yaml:"+strings.ReplaceAll(strings.TrimSpace(key), ".", "::")+": "+strings.TrimSpace(value))
	}
	return distribution.Settings(uris...), nil
}

func (c *configFlags) run(ctx context.Context) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	collector, err := otelcol.NewCollector(settings)
	if err != nil {
		return err
	}
	return collector.Run(ctx)
}
