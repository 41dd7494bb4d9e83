package exporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tailwise/tailwise/internal/durable"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dir = "data/kept"

var one = time.Date(2026, 11, 20, 13, 59, 0, 0, time.UTC)

// clock stands still until it is set.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newTestWriter(t *testing.T, fs durable.FS, maxBytes int64, c *clock) *writer {
	t.Helper()
	w := newWriter(fs, dir, maxBytes, c.now)
	t.Cleanup(func() { w.close() })
	return w
}

func opened(t *testing.T, fs durable.FS, maxBytes int64, c *clock) *writer {
	t.Helper()
	w := newTestWriter(t, fs, maxBytes, c)
	if err := w.open(); err != nil {
		t.Fatalf("open: %v", err)
	}
	return w
}

// mustWrite writes lines one after another.
func mustWrite(t *testing.T, w *writer, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if err := w.write(t.Context(), []byte(l+"\n")); err != nil {
			t.Fatalf("write %q: %v", l, err)
		}
	}
}

// contents reads every file, as "name: text" with | for newlines.
func contents(t *testing.T, fs durable.FS) []string {
	t.Helper()
	names, err := fs.ReadDir(dir)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	var all []string
	for _, name := range names {
		all = append(all, name+": "+strings.ReplaceAll(read(t, fs, name), "\n", "|"))
	}
	return all
}

func read(t *testing.T, fs durable.FS, name string) string {
	t.Helper()
	file, err := fs.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatalf("open %s: %v", name, err)
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, size)
	if _, err := file.ReadAt(buf, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("read %s: %v", name, err)
	}
	return string(buf)
}

