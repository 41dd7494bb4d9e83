package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxVecs is the kernel's limit on slices in one vectored write (UIO_MAXIOV).
const maxVecs = 1024

// WriteVec uses pwritev. The kernel writes at most 2 GiB and 1024 slices a call and may stop early, so it loops.
func (f osFile) WriteVec(bufs [][]byte, off int64) (int, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	vecs := make([][]byte, 0, min(len(bufs), maxVecs))
	var done int
	for {
		vecs = vecs[:0]
		for len(bufs) > 0 && len(vecs) < maxVecs {
			if len(bufs[0]) > 0 {
				vecs = append(vecs, bufs[0])
			}
			bufs = bufs[1:]
		}
		if len(vecs) == 0 {
			return done, nil
		}
		n, err := writeVecs(conn, vecs, off+int64(done))
		done += n
		if err != nil {
			return done, fmt.Errorf("write %s: %w", f.Name(), err)
		}
	}
}

// writeVecs writes all of vecs, continuing after short writes. It changes vecs.
func writeVecs(conn syscall.RawConn, vecs [][]byte, off int64) (int, error) {
	var done int
	for len(vecs) > 0 {
		var n int
		var werr error
		err := conn.Control(func(fd uintptr) { n, werr = unix.Pwritev(int(fd), vecs, off+int64(done)) })
		switch err := errors.Join(err, werr); {
		case errors.Is(werr, unix.EINTR):
			continue
		case err != nil:
			return done, err
		case n == 0:
			return done, io.ErrShortWrite
		}
		done += n
		vecs = skip(vecs, n)
	}
	return done, nil
}

// skip drops the first n bytes of vecs.
func skip(vecs [][]byte, n int) [][]byte {
	for len(vecs) > 0 && n >= len(vecs[0]) {
		n -= len(vecs[0])
		vecs = vecs[1:]
	}
	if n > 0 {
		vecs[0] = vecs[0][n:]
	}
	return vecs
}

// Preallocate is fallocate, which leaves the contents alone.
func (f osFile) Preallocate(size int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ferr error
	err = conn.Control(func(fd uintptr) { ferr = unix.Fallocate(int(fd), 0, 0, size) })
	if errors.Is(ferr, unix.EOPNOTSUPP) {
		ferr = errors.ErrUnsupported
	}
	if err := errors.Join(err, ferr); err != nil {
		return fmt.Errorf("preallocate %s: %w", f.Name(), err)
	}
	return nil
}

// Sync is fdatasync: the contents and the size, without waiting for times that nobody reads.
func (f osFile) Sync() error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	for {
		var serr error
		err := conn.Control(func(fd uintptr) { serr = unix.Fdatasync(int(fd)) })
		if errors.Is(serr, unix.EINTR) {
			continue
		}
		if err := errors.Join(err, serr); err != nil {
			return fmt.Errorf("sync %s: %w", f.Name(), err)
		}
		return nil
	}
}

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func volume(dir string) (free, total uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return st.Bavail * uint64(st.Bsize), st.Blocks * uint64(st.Bsize), nil
}
