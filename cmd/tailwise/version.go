package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/collector/distribution"
	"github.com/tailwise/tailwise/internal/price"
)

func newVersion() *cobra.Command {
	var short bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `version prints the program's version, the Go version it was built with, the platform, and the day that the built-in
prices of model calls speak of.`,
		Example: `  tailwise version
  tailwise version --short`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			version := distribution.BuildInfo().Version
			if short {
				fmt.Fprintln(cmd.OutOrStdout(), version)
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "tailwise %s (%s, %s/%s), prices of %s\n",
				version, runtime.Version(), runtime.GOOS, runtime.GOARCH, price.BuiltIn().Date())
			return nil
		},
	}
	cmd.Flags().BoolVar(&short, "short", false, "print the bare version")
	return cmd
}
