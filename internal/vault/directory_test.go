package vault_test

import (
	"path/filepath"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
	"github.com/tailwise/tailwise/internal/vault"
	"github.com/tailwise/tailwise/internal/vault/buckettest"
)

func TestDirectory_IsABucket(t *testing.T) {
	for name, fsys := range map[string]func() durable.FS{
		"Mem":    func() durable.FS { return durable.NewMem() },
		"OS":     durable.OS,
		"Faulty": func() durable.FS { return durable.NewFaulty(durable.NewMem()) },
	} {
		t.Run(name, func(t *testing.T) {
			buckettest.Run(t, func(t *testing.T) (vault.Bucket, func() vault.Bucket) {
				fsys, root := fsys(), filepath.Join(t.TempDir(), "vault")
				open := func() vault.Bucket {
					b, err := vault.OpenDirectory(fsys, root)
					if err != nil {
						t.Fatal(err)
					}
					return b
				}
				if err := fsys.MkdirAll(filepath.Dir(root)); err != nil {
					t.Fatal(err)
				}
				return open(), open
			})
		})
	}
}
