package vault

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Bucket holds immutable objects under names, as object stores do.
//
// A name is one or more parts of letters, digits, '-', '_' and '.', joined by '/'; no part begins with a dot, and no
// name is the beginning of another with a '/' behind it: CheckName tells. All methods may be called concurrently. None
// retries: the caller does. An object that is not there is an error that matches fs.ErrNotExist.
type Bucket interface {
	// Create begins an object. Nothing of it is to be seen until Commit returned; a process that dies before leaves
	// nothing that List shows. Ctx is good for the whole upload.
	Create(ctx context.Context, name string) (Upload, error)

	// ReadAt fills p from the object's bytes at off, or says why it could not: io.ErrUnexpectedEOF where the object ends
	// before. On an error p holds anything.
	ReadAt(ctx context.Context, name string, p []byte, off int64) error

	// Size gives an object's length in bytes.
	Size(ctx context.Context, name string) (int64, error)

	// List gives at most limit objects whose names begin with prefix and come behind after, in the order of their
	// names' bytes. Fewer than limit are the last. It shows every object that was committed before the call and not deleted.
	List(ctx context.Context, prefix, after string, limit int) ([]Object, error)

	// Delete removes an object, durably once it returned nil. A missing object is no error, so it is safe to repeat.
	// After an error it is unknown whether the object is there.
	Delete(ctx context.Context, name string) error
}

// Upload is an object being written by one goroutine.
type Upload interface {
	// Write appends bytes, which it does not keep. After an error only Abort makes sense.
	io.Writer

	// Commit makes the object visible, whole, and durable when it returns nil. An object of the same name is replaced.
	// After an error it is unknown whether the object is there; if it is, it is whole.
	Commit() error

	// Abort gives the upload up. After Commit it does nothing, so it may be deferred.
	Abort()
}

// Object is an entry of a list.
type Object struct {
	Name  string
	Bytes int64
}

// Put writes a whole object from a reader.
func Put(ctx context.Context, b Bucket, name string, from io.Reader) error {
	up, err := b.Create(ctx, name)
	if err != nil {
		return err
	}
	defer up.Abort()
	if _, err := io.Copy(up, from); err != nil {
		return fmt.Errorf("write object %s: %w", name, err)
	}
	return up.Commit()
}

// CheckName says what is wrong with an object's name.
func CheckName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' {
			return fmt.Errorf("object name %q: a part is empty or begins with a dot", name)
		}
		for _, c := range []byte(part) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
				return fmt.Errorf("object name %q: character %q is not allowed", name, c)
			}
		}
	}
	return nil
}

// listPage is how many objects are asked for at a time.
const listPage = 1000

// listAll gives every object below prefix.
func listAll(ctx context.Context, b Bucket, prefix string) ([]Object, error) {
	var all []Object
	after := ""
	for {
		page, err := b.List(ctx, prefix, after, listPage)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		all = append(all, page...)
		if len(page) < listPage {
			return all, nil
		}
		after = page[len(page)-1].Name
	}
}
