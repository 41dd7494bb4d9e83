//go:build !linux

package durable

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

func (f osFile) WriteVec(bufs [][]byte, off int64) (int, error) { return writeEach(f.File, bufs, off) }

func (f osFile) Preallocate(int64) error { return errors.ErrUnsupported }

// SyncDir does nothing on Windows, which neither needs it nor can open a directory for it.
func (osFS) SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func volume(dir string) (free, total uint64, err error) {
	return 0, 0, fmt.Errorf("free space of %s: %w", dir, errors.ErrUnsupported)
}
