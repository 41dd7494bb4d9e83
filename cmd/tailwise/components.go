package main

import (
	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tailwise/tailwise/collector/distribution"
)

// newComponents is the Collector's own command, as every distribution has it.
func newComponents() *cobra.Command {
	collector := otelcol.NewCommand(distribution.Settings())
	cmd, _, err := collector.Find([]string{"components"})
	if err != nil {
		panic(err) // the Collector that we are built with has lost its command
	}
	collector.RemoveCommand(cmd)
	cmd.Short = "List the components that a configuration may name"
	cmd.Long = `components prints, as YAML, the receivers, processors, exporters, connectors, extensions and configuration providers
that are built in, with their stability. The form is the Collector's and may change with it.`
	cmd.Example = `  tailwise components
  tailwise components | grep -A1 "name: otlp"`
	cmd.Args = args(cobra.NoArgs)
	return cmd
}
