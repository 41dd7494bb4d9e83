package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Cores: what is measured has one for itself.
const (
	serverCore = 0
	otherCore  = 1
)

// A process is a child on its own core, with its output in a file.
type process struct {
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when it has ended; err is set then
	err  error
}

// start starts a program on a core. Its standard output and error go to the file at logPath.
func start(core int, logPath, path string, args ...string) (*process, error) {
	log, err := os.Create(logPath)
	if err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	p := &process{cmd: exec.Command(path, args...), log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := onCore(core, p.cmd.Start); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", path, err), log.Close())
	}
	go func() {
		p.err = errors.Join(p.cmd.Wait(), log.Close())
		close(p.done)
	}()
	return p, nil
}

// onCore runs f on a thread that is bound to the core; a child that f starts inherits that.
func onCore(core int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("read affinity: %w", err)
	}
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("bind to core %d (two are needed): %w", core, err)
	}
	return errors.Join(f(), unix.SchedSetaffinity(0, &before))
}

// stop ends the process with SIGTERM, or with SIGKILL when that does not help within half a minute.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.cmd.Path, err)
	}
	select {
	case <-p.done:
		return nil // how it ended does not matter after the figures are read
	case <-time.After(30 * time.Second):
		err := p.cmd.Process.Kill()
		<-p.done
		return errors.Join(fmt.Errorf("stop %s: no end within 30s", p.cmd.Path), err)
	}
}

// cpu returns the time that the process has run so far, in user and kernel mode.
func (p *process) cpu() (time.Duration, error) {
	// The clock of another process has its id in this form; it counts nanoseconds, where /proc counts hundredths
	// of a second.
	const schedClock = 2
	clock := int32(^p.cmd.Process.Pid<<3 | schedClock)
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("read CPU clock: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// memory returns the resident bytes of now and their highest number ever.
func (p *process) memory() (now, peak int64, err error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("read memory: %w", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch key {
		case "VmRSS":
			now = kib << 10
		case "VmHWM":
			peak = kib << 10
		}
	}
	if now == 0 || peak == 0 {
		return 0, 0, errors.New("read memory: the process has ended")
	}
	return now, peak, nil
}

// tail returns the end of the process's output, for errors.
func (p *process) tail() string {
	const most = 2000
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}
