package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// List implements Bucket. It reads every directory that may hold a name asked for, and opens every file that it
// returns: a system call or two an object.
func (d *Directory) List(ctx context.Context, prefix, after string, limit int) ([]Object, error) {
	names, err := d.names(ctx, "", prefix, after)
	if err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	slices.Sort(names)
	var found []Object
	for _, name := range names {
		if len(found) >= limit {
			break
		}
		size, err := d.Size(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("list objects: %w", err)
		}
		found = append(found, Object{name, size})
	}
	return found, nil
}

// names gives the names below the directory dir (with a slash behind it, or empty) that begin with prefix and come
// behind after, in any order.
func (d *Directory) names(ctx context.Context, dir, prefix, after string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := d.fs.ReadDir(d.path(dir))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := path.Join(dir, entry)
		if entry[0] == '.' || !strings.HasPrefix(name, prefix) && !strings.HasPrefix(prefix, name+"/") {
			continue
		}
		below, err := d.below(ctx, name, prefix, after)
		if err != nil {
			return nil, err
		}
		names = append(names, below...)
	}
	return names, nil
}

// below gives the name itself where it is a file's, and those in it where it is a directory's.
func (d *Directory) below(ctx context.Context, name, prefix, after string) ([]string, error) {
	f, err := d.fs.Open(d.path(name))
	if err == nil {
		f.Close() // nothing was written
		if strings.HasPrefix(name, prefix) && name > after {
			return []string{name}, nil
		}
		return nil, nil
	}
	inside, dirErr := d.names(ctx, name, prefix, after)
	if dirErr == nil {
		return inside, nil
	}
	if errors.Is(err, fs.ErrNotExist) && errors.Is(dirErr, fs.ErrNotExist) {
		return nil, nil // gone meanwhile
	}
	return nil, errors.Join(err, dirErr)
}
