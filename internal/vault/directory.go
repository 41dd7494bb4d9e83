package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/tailwise/tailwise/internal/durable"
)

// Directory is a Bucket of files below a directory: an object's name is its path. It must be the only one that writes
// there. What is being written stands in a directory of its own until it is whole and synced.
type Directory struct {
	// Immutable after OpenDirectory.
	fs   durable.FS
	root string

	// mu guards the fields below. Never held across I/O.
	mu      sync.Mutex
	uploads int             // begun since OpenDirectory; names their files
	made    map[string]bool // directories whose entries in their parents are durable
}

var _ Bucket = (*Directory)(nil)

// uploadsDir holds what is not committed. No object's name begins with a dot.
const uploadsDir = ".uploads"

// OpenDirectory opens the bucket at root, making the directory if it is missing, and removes what uploads that were
// never committed have left.
func OpenDirectory(fsys durable.FS, root string) (*Directory, error) {
	d := &Directory{fs: fsys, root: root, made: map[string]bool{}}
	uploads := filepath.Join(root, uploadsDir)
	if err := fsys.MkdirAll(uploads); err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", root, err)
	}
	left, err := fsys.ReadDir(uploads)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", root, err)
	}
	for _, name := range left {
		if err := fsys.Remove(filepath.Join(uploads, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open bucket %s: remove an unfinished upload: %w", root, err)
		}
	}
	for _, dir := range []string{uploads, root, filepath.Dir(root)} {
		if err := fsys.SyncDir(dir); err != nil {
			return nil, fmt.Errorf("open bucket %s: %w", root, err)
		}
	}
	return d, nil
}

func (d *Directory) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// ReadAt implements Bucket.
func (d *Directory) ReadAt(ctx context.Context, name string, p []byte, off int64) error {
	return d.with(ctx, "read", name, func(f durable.File) error {
		if n, err := f.ReadAt(p, off); n < len(p) {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		return nil
	})
}

// Size implements Bucket.
func (d *Directory) Size(ctx context.Context, name string) (n int64, err error) {
	err = d.with(ctx, "measure", name, func(f durable.File) (err error) {
		n, err = f.Size()
		return err
	})
	return n, err
}

// with calls do with the object's file.
func (d *Directory) with(ctx context.Context, verb, name string, do func(durable.File) error) error {
	err := errors.Join(CheckName(name), ctx.Err())
	if err != nil {
		return fmt.Errorf("%s object: %w", verb, err)
	}
	f, err := d.fs.Open(d.path(name))
	if err != nil {
		return fmt.Errorf("%s object %s: %w", verb, name, err)
	}
	defer f.Close() // it was only read
	if err := do(f); err != nil {
		return fmt.Errorf("%s object %s: %w", verb, name, err)
	}
	return nil
}

// Delete implements Bucket.
func (d *Directory) Delete(ctx context.Context, name string) error {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	path := d.path(name)
	err := d.fs.Remove(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete object %s: %w", name, err)
	}
	// The name may be missing because an earlier call removed it and could not sync the directory.
	if err := d.fs.SyncDir(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete object %s: %w", name, err)
	}
	return nil
}

// Create implements Bucket.
func (d *Directory) Create(ctx context.Context, name string) (Upload, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, fmt.Errorf("create object: %w", err)
	}
	d.mu.Lock()
	d.uploads++
	temporary := filepath.Join(d.root, uploadsDir, strconv.Itoa(d.uploads))
	d.mu.Unlock()
	f, err := d.fs.Create(temporary)
	if err != nil {
		return nil, fmt.Errorf("create object %s: %w", name, err)
	}
	return &fileUpload{ctx: ctx, dir: d, name: name, temporary: temporary, file: f}, nil
}

// fileUpload is an Upload into a file. Once it failed it stays failed.
type fileUpload struct {
	ctx       context.Context
	dir       *Directory
	name      string
	temporary string
	file      durable.File // nil once it is closed
	written   int64
	err       error
}

// Write implements Upload.
func (u *fileUpload) Write(p []byte) (int, error) {
	if u.err == nil {
		u.err = u.ctx.Err()
	}
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.file.WriteAt(p, u.written)
	u.written += int64(n)
	u.err = err
	return n, err
}

// Commit implements Upload: the contents are durable before the name is there, and the name before it returns.
func (u *fileUpload) Commit() error {
	if u.file == nil {
		return fmt.Errorf("commit object %s: %w", u.name, fs.ErrClosed)
	}
	if err := u.commit(); err != nil {
		u.Abort()
		return fmt.Errorf("commit object %s: %w", u.name, err)
	}
	return nil
}

func (u *fileUpload) commit() error {
	if err := errors.Join(u.err, u.ctx.Err()); err != nil {
		return err
	}
	if err := u.file.Sync(); err != nil {
		return err
	}
	if err := u.file.Close(); err != nil {
		return err
	}
	path := u.dir.path(u.name)
	if err := u.dir.makeDurable(filepath.Dir(path)); err != nil {
		return err
	}
	if err := u.dir.fs.Rename(u.temporary, path); err != nil {
		return err
	}
	u.file = nil // Abort has nothing left to remove
	// Commit point: with this sync the object is there for good. The name that it had before may come back after a
	// power cut, and is removed by OpenDirectory.
	return u.dir.fs.SyncDir(filepath.Dir(path))
}

// Abort implements Upload. A file that cannot be removed now is removed by the next OpenDirectory.
func (u *fileUpload) Abort() {
	if u.file == nil {
		return
	}
	u.file.Close()
	u.file = nil
	u.dir.fs.Remove(u.temporary)
}

// makeDurable makes a directory below the root, with its parents.
func (d *Directory) makeDurable(dir string) error {
	d.mu.Lock()
	made := d.made[dir] || dir == d.root
	d.mu.Unlock()
	if made {
		return nil
	}
	if err := d.fs.MkdirAll(dir); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := d.makeDurable(parent); err != nil {
		return err
	}
	if err := d.fs.SyncDir(parent); err != nil {
		return err
	}
	d.mu.Lock()
	d.made[dir] = true
	d.mu.Unlock()
	return nil
}
