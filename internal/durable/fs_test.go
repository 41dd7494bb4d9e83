package durable

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestFS_Contract holds every implementation against the promises of the interface.
func TestFS_Contract(t *testing.T) {
	for _, impl := range []struct {
		name string
		make func() FS
	}{
		{"OS", OS},
		{"Mem", func() FS { return NewMem() }},
		{"Faulty", func() FS { return NewFaulty(NewMem()) }},
	} {
		for _, c := range []struct {
			name string
			run  func(t *testing.T, fsys FS, dir string)
		}{
			{"Names", contractNames},
			{"Bytes", contractBytes},
			{"ManySlices", contractManySlices},
			{"RemovedFileStaysReadable", contractRemoved},
		} {
			t.Run(impl.name+"/"+c.name, func(t *testing.T) {
				fsys, dir := impl.make(), filepath.Join(t.TempDir(), "a", "b")
				for range 2 {
					must(t, fsys.MkdirAll(dir))
				}
				c.run(t, fsys, dir)
			})
		}
	}
}

func contractNames(t *testing.T, fsys FS, dir string) {
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, name := range []string{two, one} {
		f, err := fsys.Create(name)
		must(t, err)
		_, err = f.WriteAt([]byte(name), 0)
		must(t, err)
		must(t, f.Close())
	}
	if _, err := fsys.Create(one); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create twice: got %v, want fs.ErrExist", err)
	}
	if _, err := fsys.Create(filepath.Join(dir, "none", "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Create in a missing directory: got %v, want fs.ErrNotExist", err)
	}
	wantNames(t, fsys, dir, "one", "two")
	must(t, fsys.Rename(one, two))
	wantNames(t, fsys, dir, "two")
	if got := contents(t, fsys, two); got != one {
		t.Errorf("renamed file: got %q, want %q", got, one)
	}
	must(t, fsys.SyncDir(dir))
	must(t, fsys.Remove(two))
	wantNames(t, fsys, dir)
	if _, err := fsys.Open(two); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a removed file: got %v, want fs.ErrNotExist", err)
	}
	if err := fsys.Remove(two); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Remove twice: got %v, want fs.ErrNotExist", err)
	}
	if _, err := fsys.ReadDir(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadDir of nothing: got %v, want fs.ErrNotExist", err)
	}
	if free, total, err := fsys.Free(dir); err != nil || free > total || total == 0 {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Free: got %d of %d, %v", free, total, err)
		}
	}
}

func contractBytes(t *testing.T, fsys FS, dir string) {
	name := filepath.Join(dir, "f")
	f, err := fsys.Create(name)
	must(t, err)
	n, err := f.WriteVec([][]byte{[]byte("abc"), nil, []byte("defg")}, 2)
	if n != 7 || err != nil {
		t.Fatalf("WriteVec: got %d, %v, want 7, nil", n, err)
	}
	wantContents(t, fsys, name, "\x00\x00abcdefg")
	must(t, f.Truncate(4))
	wantContents(t, fsys, name, "\x00\x00ab")
	must(t, f.Truncate(6))
	wantContents(t, fsys, name, "\x00\x00ab\x00\x00")
	if err := f.Preallocate(8); err == nil {
		wantContents(t, fsys, name, "\x00\x00ab\x00\x00\x00\x00")
		must(t, f.Preallocate(3))
	} else if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Preallocate: got %v, want nil or ErrUnsupported", err)
	}
	must(t, f.Truncate(4))
	var buf [8]byte
	if n, err := f.ReadAt(buf[:], 1); n != 3 || err != io.EOF {
		t.Errorf("ReadAt beyond the end: got %d, %v, want 3, EOF", n, err)
	}
	must(t, f.Sync())
	must(t, f.Close())
	if err := f.Close(); err == nil {
		t.Error("Close twice: got nil, want an error")
	}
	if _, err := f.WriteAt([]byte("x"), 0); err == nil {
		t.Error("WriteAt after Close: got nil, want an error")
	}
}

func contractManySlices(t *testing.T, fsys FS, dir string) {
	name := filepath.Join(dir, "f")
	f, err := fsys.Create(name)
	must(t, err)
	var bufs [][]byte
	var want bytes.Buffer
	for i := range 5000 {
		b := bytes.Repeat([]byte{byte(i)}, i%7)
		bufs = append(bufs, b)
		want.Write(b)
	}
	if n, err := f.WriteVec(bufs, 0); n != want.Len() || err != nil {
		t.Fatalf("WriteVec: got %d, %v, want %d, nil", n, err, want.Len())
	}
	must(t, f.Close())
	wantContents(t, fsys, name, want.String())
}

func contractRemoved(t *testing.T, fsys FS, dir string) {
	name := filepath.Join(dir, "f")
	f, err := fsys.Create(name)
	must(t, err)
	_, err = f.WriteAt([]byte("abc"), 0)
	must(t, err)
	must(t, fsys.Remove(name))
	var buf [3]byte
	if _, err := f.ReadAt(buf[:], 0); err != nil || string(buf[:]) != "abc" {
		t.Errorf("ReadAt of a removed file: got %q, %v, want abc", buf, err)
	}
	must(t, f.Close())
}

