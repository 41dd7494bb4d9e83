package durable

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Mem is a file system in memory that remembers what was synced, so that a test can cut the power with CrashClone.
// It is as unkind as the contract allows: nothing is durable that was not synced. Directories are the exception, which
// are durable when made. All methods may be called concurrently.
type Mem struct {
	mu     sync.Mutex
	dirs   map[string]bool
	now    map[string]*memNode // entries as processes see them
	synced map[string]*memNode // entries as they are on disk for certain
	limit  int64               // of all data, in bytes; 0 is none
}

// NewMem makes an empty file system.
func NewMem() *Mem {
	return &Mem{dirs: map[string]bool{".": true, "/": true}, now: map[string]*memNode{}, synced: map[string]*memNode{}}
}

// SetLimit bounds the data of all files together, in bytes: writes beyond it fail with ENOSPC. 0 takes the bound away.
func (m *Mem) SetLimit(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = bytes
}

// MkdirAll implements FS. The directory is durable at once.
func (m *Mem) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for dir = filepath.Clean(dir); !m.dirs[dir]; dir = filepath.Dir(dir) {
		if m.now[dir] != nil {
			return fmt.Errorf("mkdir %s: %w", dir, fs.ErrExist)
		}
		m.dirs[dir] = true
	}
	return nil
}

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	if !m.dirs[filepath.Dir(name)] {
		return nil, fmt.Errorf("create %s: %w", name, fs.ErrNotExist)
	}
	if m.now[name] != nil || m.dirs[name] {
		return nil, fmt.Errorf("create %s: %w", name, fs.ErrExist)
	}
	n := &memNode{}
	m.now[name] = n
	return &memFile{fs: m, node: n, name: name}, nil
}

// Open implements FS.
func (m *Mem) Open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	n := m.now[name]
	if n == nil {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return &memFile{fs: m, node: n, name: name}, nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	if m.now[name] == nil {
		return fmt.Errorf("remove %s: %w", name, fs.ErrNotExist)
	}
	delete(m.now, name)
	return nil
}

// Rename implements FS.
func (m *Mem) Rename(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	oldName, newName = filepath.Clean(oldName), filepath.Clean(newName)
	n := m.now[oldName]
	if n == nil || !m.dirs[filepath.Dir(newName)] {
		return fmt.Errorf("rename %s: %w", oldName, fs.ErrNotExist)
	}
	delete(m.now, oldName)
	m.now[newName] = n
	return nil
}

// ReadDir implements FS.
func (m *Mem) ReadDir(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir = filepath.Clean(dir)
	if !m.dirs[dir] {
		return nil, fmt.Errorf("read directory %s: %w", dir, fs.ErrNotExist)
	}
	var names []string
	for name := range m.now {
		if filepath.Dir(name) == dir {
			names = append(names, filepath.Base(name))
		}
	}
	for name := range m.dirs {
		if filepath.Dir(name) == dir && name != dir {
			names = append(names, filepath.Base(name))
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names, nil
}

// SyncDir implements FS.
func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir = filepath.Clean(dir)
	if !m.dirs[dir] {
		return fmt.Errorf("sync directory %s: %w", dir, fs.ErrNotExist)
	}
	for name := range m.synced {
		if filepath.Dir(name) == dir && m.now[name] == nil {
			delete(m.synced, name)
		}
	}
	for name, n := range m.now {
		if filepath.Dir(name) == dir {
			m.synced[name] = n
		}
	}
	return nil
}

// Free implements FS. Without a limit it is a volume of 1 TiB.
func (m *Mem) Free(string) (free, total uint64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := m.limit
	if limit == 0 {
		limit = 1 << 40
	}
	return uint64(max(limit-m.usedLocked(), 0)), uint64(limit), nil
}

func (m *Mem) usedLocked() int64 {
	var used int64
	for _, n := range m.now {
		used += int64(len(n.data))
	}
	return used
}
