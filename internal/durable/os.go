package durable

import (
	"os"
	"path/filepath"
)

// OS gives the file system of the operating system. Files are created for the owner only (mode 0600, directories 0700).
func OS() FS { return osFS{} }

type osFS struct{}

func (osFS) MkdirAll(dir string) error {
	return os.MkdirAll(dir, 0o700)
}

func (osFS) Create(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Open(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Remove(name string) error { return os.Remove(name) }

func (osFS) Rename(oldName, newName string) error {
	return os.Rename(filepath.Clean(oldName), filepath.Clean(newName))
}

func (osFS) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (osFS) Free(dir string) (free, total uint64, err error) { return volume(dir) }

// osFile adds to os.File what differs between platforms: WriteVec and Sync.
type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// writeEach is WriteVec where the platform has no vectored write.
func writeEach(f interface {
	WriteAt(p []byte, off int64) (int, error)
}, bufs [][]byte, off int64) (int, error) {
	var n int
	for _, b := range bufs {
		m, err := f.WriteAt(b, off+int64(n))
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