func TestMem_CrashKeepsWhatWasSynced(t *testing.T) {
	m := NewMem()
	must(t, m.MkdirAll("d"))
	f, err := m.Create("d/synced")
	must(t, err)
	_, err = f.WriteAt([]byte("kept"), 0)
	must(t, err)
	must(t, f.Sync())
	must(t, m.SyncDir("d"))
	_, err = f.WriteAt([]byte("maybe"), 4)
	must(t, err)
	_, err = m.Create("d/unsynced")
	must(t, err)

	seen := map[string]bool{}
	for seed := range int64(200) {
		c := m.CrashClone(rand.New(rand.NewSource(seed)))
		got := contents(t, c, "d/synced")
		if len(got) < 4 || got[:4] != "kept" {
			t.Fatalf("seed %d: got %q, want it to begin with what was synced", seed, got)
		}
		names, err := c.ReadDir("d")
		must(t, err)
		seen[got] = true
		seen[names[len(names)-1]] = true
	}
	for _, want := range []string{"kept", "keptmaybe", "keptma", "keptma\x00\x00\x00", "synced", "unsynced"} {
		if !seen[want] {
			t.Errorf("in 200 crashes %q was never seen, of %d outcomes", want, len(seen))
		}
	}
	a, b := m.CrashClone(rand.New(rand.NewSource(7))), m.CrashClone(rand.New(rand.NewSource(7)))
	if x, y := contents(t, a, "d/synced"), contents(t, b, "d/synced"); x != y {
		t.Errorf("same seed: got %q and %q", x, y)
	}
}

func TestMem_CrashBringsUnsyncedRemovalsBack(t *testing.T) {
	m := NewMem()
	must(t, m.MkdirAll("d"))
	_, err := m.Create("d/f")
	must(t, err)
	must(t, m.SyncDir("d"))
	must(t, m.Remove("d/f"))
	counts := map[int]int{}
	for seed := range int64(50) {
		names, err := m.CrashClone(rand.New(rand.NewSource(seed))).ReadDir("d")
		must(t, err)
		counts[len(names)]++
	}
	if counts[0] == 0 || counts[1] == 0 {
		t.Errorf("got %v, want the file both back and gone", counts)
	}
	must(t, m.SyncDir("d"))
	wantNames(t, m.CrashClone(rand.New(rand.NewSource(1))), "d")
}

func TestMem_LimitIsENOSPC(t *testing.T) {
	m := NewMem()
	must(t, m.MkdirAll("d"))
	m.SetLimit(10)
	f, err := m.Create("d/f")
	must(t, err)
	_, err = f.WriteAt(make([]byte, 8), 0)
	must(t, err)
	if _, err := f.WriteAt(make([]byte, 4), 7); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write beyond the limit: got %v, want ENOSPC", err)
	}
	if free, total, err := m.Free("d"); free != 2 || total != 10 || err != nil {
		t.Errorf("Free: got %d of %d, %v, want 2 of 10", free, total, err)
	}
}

func TestFaulty_Rules(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		rule Rule
		want []error // of five writes of "ab", one behind the other
		left string
	}{
		{"second", Rule{Op: OpWrite, Nth: 2, Err: boom}, []error{nil, boom, nil, nil, nil}, "ab\x00\x00ababab"},
		{"half", Rule{Op: OpWrite, Suffix: "/f", Err: boom, Effect: Half}, []error{boom, nil, nil, nil, nil}, "a\x00abababab"},
		{"whole", Rule{Op: OpWrite, Nth: 4, Times: -1, Err: boom, Effect: Whole}, []error{nil, nil, nil, boom, boom}, "ababababab"},
		{"two", Rule{Op: OpWrite, Nth: 4, Times: 2, Err: boom}, []error{nil, nil, nil, boom, boom}, "ababab"},
		{"other file", Rule{Op: OpWrite, Suffix: "/g", Times: -1, Err: boom}, make([]error, 5), "ababababab"},
		{"other op", Rule{Op: OpSync, Times: -1, Err: boom}, make([]error, 5), "ababababab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := NewMem()
			must(t, m.MkdirAll("d"))
			f, err := NewFaulty(m, c.rule).Create("d/f")
			must(t, err)
			var got []error
			for i := range int64(5) {
				_, err := f.WriteAt([]byte("ab"), 2*i)
				got = append(got, err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("errors: got %v, want %v", got, c.want)
			}
			wantContents(t, m, "d/f", c.left)
		})
	}
}

func TestFaulty_WholeTakesEffect(t *testing.T) {
	boom := errors.New("boom")
	m := NewMem()
	must(t, m.MkdirAll("d"))
	f := NewFaulty(m, Rule{Op: OpCreate, Err: boom, Effect: Whole}, Rule{Op: OpRemove, Err: boom})
	if _, err := f.Create("d/f"); err != boom {
		t.Errorf("Create: got %v, want the rule's error", err)
	}
	wantNames(t, m, "d", "f")
	if err := f.Remove("d/f"); err != boom {
		t.Errorf("Remove: got %v, want the rule's error", err)
	}
	wantNames(t, m, "d", "f")
	if got := f.Calls(OpRemove); got != 1 {
		t.Errorf("calls: got %d, want 1", got)
	}
	f.Add(Rule{Op: OpRemove, Times: -1, Err: boom})
	f.Clear()
	must(t, f.Remove("d/f"))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, fsys FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); int64(n) < size {
		t.Fatal(err)
	}
	return string(b)
}

func wantContents(t *testing.T, fsys FS, name, want string) {
	t.Helper()
	if got := contents(t, fsys, name); got != want {
		t.Errorf("%s: got %.80q, want %.80q", filepath.Base(name), got, want)
	}
}

func wantNames(t *testing.T, fsys FS, dir string, want ...string) {
	t.Helper()
	got, err := fsys.ReadDir(dir)
	must(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("names: got %v, want %v", got, want)
	}
}
