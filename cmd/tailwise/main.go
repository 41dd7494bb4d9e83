// Command tailwise is the whole program: without arguments it takes traces in, decides and keeps; its subcommands run
// it from a Collector configuration, check policies, and ask a running instance what it did and why.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
