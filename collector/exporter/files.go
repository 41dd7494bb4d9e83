package exporter

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// files are kept-20261120T13.jsonl and, when that is full, kept-20261120T13-2.jsonl and so on; the hour is UTC.
//
// Invariant: every line up to current.size is durable. A line after it was never answered for: a crash or a failed
// write may leave part of one, which the next open ends with a newline, so that a reader meets one line that is no JSON.
type files struct {
	fs       durable.FS
	dir      string
	maxBytes int64
	now      func() time.Time

	current *openFile // nil: none
	passed  string    // a name that must not be opened again, as its sync failed
}

// openFile is the file that grows.
type openFile struct {
	durable.File
	name string
	hour string
	size int64
}

// prepare creates the directory.
func (f *files) prepare() error {
	if err := f.fs.MkdirAll(f.dir); err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	if err := f.fs.SyncDir(filepath.Dir(filepath.Clean(f.dir))); err != nil {
		return fmt.Errorf("sync parent directory: %w", err)
	}
	return nil
}

// write appends the batch to the right file and syncs it. On an error nothing of it counts as written.
func (f *files) write(batch []*line, size int64) error {
	if err := f.turn(size); err != nil {
		return err
	}
	bufs := make([][]byte, 0, len(batch))
	for _, l := range batch {
		bufs = append(bufs, l.bytes)
	}
	at := f.current
	if _, err := at.WriteVec(bufs, at.size); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", at.name, err), f.undo())
	}
	if err := at.Sync(); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", at.name, err), f.pass())
	}
	// Commit point: from here on the lines are answered for.
	at.size += size
	return nil
}

// undo cuts a failed write off, or leaves the file: opening it again mends the torn line.
func (f *files) undo() error {
	if err := f.current.Truncate(f.current.size); err != nil {
		return errors.Join(fmt.Errorf("truncate %s: %w", f.current.name, err), f.close())
	}
	return nil
}

// pass leaves a file whose sync failed for the next number: a later sync of it could not be believed. A file
// without an answered line goes, so that a disk that keeps failing does not fill with empty files.
func (f *files) pass() error {
	name, empty := f.current.name, f.current.size == 0
	f.passed = name
	err := f.close()
	if empty {
		err = errors.Join(err, f.fs.Remove(filepath.Join(f.dir, name)))
	}
	return err
}

// turn makes current the file for size more bytes at this hour.
func (f *files) turn(size int64) error {
	hour := f.now().UTC().Format("20060102T15")
	if at := f.current; at != nil && at.hour == hour && (at.size == 0 || at.size+size <= f.maxBytes) {
		return nil
	}
	if err := f.close(); err != nil {
		return err
	}
	number, err := f.last(hour)
	if err != nil {
		return err
	}
	if name := nameOf(hour, number); number > 0 && name != f.passed {
		if err := f.reopen(name, hour); err != nil {
			return err
		}
		if f.current.size+size <= f.maxBytes {
			return nil
		}
		if err := f.close(); err != nil {
			return err
		}
	}
	return f.create(nameOf(hour, number+1), hour)
}

// last is the highest number that a file of hour has; 0: there is none.
func (f *files) last(hour string) (number int, err error) {
	names, err := f.fs.ReadDir(f.dir)
	if err != nil {
		return 0, fmt.Errorf("list %s: %w", f.dir, err)
	}
	for _, name := range names {
		number = max(number, numberOf(name, hour))
	}
	return number, nil
}

func nameOf(hour string, number int) string {
	if number < 2 {
		return "kept-" + hour + ".jsonl"
	}
	return "kept-" + hour + "-" + strconv.Itoa(number) + ".jsonl"
}

// numberOf is the reverse of nameOf; 0: name is no file of hour.
func numberOf(name, hour string) int {
	if name == nameOf(hour, 1) {
		return 1
	}
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ".jsonl"), "kept-"+hour+"-")
	number, err := strconv.Atoi(digits)
	if !ok || err != nil || name != nameOf(hour, number) {
		return 0
	}
	return number
}

func (f *files) create(name, hour string) error {
	file, err := f.fs.Create(filepath.Join(f.dir, name))
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	if err := f.fs.SyncDir(f.dir); err != nil {
		return errors.Join(fmt.Errorf("sync directory: %w", err), file.Close())
	}
	f.current, f.passed = &openFile{File: file, name: name, hour: hour}, ""
	return nil
}

// reopen goes on with a file of an earlier run, after ending its torn line, if it has one.
func (f *files) reopen(name, hour string) error {
	file, err := f.fs.Open(filepath.Join(f.dir, name))
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	size, err := endLine(file)
	if err == nil {
		// The entry may be from a run that died before it synced the directory.
		err = f.fs.SyncDir(f.dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open %s: %w", name, err), file.Close())
	}
	f.current = &openFile{File: file, name: name, hour: hour, size: size}
	return nil
}

// endLine returns the size of file, which ends with a newline then.
func endLine(file durable.File) (size int64, err error) {
	if size, err = file.Size(); err != nil || size == 0 {
		return size, err
	}
	tail := make([]byte, 1)
	if _, err := file.ReadAt(tail, size-1); err != nil {
		return 0, err
	}
	if slices.Equal(tail, []byte{'\n'}) {
		return size, nil
	}
	_, err = file.WriteAt([]byte{'\n'}, size)
	return size + 1, err
}

func (f *files) close() error {
	if f.current == nil {
		return nil
	}
	name, err := f.current.name, f.current.Close()
	f.current = nil
	if err != nil {
		return fmt.Errorf("close %s: %w", name, err)
	}
	return nil
}
