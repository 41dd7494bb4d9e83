//go:build e2e

package crash

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

// treeBytes is the size of all files under dir. Files may go while it looks.
func treeBytes(t *testing.T, dir string) (total int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatalf("measure %s: %v", dir, err)
	}
	return total
}
