//go:build e2e

// Package harness runs programs for the tests that need real ones: it builds them, starts, kills and stops them,
// keeps what they print, waits for things to come true, and speaks the JSON API of a running tailwise.
package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// buildMu keeps the tests of one package from linking the same program at once.
var buildMu sync.Mutex

// Root is the directory of the module under test.
func Root(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// WorkDir is where the tests keep what they install and build between runs: test/e2e/.work/<elem...>. It exists.
func WorkDir(t testing.TB, elem ...string) string {
	t.Helper()
	dir := filepath.Join(append([]string{Root(t), "test", "e2e", ".work"}, elem...)...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatalf("make the work directory: %v", err)
	}
	return dir
}

// Build compiles the main package at pkg, a path relative to the module ("cmd/tailwise"), and returns the program.
// The toolchain's cache makes a second call cheap. owner names the test package, as two of them run side by side.
func Build(t testing.TB, owner, pkg string, flags ...string) string {
	t.Helper()
	buildMu.Lock()
	defer buildMu.Unlock()
	path := filepath.Join(WorkDir(t, "bin", owner), filepath.Base(pkg))
	cmd := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), "./"+pkg)...)
	cmd.Dir = Root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}
