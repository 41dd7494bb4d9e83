//go:build e2e

package harness

import (
	"fmt"
	"testing"
	"time"
)

// pollEvery is the pause between two looks at a condition.
const pollEvery = 50 * time.Millisecond

// Until polls check until it returns nil. After the deadline it fails the test with what was awaited and the last
// error; the same at once when process, which may be nil, ends meanwhile.
func Until(t testing.TB, within time.Duration, what string, p *Process, check func() error) {
	t.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if p != nil && !p.Running() {
			t.Fatalf("wait for %s: %s has ended (%v); last: %v", what, p.name, p.err, err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("wait for %s: not within %s; last: %v", what, within, err)
		}
		<-tick.C
	}
}

// Want returns an error unless got equals want.
func Want[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
