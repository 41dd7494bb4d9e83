// Command tailwise is the whole program: without arguments it takes traces in, decides and keeps; its subcommands run
// it from a Collector configuration, check policies, and ask a running instance what it did and why.
package main

import (
	"context"
	"os"

	"github.com/tailwise/tailwise/collector/distribution"
)

// version is set by the linker in release builds.
var version string

func main() {
	if version != "" {
		distribution.Version = version
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
