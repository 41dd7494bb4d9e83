//go:build e2e

package harness

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// stopWithin is how long a program may take to end after a polite request.
	stopWithin = 60 * time.Second
	// logTail is how much of a program's output a failed test prints.
	logTail = 64 << 10
	// dumpWithin is how long a program of a failed test may take to print its goroutines.
	dumpWithin = 10 * time.Second
)

// Command is what to start.
type Command struct {
	Name string   // in failure texts
	Path string   // of the program
	Args []string // without the program's name
	Env  []string // "K=V", beside the test's own environment
	Dir  string   // working directory; empty is the test's
}

// Process is a running program. Its output is kept, and printed when the test fails.
type Process struct {
	// Immutable after Start.
	name   string
	cmd    *exec.Cmd
	out    *output
	exited chan struct{} // closed once the process is gone and err is set

	err error // of Wait; read it after exited
}

// Start runs a program until Stop, Kill or the end of the test.
func Start(t testing.TB, c Command) *Process {
	t.Helper()
	p := &Process{name: c.Name, cmd: exec.Command(c.Path, c.Args...), out: &output{}, exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Dir = c.Dir
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", c.Name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			p.dump()
		}
		p.Kill()
		if t.Failed() {
			t.Logf("output of %s (pid %d):\n%s", p.name, p.cmd.Process.Pid, p.out.tail())
		}
	})
	return p
}

// dump makes a Go program that still runs print its goroutines and end.
func (p *Process) dump() {
	if p.cmd.Process.Signal(syscall.SIGQUIT) != nil {
		return // it has ended
	}
	select {
	case <-p.exited:
	case <-time.After(dumpWithin):
	}
}

// Kill ends the program as a power cut of its machine's scheduler would: SIGKILL, no warning. It returns once the
// process is gone; killing a program that has ended does nothing.
func (p *Process) Kill() {
	// An error says that the process has ended already, which is what was wanted.
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// Stop asks the program to end (SIGTERM) and fails the test unless it does so in time and with status 0.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("stop %s: %v", p.name, err)
	}
	select {
	case <-p.exited:
	case <-time.After(stopWithin):
		p.Kill()
		t.Fatalf("%s was still running %s after SIGTERM", p.name, stopWithin)
	}
	if p.err != nil {
		t.Fatalf("%s ended with %v, want status 0", p.name, p.err)
	}
}

// Running tells whether the program has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Output is what the program has printed so far, stdout and stderr together.
func (p *Process) Output() string { return p.out.String() }

// ResidentBytes is the memory that the program holds now, from /proc; 0 where that cannot be read.
func (p *Process) ResidentBytes() int64 { return residentBytes(p.cmd.Process.Pid) }

// output collects what a program prints.
type output struct {
	// mu guards buf. Held only to append or to copy.
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func (o *output) tail() string {
	s := o.String()
	return s[max(0, len(s)-logTail):]
}
