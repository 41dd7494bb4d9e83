package vault

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var goldenFlag = flag.Bool("golden", false, "write the golden files of the newest version anew")

// goldenSessions is what the golden files hold.
func goldenSessions() []stored {
	rng := randomBytes{}.with(42)
	all := []stored{simple(rng, 1, 4), simple(rng, 2, 1), simple(rng, 3, 3)}
	all[2].expires = time.Time{}
	return all
}

// TestGolden_V1 reads blocks that the first version wrote, packed in both ways, one of which replaced another.
func TestGolden_V1(t *testing.T) {
	dir := filepath.Join("testdata", "v1")
	all := goldenSessions()
	if *goldenFlag {
		v := openVault(t, newMem())
		a := write(t, v, "hold", all[0])
		must(t, v.Merge(ctx, ids(a), nil))
		v.cfg.Settled = Small
		write(t, v, "evidence", all[1:]...)
		for _, name := range objects(t, v, "") {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			must(t, os.WriteFile(filepath.Join(dir, name), rawObject(t, v, name), 0o644))
		}
	}
	disk := newMem()
	b, err := OpenDirectory(disk, vaultRoot)
	must(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	must(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		name, err := filepath.Rel(dir, file)
		must(t, err)
		must(t, Put(ctx, b, filepath.ToSlash(name), bytes.NewReader(raw)))
	}
	v := openVault(t, disk)
	if len(files) != 3 || len(v.Blocks()) != 2 || len(v.Damaged()) != 0 {
		t.Fatalf("got %d files, %d blocks, damage %v, want 3, 2, none", len(files), len(v.Blocks()), v.Damaged())
	}
	for i, s := range all {
		wantSession(t, v, s.id, s.traces)
		wantFound(t, v, s, map[bool]string{true: "hold", false: "evidence"}[i == 0])
	}
	wantSound(t, v)
}
