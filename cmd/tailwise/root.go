package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// run is the program but for the process: it ends when the command is done, or when ctx ends.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(errOut, "error: %v\n", err)
	var hinted *hintError
	if errors.As(err, &hinted) {
		fmt.Fprintf(errOut, "hint: %s\n", hinted.hint)
	}
	var usage *usageError
	if errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command") {
		return exitUsage
	}
	return exitError
}

// hintError is an error with advice for the person who reads it.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func newRoot() *cobra.Command {
	root := newAllInOne()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{&hintError{err, "see " + cmd.CommandPath() + " --help"}}
	})
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd.Flags(), os.LookupEnv) }
	root.AddCommand(newRun(), newDemo(), newValidate(), newComponents(), newPolicy(), newTraces(), newTrace(), newDoctor(), newExport(),
		newVersion())
	return root
}

// fromEnvironment sets every flag that the command line does not: --data-dir from TAILWISE_DATA_DIR and so on. A flag
// that may be repeated takes a list with commas.
func fromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var faults []error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := environmentName(flag.Name)
		value, ok := lookup(name)
		if flag.Changed || !ok || flag.Name == "help" {
			return
		}
		values := []string{value}
		if flag.Value.Type() == "stringArray" {
			values = strings.Split(value, ",")
		}
		for _, v := range values {
			if err := flags.Set(flag.Name, v); err != nil {
				faults = append(faults, &usageError{fmt.Errorf("%s: %w", name, err)})
			}
		}
	})
	return errors.Join(faults...)
}

func environmentName(flag string) string {
	return "TAILWISE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// args makes usage errors of cobra's own checks.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{&hintError{err, "see " + cmd.CommandPath() + " --help"}}
		}
		return nil
	}
}