func wantContents(t *testing.T, fs durable.FS, want ...string) {
	t.Helper()
	if got := contents(t, fs); !slices.Equal(got, want) {
		t.Errorf("files: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWriter_AnsweredLinesSurvivePowerLoss(t *testing.T) {
	for seed := range int64(50) {
		fs, c := durable.NewMem(), &clock{one}
		w := opened(t, fs, 60, c)
		var answered []string
		for i := range 20 {
			text := fmt.Sprintf("%d-%d", seed, i)
			mustWrite(t, w, text)
			answered = append(answered, text)
			if i == 10 {
				c.t = c.t.Add(time.Minute)
			}
		}
		crashed := fs.CrashClone(rand.New(rand.NewSource(seed)))
		all := strings.Join(contents(t, crashed), "|")
		for _, text := range answered {
			if !strings.Contains(all, " "+text+"|") && !strings.Contains(all, "|"+text+"|") {
				t.Fatalf("seed %d: line %q is lost; files: %s", seed, text, all)
			}
		}
	}
}

func TestWriter_LinesThatWaitShareASync(t *testing.T) {
	fs := durable.NewFaulty(durable.NewMem())
	w := newTestWriter(t, fs, 1000, &clock{one})
	var waiting []*line
	for range 10 {
		l := &line{bytes: []byte("x\n"), done: make(chan error, 1)}
		if err := w.enqueue(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, l)
	}
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
	for _, l := range waiting {
		if err := <-l.done; err != nil {
			t.Errorf("write: %v", err)
		}
	}
	if got := fs.Calls(durable.OpSync); got != 1 {
		t.Errorf("syncs for 10 waiting lines: got %d, want 1", got)
	}
}

func TestWriter_TurnsByHourAndBySize(t *testing.T) {
	fs, c := durable.NewMem(), &clock{one}
	w := opened(t, fs, 6, c)
	mustWrite(t, w, "aa", "bb", "cc", "a-line-longer-than-a-file", "dd")
	c.t = c.t.Add(time.Minute)
	mustWrite(t, w, "ee")
	wantContents(t, fs,
		"kept-20261120T13-2.jsonl: cc|",
		"kept-20261120T13-3.jsonl: a-line-longer-than-a-file|",
		"kept-20261120T13-4.jsonl: dd|",
		"kept-20261120T13.jsonl: aa|bb|",
		"kept-20261120T14.jsonl: ee|")
}

func TestWriter_GoesOnAfterRestart(t *testing.T) {
	fs, c := durable.NewMem(), &clock{one}
	first := opened(t, fs, 12, c)
	mustWrite(t, first, "aa", "bb")
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, opened(t, fs, 12, c), "cc", "dd", "ee")
	wantContents(t, fs, "kept-20261120T13-2.jsonl: ee|", "kept-20261120T13.jsonl: aa|bb|cc|dd|")
}

func TestWriter_EndsATornLine(t *testing.T) {
	fs := durable.NewMem()
	if err := fs.MkdirAll(dir); err != nil {
		t.Fatal(err)
	}
	file, err := fs.Create(filepath.Join(dir, "kept-20261120T13.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("whole\nto"), 0); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, opened(t, fs, 1000, &clock{one}), "next")
	wantContents(t, fs, "kept-20261120T13.jsonl: whole|to|next|")
}

var errDisk = errors.New("no space left on device")

func TestWriter_FaultThenRetry(t *testing.T) {
	for _, tc := range []struct {
		name string
		rule durable.Rule
		want []string
	}{
		{"write", durable.Rule{Op: durable.OpWrite, Nth: 2, Effect: durable.Nothing}, []string{"kept-20261120T13.jsonl: a|b|c|"}},
		{"half a write", durable.Rule{Op: durable.OpWrite, Nth: 2, Effect: durable.Half}, []string{"kept-20261120T13.jsonl: a|b|c|"}},
		{"a write that got through", durable.Rule{Op: durable.OpWrite, Nth: 2, Effect: durable.Whole},
			[]string{"kept-20261120T13.jsonl: a|b|c|"}},
		{"sync", durable.Rule{Op: durable.OpSync, Nth: 2}, []string{
			"kept-20261120T13-2.jsonl: b|c|", "kept-20261120T13.jsonl: a|b|"}},
		{"first sync", durable.Rule{Op: durable.OpSync, Nth: 1}, []string{"kept-20261120T13.jsonl: a|b|c|"}},
		{"create", durable.Rule{Op: durable.OpCreate}, []string{"kept-20261120T13.jsonl: a|b|c|"}},
		{"directory sync", durable.Rule{Op: durable.OpSyncDir, Nth: 2}, []string{"kept-20261120T13.jsonl: a|b|c|"}},
		{"list", durable.Rule{Op: durable.OpReadDir}, []string{"kept-20261120T13.jsonl: a|b|c|"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.rule.Err = errDisk
			fs := durable.NewFaulty(durable.NewMem(), tc.rule)
			w := opened(t, fs, 1000, &clock{one})
			failures := 0
			for _, text := range []string{"a", "b", "c"} {
				err := w.write(t.Context(), []byte(text+"\n"))
				if err != nil {
					failures++
					if !errors.Is(err, errDisk) {
						t.Errorf("write %s: got %v, want it to say %v", text, err, errDisk)
					}
					mustWrite(t, w, text)
				}
			}
			if failures != 1 {
				t.Errorf("writes that failed: got %d, want 1", failures)
			}
			wantContents(t, fs, tc.want...)
		})
	}
}

func TestWriter_AFailingDiskLeavesNoTrail(t *testing.T) {
	fs := durable.NewFaulty(durable.NewMem(), durable.Rule{Op: durable.OpSync, Times: -1, Err: errDisk})
	w := opened(t, fs, 1000, &clock{one})
	for range 5 {
		if err := w.write(t.Context(), []byte("a\n")); !errors.Is(err, errDisk) {
			t.Errorf("write: got %v, want %v", err, errDisk)
		}
	}
	wantContents(t, fs)
}

func TestWriter_TornLineAfterFailedUndo(t *testing.T) {
	fs := durable.NewFaulty(durable.NewMem(),
		durable.Rule{Op: durable.OpWrite, Nth: 2, Err: errDisk, Effect: durable.Half},
		durable.Rule{Op: durable.OpTruncate, Err: errDisk})
	w := opened(t, fs, 1000, &clock{one})
	mustWrite(t, w, "first")
	if err := w.write(t.Context(), []byte("second\n")); !errors.Is(err, errDisk) {
		t.Fatalf("write: got %v, want %v", err, errDisk)
	}
	mustWrite(t, w, "second")
	wantContents(t, fs, "kept-20261120T13.jsonl: first|sec|second|")
}

func TestWriter_ClosedOrCancelled(t *testing.T) {
	fs := durable.NewMem()
	w := newTestWriter(t, fs, 1000, &clock{one}) // not opened: nothing drains the queue
	for range queueLines {
		if err := w.enqueue(t.Context(), &line{done: make(chan error, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.write(ctx, []byte("a\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("write to a full queue: got %v, want %v", err, context.Canceled)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if err := w.write(t.Context(), []byte("a\n")); !errors.Is(err, errClosed) {
		t.Errorf("write after close: got %v, want %v", err, errClosed)
	}
}
