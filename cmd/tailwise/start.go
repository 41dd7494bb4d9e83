package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tailwise/tailwise/collector/distribution"
	"github.com/tailwise/tailwise/internal/policy"
)

func newAllInOne() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "tailwise [flags]",
		Short: "Tail sampling for AI agents that loses nothing it has acknowledged",
		Long: `tailwise takes OpenTelemetry traces in over OTLP, waits until it can judge each one, decides by a policy
which to keep, and sends those to a tracing backend. It answers a request once its spans are on disk.

Without a subcommand it runs all in one. Every flag can be given as an environment variable as well: --data-dir as
TAILWISE_DATA_DIR, --export-header (repeated) as TAILWISE_EXPORT_HEADER with commas between.`,
		Example: `  # Keep what the built-in policy keeps, in ./tailwise-data/kept
  tailwise

  # Send kept traces to Honeycomb, by a policy of your own
  tailwise --policy policy.yaml --export https://api.honeycomb.io --export-header x-honeycomb-team=KEY`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return start(cmd.Context(), s, cmd.ErrOrStderr(), func() {})
		},
	}
	s.register(cmd.Flags())
	return cmd
}

// start runs the program by settings until ctx ends or a signal comes, and calls ready once it takes traces.
func start(ctx context.Context, s settings, talk io.Writer, ready func()) error {
	to, err := s.target()
	if err != nil {
		return err
	}
	rules, err := s.policy()
	if err != nil {
		return err
	}
	config, err := s.config(to, isFree(metricsAddress))
	if err != nil {
		return err
	}
	collectorSettings := distribution.Settings("yaml:" + string(config))
	collectorSettings.Factories = announcing(collectorSettings.Factories, func() {
		s.announce(talk, to, rules)
		ready()
	})
	collector, err := otelcol.NewCollector(collectorSettings)
	if err != nil {
		return err
	}
	return collector.Run(ctx)
}

// policy compiles what will be in force, so that a fault shows as itself and not as one of the configuration.
func (s *settings) policy() (*policy.Policy, error) {
	if s.policyFile == "" {
		return policy.Compile("built-in policy", policy.BuiltIn())
	}
	text, err := os.ReadFile(s.policyFile)
	if err != nil {
		return nil, fmt.Errorf("--policy: %w", err)
	}
	return policy.Compile(s.policyFile, text)
}

func (s *settings) announce(w io.Writer, to target, rules *policy.Policy) {
	var names []string
	for _, rule := range rules.Rules() {
		names = append(names, rule.Name)
	}
	file := s.policyFile
	if file == "" {
		file = "built-in"
	}
	fmt.Fprintf(w, `tailwise %s is ready
  takes    OTLP/gRPC on %s, OTLP/HTTP on http://%s
  policy   %s, %s, rules: %s
  sends    kept traces to %s
  data     %s, API on http://%s
`, distribution.BuildInfo().Version, s.grpc, s.http, file, rules.Version(), strings.Join(names, ", "),
		to.name, s.dataDir, s.api)
}
