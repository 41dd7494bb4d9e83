package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/collector/distribution"
)

func newValidate() *cobra.Command {
	var c configFlags
	cmd := &cobra.Command{
		Use:   "validate --config FILE",
		Short: "Check a Collector configuration and its policy without starting anything",
		Long: `validate checks what run would start, the policy included, and prints every fault with its key. It also names what
in the configuration would lose traces in a crash: queues in memory and batch processors behind a tailwise receiver or
processor, and batch processors in front of one. Those are warnings; the exit code is 0 unless the configuration is refused.`,
		Example: `  tailwise validate --config collector.yaml
  tailwise validate --config base.yaml --set extensions.tailwise.durability=interval`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := c.settings()
			if err != nil {
				return err
			}
			holes, err := distribution.Validate(cmd.Context(), settings)
			if err != nil {
				return err
			}
			for _, hole := range holes {
				fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", hole)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "the configuration is valid")
			return nil
		},
	}
	c.register(cmd.Flags())
	return cmd
}
