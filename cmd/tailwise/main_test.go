package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"tailwise": main})
}

// leakChecked fails a run that leaves goroutines behind.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScripts runs testdata/script: what people type and what they see.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

func TestEveryCommandIsExplained(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		examples := 0
		for line := range strings.Lines(cmd.Example) {
			if strings.HasPrefix(strings.TrimSpace(line), "tailwise") {
				examples++
			}
		}
		if cmd.Use == "" || cmd.Short == "" || cmd.Long == "" || examples < 2 {
			t.Errorf("%s: has use %q, short %q, %d bytes of long and %d examples, want all of them and two examples",
				cmd.CommandPath(), cmd.Use, cmd.Short, len(cmd.Long), examples)
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(newRoot())
}

func TestRun_ExitCodes(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"version"}, exitOK, ""},
		{[]string{"nonsense"}, exitUsage, "unknown command"},
		{[]string{"traces", "--limt", "3"}, exitUsage, "unknown flag: --limt"},
		{[]string{"traces", "extra"}, exitUsage, "hint: see tailwise traces --help"},
		{[]string{"traces", "--limit", "0"}, exitUsage, "--limit: 0 is not positive"},
		{[]string{"export"}, exitUsage, "hint: give --retry"},
		{[]string{"run"}, exitUsage, "--config: is missing"},
		{[]string{"validate", "--config", "x", "--set", "novalue"}, exitUsage, "--set: has no key and value"},
		{[]string{"--export-header", "a=b"}, exitUsage, "there is no --export"},
		{[]string{"--export", "nowhere"}, exitError, "is no URL"},
		{[]string{"--policy", "does-not-exist.yaml"}, exitError, "--policy: open does-not-exist.yaml"},
		{[]string{"traces", "--data-dir", "does-not-exist"}, exitError, "hint: start it with tailwise"},
		{[]string{"policy", "check", "does-not-exist.yaml"}, exitError, "no such file"},
	} {
		var out, errOut bytes.Buffer
		code := run(context.Background(), tc.args, nil, &out, &errOut)
		if code != tc.code || !strings.Contains(errOut.String(), tc.says) {
			t.Errorf("tailwise %s: got code %d and %q, want code %d and %q",
				strings.Join(tc.args, " "), code, errOut.String(), tc.code, tc.says)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	root := newRoot()
	flags := root.Flags()
	if err := flags.Set("data-dir", "from-the-command-line"); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{
		"TAILWISE_GRPC_LISTEN": "host:1", "TAILWISE_DATA_DIR": "from-the-environment",
		"TAILWISE_EXPORT_HEADER": "a=1,b=2", "TAILWISE_VERBOSE": "true",
	}
	lookup := func(name string) (string, bool) { v, ok := environment[name]; return v, ok }
	if err := fromEnvironment(flags, lookup); err != nil {
		t.Fatal(err)
	}
	headers, err := flags.GetStringArray("export-header")
	if err != nil || !slices.Equal(headers, []string{"a=1", "b=2"}) {
		t.Errorf("export-header: got %q, %v, want both", headers, err)
	}
	for flag, want := range map[string]string{
		"grpc-listen": "host:1", "data-dir": "from-the-command-line", "verbose": "true", "http-listen": "localhost:4318",
	} {
		if got := flags.Lookup(flag).Value.String(); got != want {
			t.Errorf("%s: got %q, want %q", flag, got, want)
		}
	}
	environment["TAILWISE_VERBOSE"] = "perhaps"
	if err := fromEnvironment(newRoot().Flags(), lookup); err == nil || !strings.Contains(err.Error(), "TAILWISE_VERBOSE") {
		t.Errorf("a value that is none: got %v, want an error that names the variable", err)
	}
}

func TestMain_NoEnvironmentLeaksIntoTests(t *testing.T) {
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "TAILWISE_") {
			t.Errorf("the environment has %s: tests of defaults depend on it", entry)
		}
	}
}
