package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/sampler"
)

func newPolicy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Check, explain and import policies, and show the one in force",
		Long:  `policy works on policies: the files that say which traces to keep.`,
		Example: `  tailwise policy check policy.yaml
  tailwise policy show`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyCheck(), newPolicyShow(), newPolicyImport(), newPolicyExplain())
	return cmd
}

func newPolicyCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Compile a policy and print every fault",
		Long: `check compiles a policy as a start would, and prints every fault with its file, line and column. If there is none it
prints warnings of what is accepted and hardly meant, the version, and each rule and each of policies: with what it does.`,
		Example: `  tailwise policy check policy.yaml
  tailwise policy check policy.yaml && git commit policy.yaml`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			compiled, err := policy.Compile(args[0], text)
			if err != nil {
				return err
			}
			printChecked(cmd.OutOrStdout(), args[0], compiled)
			return nil
		},
	}
}

// printChecked prints what a valid policy is warned of, and what it does.
func printChecked(out io.Writer, file string, compiled *policy.Policy) {
	for _, warning := range compiled.Warnings() {
		fmt.Fprintf(out, "warning: %v\n", warning)
	}
	fmt.Fprintf(out, "%s is valid, version %s\n", file, compiled.Version())
	rules := compiled.Rules()
	otherwise := len(rules) - 1
	for _, rule := range rules[:otherwise] {
		fmt.Fprintf(out, "  %s: %s\n", rule.Name, does(rule))
	}
	if set := compiled.Policies(); set != nil {
		for i := range set.Config().Policies {
			p := &set.Config().Policies[i]
			fmt.Fprintf(out, "  %s: policy of type %s\n", p.Name, p.Type)
		}
	}
	fmt.Fprintf(out, "  %s: %s\n", rules[otherwise].Name, does(rules[otherwise]))
}

func newPolicyShow() *cobra.Command {
	var of instance
	var builtIn bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the policy in force",
		Long: `show prints the text of the policy that a running instance decides by, and on stderr where it is from, its version
and since when. With --builtin it prints the policy that is in force where none is given, and needs no instance: a
good first policy file to edit.`,
		Example: `  tailwise policy show
  tailwise policy show --builtin > policy.yaml`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if builtIn {
				_, err := cmd.OutOrStdout().Write(policy.BuiltIn())
				return err
			}
			var view sampler.PolicyView
			if err := of.get(cmd.Context(), "/api/v1/policy", nil, &view); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s, version %s, in force since %s\n", view.File, view.Version, stamp(&view.From))
			fmt.Fprint(cmd.OutOrStdout(), view.Text)
			return nil
		},
	}
	of.register(cmd.Flags())
	cmd.Flags().BoolVar(&builtIn, "builtin", false, "print the built-in policy")
	return cmd
}

// does says in a few words what a rule does with the traces that it matches.
func does(rule policy.Rule) string {
	words := rule.Verb.String()
	if rule.Verb == policy.Sample {
		words += fmt.Sprintf(" %g%%", 100*rule.Probability)
	}
	if rule.Retention != "" {
		words += ", retention " + rule.Retention
	}
	if rule.Limit != "" {
		words += ", at most " + rule.Limit
	}
	if rule.When != "" {
		words += ", when " + strings.Join(strings.Fields(rule.When), " ")
	}
	return words
}
