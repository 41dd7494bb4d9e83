package durable

import (
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// memNode is a file's contents, whatever its name is. Guarded by Mem.mu.
type memNode struct {
	data    []byte
	onDisk  []byte     // as of the last Sync
	pending []memWrite // since then, in order
}

// memWrite is a change that was not synced: bytes at off, or with no data a cut or extension to off bytes.
type memWrite struct {
	off  int64
	data []byte
}

// apply carries out the first n bytes of w.
func (w memWrite) apply(b []byte, n int) []byte {
	if w.data == nil {
		return resize(b, w.off)
	}
	if end := w.off + int64(n); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[w.off:], w.data[:n])
	return b
}

// resize cuts b or extends it with zeros.
func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

// memFile is a handle.
type memFile struct {
	fs     *Mem
	node   *memNode
	name   string
	closed bool // guarded by fs.mu
}

func (f *memFile) usableLocked(op string) error {
	if f.closed {
		return fmt.Errorf("%s %s: %w", op, f.name, fs.ErrClosed)
	}
	return nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usableLocked("read"); err != nil {
		return 0, err
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usableLocked("write"); err != nil {
		return 0, err
	}
	if err := f.roomLocked(off + int64(len(p))); err != nil {
		return 0, fmt.Errorf("write %s: %w", f.name, err)
	}
	f.changeLocked(memWrite{off, append([]byte{}, p...)})
	return len(p), nil
}

// WriteVec is one change for each slice, so that a crash can tear between them as well as within.
func (f *memFile) WriteVec(bufs [][]byte, off int64) (int, error) { return writeEach(f, bufs, off) }

// roomLocked says whether the file may grow to size bytes.
func (f *memFile) roomLocked(size int64) error {
	grow := size - int64(len(f.node.data))
	if f.fs.limit > 0 && grow > 0 && f.fs.usedLocked()+grow > f.fs.limit {
		return syscall.ENOSPC
	}
	return nil
}

func (f *memFile) changeLocked(w memWrite) {
	f.node.data = w.apply(f.node.data, len(w.data))
	f.node.pending = append(f.node.pending, w)
}

func (f *memFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), f.usableLocked("stat")
}

func (f *memFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usableLocked("truncate"); err != nil {
		return err
	}
	f.changeLocked(memWrite{off: size})
	return nil
}

// Preallocate extends the file as Truncate does; memory has nothing to reserve.
func (f *memFile) Preallocate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usableLocked("preallocate"); err != nil {
		return err
	}
	if err := f.roomLocked(size); err != nil {
		return fmt.Errorf("preallocate %s: %w", f.name, err)
	}
	if size > int64(len(f.node.data)) {
		f.changeLocked(memWrite{off: size})
	}
	return nil
}

func (f *memFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usableLocked("sync"); err != nil {
		return err
	}
	n := f.node
	for _, w := range n.pending {
		n.onDisk = w.apply(n.onDisk, len(w.data))
	}
	n.pending = nil
	return nil
}

func (f *memFile) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	err := f.usableLocked("close")
	f.closed = true
	return err
}
