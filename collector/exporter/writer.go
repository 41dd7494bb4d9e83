package exporter

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

const (
	// queueLines is how many lines may wait for the disk. A full queue blocks the writers, who hold the data anyway.
	queueLines = 64
	// batchBytes is where a batch stops growing. What shares a batch shares one sync.
	batchBytes = 8 << 20
)

var errClosed = errors.New("the exporter is shut down")

// writer puts lines into files and answers once they are durable. One goroutine owns the files; lines that come while
// it syncs go into its next batch together.
type writer struct {
	lines chan *line
	files files // owned by run

	// mu guards closed, so that no line is queued after the queue is closed. Writers hold it shared while they
	// queue, which run keeps short.
	mu      sync.RWMutex
	closed  bool
	running sync.WaitGroup
}

// line is one write and where its answer goes.
type line struct {
	bytes []byte
	done  chan error
}

// newWriter makes a writer of files of at most maxBytes in dir. Call open before write.
func newWriter(fs durable.FS, dir string, maxBytes int64, now func() time.Time) *writer {
	return &writer{
		lines: make(chan *line, queueLines),
		files: files{fs: fs, dir: dir, maxBytes: maxBytes, now: now},
	}
}

// open creates the directory, so that a wrong path is found at start, and begins to write.
func (w *writer) open() error {
	if err := w.files.prepare(); err != nil {
		return err
	}
	w.running.Go(w.run)
	return nil
}

// close writes what waits and ends. It is safe to repeat, and without open.
func (w *writer) close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.lines)
	}
	w.mu.Unlock()
	w.running.Wait()
	return w.files.close()
}

// write returns nil once b, a line with its newline, is durable. After an error some of b may be on disk; writing it
// again is right and may leave it there twice. ctx bounds the wait for room; a write that has begun is waited for.
func (w *writer) write(ctx context.Context, b []byte) error {
	l := &line{bytes: b, done: make(chan error, 1)}
	if err := w.enqueue(ctx, l); err != nil {
		return err
	}
	return <-l.done
}

func (w *writer) enqueue(ctx context.Context, l *line) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.lines <- l:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) run() {
	for first := range w.lines {
		batch, size := []*line{first}, len(first.bytes)
		for more := true; more && size < batchBytes; {
			select {
			case l, ok := <-w.lines:
				if more = ok; ok {
					batch, size = append(batch, l), size+len(l.bytes)
				}
			default:
				more = false
			}
		}
		err := w.files.write(batch, int64(size))
		for _, l := range batch {
			l.done <- err
		}
	}
}
