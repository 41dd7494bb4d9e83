//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tailwise/tailwise/test/harness"
)

// client is an instrumented agent program in another language.
type client struct {
	name      string
	files     []string // under clients/<name>, copied to where the packages get installed
	lock      string   // the one of files that says which packages
	install   [][]string
	run       []string
	scenarios []string
}

// The programs are started with a directory of their own as the working directory.
var (
	nodeClient = client{
		name:    "node",
		files:   []string{"package.json", "package-lock.json", "agent.mjs"},
		lock:    "package-lock.json",
		install: [][]string{{"npm", "ci", "--no-audit", "--no-fund"}},
		run:     []string{"node", "agent.mjs"},
		scenarios: []string{
			"healthy", "tool", "tool_error", "provider_down", "costly", "waiting", "slow", "probe", "filtered", "responses",
		},
	}
	pythonClient = client{
		name:  "python",
		files: []string{"requirements.txt", "agent.py"},
		lock:  "requirements.txt",
		install: [][]string{
			{"python3", "-m", "venv", "--clear", "venv"},
			{"venv/bin/pip", "install", "--quiet", "--no-input", "-r", "requirements.txt"},
		},
		run: []string{"venv/bin/python", "agent.py"},
		scenarios: []string{
			"healthy", "tool", "tool_error", "provider_down", "costly", "waiting", "slow", "probe", "filtered",
		},
	}
)

// installMu: two tests must not install the same packages at once.
var installMu sync.Mutex

// prepare installs the client's packages, unless that was done for the same lock file before, and returns the
// directory to run it in.
func (c client) prepare(t *testing.T) string {
	t.Helper()
	installMu.Lock()
	defer installMu.Unlock()
	dir := harness.WorkDir(t, c.name)
	for _, file := range c.files {
		text, err := os.ReadFile(filepath.Join("clients", c.name, file))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, file), string(text))
	}
	want, err := os.ReadFile(filepath.Join("clients", c.name, c.lock))
	if err != nil {
		t.Fatal(err)
	}
	stamp := filepath.Join(dir, "installed")
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, want) {
		return dir
	}
	for _, args := range c.install {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("install the %s client: %s: %v\n%s", c.name, strings.Join(args, " "), err, out)
		}
	}
	writeFile(t, stamp, string(want))
	return dir
}

// agentRun is one trace that a client has made and delivered.
type agentRun struct {
	Client   string `json:"-"`
	Scenario string `json:"scenario"`
	Trace    string `json:"trace_id"`
	Session  string `json:"session"`
	Spans    int    `json:"spans"`
}

// play runs each of the client's scenarios n times. endpoint and control are as the client's exporter wants them:
// base URLs for HTTP, host:port for gRPC.
func (c client) play(t *testing.T, n int, endpoint, control, provider string) []agentRun {
	t.Helper()
	dir := c.prepare(t)
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(c.run[0], c.run[1:]...)
	if strings.Contains(c.run[0], "/") {
		cmd.Path = filepath.Join(dir, c.run[0])
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(),
		"OTLP_ENDPOINT="+endpoint, "CONTROL_ENDPOINT="+control, "PROVIDER_URL="+provider,
		"SCENARIOS="+strings.Join(c.scenarios, ","), "RUNS="+strconv.Itoa(n))
	if err := cmd.Run(); err != nil {
		t.Fatalf("run the %s client: %v\n%s%s", c.name, err, stdout.String(), stderr.String())
	}
	t.Logf("%s client's stderr:\n%s", c.name, stderr.String())
	return c.parse(t, stdout.String(), n)
}

// parse reads what the client printed, and checks that no run is missing.
func (c client) parse(t *testing.T, stdout string, n int) []agentRun {
	t.Helper()
	var runs []agentRun
	lines := bufio.NewScanner(strings.NewReader(stdout))
	for lines.Scan() {
		run := agentRun{Client: c.name}
		if err := json.Unmarshal(lines.Bytes(), &run); err != nil {
			t.Fatalf("the %s client printed %q: %v", c.name, lines.Text(), err)
		}
		if run.Trace == "" || run.Spans == 0 {
			t.Fatalf("the %s client printed %q: want a trace with spans", c.name, lines.Text())
		}
		runs = append(runs, run)
	}
	if want := n * len(c.scenarios); len(runs) != want {
		t.Fatalf("runs of the %s client: got %d, want %d", c.name, len(runs), want)
	}
	return runs
}
