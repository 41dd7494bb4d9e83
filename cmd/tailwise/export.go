package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/internal/sampler"
)

func newExport() *cobra.Command {
	var of instance
	var retry bool
	cmd := &cobra.Command{
		Use:   "export --retry [TRACE...]",
		Short: "Send kept traces again that the backend refused for good",
		Long: `export --retry sends the traces that the backend refused for good once more: those that are named, or all. Use it once
the cause is mended, such as a limit or a wrong key at the backend. What is refused again is set aside again.`,
		Example: `  tailwise export --retry
  tailwise export --retry 4bf92f3577b34da6a3ce929d0e0e4736`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !retry {
				return &usageError{&hintError{errors.New("export: nothing to do"), "give --retry to send refused traces again"}}
			}
			var answer sampler.RetryView
			request := sampler.RetryRequest{Traces: append([]string{}, args...)}
			if err := of.post(cmd.Context(), "/api/v1/export/retry", request, &answer); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d traces are on their way again\n", answer.Retried)
			return nil
		},
	}
	of.register(cmd.Flags())
	cmd.Flags().BoolVar(&retry, "retry", false, "send again what the backend refused")
	return cmd
}
