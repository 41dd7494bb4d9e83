package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/component"

	"github.com/tailwise/tailwise/collector/distribution"
	"github.com/tailwise/tailwise/collector/extension"
	"github.com/tailwise/tailwise/internal/migrate"
)

// The files that policy import writes.
const (
	importedPolicy = "policy.yaml"
	importedConfig = "tailwise.yaml"
)

// policyImport is what the command is asked for.
type policyImport struct {
	as, processor, dir string
	ordinary, force    bool
}

func newPolicyImport() *cobra.Command {
	var p policyImport
	cmd := &cobra.Command{
		Use:   "import COLLECTOR.yaml",
		Short: "Move over from the Collector's tail_sampling processor",
		Long: `import takes the tail_sampling processor out of a Collector configuration and writes two files: ` + importedPolicy + ` with its
policies, in their own form, and ` + importedConfig + `, the configuration with the tailwise extension and processor in its place. It
prints the new sections, every change, and what is left to do. COLLECTOR.yaml is not changed, and nothing is overwritten
without --force.

Variables like ${env:NAME} in policies are resolved with the values of now, as nobody expands them in a policy file;
everywhere else they stay as they are.

With --as rules each policy becomes a rule of Tailwise's own language where that decides the same for every trace; the
others stay policies beside the rules, and it is said why. --ordinary also translates what decides the same unless a trace
is odd (a span without times, an attribute on an event); how odd stands at each rule.`,
		Example: `  tailwise policy import collector.yaml
  tailwise policy import collector.yaml --processor tail_sampling/agents --as rules -o moved`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.as != "policies" && p.as != "rules" {
				return &usageError{fmt.Errorf("--as: %q is neither policies nor rules", p.as)}
			}
			if p.ordinary && p.as != "rules" {
				return &usageError{errors.New("--ordinary: goes with --as rules")}
			}
			return p.run(cmd.Context(), args[0], cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&p.as, "as", "policies", "policies: in the processor's own form; rules: in Tailwise's")
	cmd.Flags().StringVar(&p.processor, "processor", "", "which one, such as tail_sampling/agents (default: the only one)")
	cmd.Flags().StringVarP(&p.dir, "output", "o", ".", "directory for the files")
	cmd.Flags().BoolVar(&p.ordinary, "ordinary", false, "with --as rules: also translate what decides the same for ordinary traces only")
	cmd.Flags().BoolVar(&p.force, "force", false, "overwrite files that are there")
	return cmd
}

func (p *policyImport) run(ctx context.Context, file string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	policyFile, configFile := filepath.Join(p.dir, importedPolicy), filepath.Join(p.dir, importedConfig)
	result, err := migrate.Import(migrate.Source{
		File: file, Text: text, Processor: p.processor, PolicyFile: policyFile, DataDir: extension.DefaultDataDir,
		AsRules: p.as == "rules", Ordinary: p.ordinary,
		Expand: func(text string) (any, error) { return distribution.Expand(ctx, text) },
	})
	if err != nil {
		return err
	}
	if err := p.write(map[string][]byte{policyFile: result.Policy, configFile: result.Configuration}); err != nil {
		return err
	}
	printImport(out, result, policyFile, configFile)
	return nil
}

// write writes both files or, where one is there already, neither.
func (p *policyImport) write(files map[string][]byte) error {
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		return err
	}
	for name := range files {
		if _, err := os.Lstat(name); !p.force && !errors.Is(err, fs.ErrNotExist) {
			return &hintError{fmt.Errorf("%s is there already", name), "write elsewhere with -o, or overwrite with --force"}
		}
	}
	for name, text := range files {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// printImport says what was done and what is left to do.
func printImport(out io.Writer, r *migrate.Result, policyFile, configFile string) {
	fmt.Fprintf(out, "%s: the policies of %s\n%s: the configuration with these sections\n\n", policyFile, r.Processor, configFile)
	for line := range strings.Lines(string(r.Block)) {
		fmt.Fprint(out, "  ", line)
	}
	fmt.Fprintln(out, "\nchanged:")
	for _, change := range r.Changes {
		fmt.Fprintf(out, "  %s\n", change)
	}
	if len(r.Translations) > 0 {
		fmt.Fprintln(out, "\npolicies:")
	}
	for i := range r.Translations {
		printTranslation(out, &r.Translations[i])
	}
	notes := append(r.Notes, lacking(r.Used)...)
	if n := onlyOrdinary(r.Translations); n > 0 {
		notes = append(notes, fmt.Sprintf("policies that --ordinary makes rules of too: %d", n))
	}
	if len(notes) > 0 {
		fmt.Fprintln(out, "\nto know:")
		for _, note := range notes {
			fmt.Fprintf(out, "  %s\n", note)
		}
	}
	fmt.Fprintf(out, "\nnext: tailwise validate --config %s\n", configFile)
}

// onlyOrdinary counts the policies that were not translated because the rule decides the same for ordinary traces only.
func onlyOrdinary(translations []migrate.Translation) (n int) {
	for i := range translations {
		if t := &translations[i]; t.Needs && len(t.Unless) > 0 {
			n++
		}
	}
	return n
}

func printTranslation(out io.Writer, t *migrate.Translation) {
	switch {
	case t.Rule != "" && t.When == "":
		fmt.Fprintf(out, "  %s (%s): rule %s, for every trace\n", t.Policy, t.Type, t.Rule)
	case t.Rule != "":
		fmt.Fprintf(out, "  %s (%s): rule %s, when %s\n", t.Policy, t.Type, t.Rule, t.When)
	case t.Needs:
		fmt.Fprintf(out, "  %s (%s): stays a policy: %s\n", t.Policy, t.Type, t.Why)
		return
	default:
		fmt.Fprintf(out, "  %s (%s): %s\n", t.Policy, t.Type, t.Why)
	}
	if len(t.Unless) > 0 {
		fmt.Fprintf(out, "    decides the same unless %s\n", strings.Join(t.Unless, "; or "))
	}
}

// lacking says which of the components that a configuration uses are not built in.
func lacking(used []migrate.Component) (notes []string) {
	factories, err := distribution.Components()
	if err != nil {
		return nil // the start will say so
	}
	for _, c := range used {
		var id component.ID
		if id.UnmarshalText([]byte(c.ID)) != nil {
			continue // a variable, or a fault that the start will name
		}
		known := true
		switch c.Kind {
		case "receivers":
			_, known = factories.Receivers[id.Type()]
		case "processors":
			_, known = factories.Processors[id.Type()]
		case "exporters":
			_, known = factories.Exporters[id.Type()]
		case "extensions":
			_, known = factories.Extensions[id.Type()]
		case "connectors":
			_, known = factories.Connectors[id.Type()]
		}
		if !known {
			notes = append(notes, fmt.Sprintf("%s: %s is not built into tailwise (see tailwise components): build a Collector that has "+
				"both, or take it out", c.Kind, c.ID))
		}
	}
	return notes
}
