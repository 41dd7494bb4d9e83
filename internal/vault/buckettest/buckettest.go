// Package buckettest holds the promises that every vault.Bucket keeps, as tests.
package buckettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tailwise/tailwise/internal/vault"
)

// Run checks the bucket that open makes: empty. Reopen gives a fresh view of the same objects, as after a restart.
func Run(t *testing.T, open func(t *testing.T) (b vault.Bucket, reopen func() vault.Bucket)) {
	for name, test := range map[string]func(t *testing.T, b vault.Bucket, reopen func() vault.Bucket){
		"PutAndRead":          testPutAndRead,
		"Empty":               testEmpty,
		"Missing":             testMissing,
		"Names":               testNames,
		"UncommittedIsHidden": testUncommitted,
		"AbortLeavesNothing":  testAbort,
		"CommitReplaces":      testReplace,
		"FailedReader":        testFailedReader,
		"DeleteTwice":         testDelete,
		"ListPrefix":          testListPrefix,
		"ListPages":           testListPages,
		"Cancelled":           testCancelled,
		"Concurrent":          testConcurrent,
	} {
		t.Run(name, func(t *testing.T) {
			b, reopen := open(t)
			test(t, b, reopen)
		})
	}
}

var ctx = context.Background()

func put(t *testing.T, b vault.Bucket, name, contents string) {
	t.Helper()
	if err := vault.Put(ctx, b, name, strings.NewReader(contents)); err != nil {
		t.Fatalf("put %s: got %v, want nil", name, err)
	}
}

func wantObject(t *testing.T, b vault.Bucket, name, contents string) {
	t.Helper()
	size, err := b.Size(ctx, name)
	if err != nil || size != int64(len(contents)) {
		t.Errorf("size of %s: got %d, %v, want %d, nil", name, size, err, len(contents))
		return
	}
	p := make([]byte, size)
	if err := b.ReadAt(ctx, name, p, 0); err != nil || string(p) != contents {
		t.Errorf("read %s: got %.40q, %v, want %.40q, nil", name, p, err, contents)
	}
}

func wantMissing(t *testing.T, b vault.Bucket, name string) {
	t.Helper()
	if _, err := b.Size(ctx, name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("size of missing %s: got %v, want fs.ErrNotExist", name, err)
	}
	if err := b.ReadAt(ctx, name, make([]byte, 1), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read missing %s: got %v, want fs.ErrNotExist", name, err)
	}
}

func wantNames(t *testing.T, b vault.Bucket, prefix string, want ...string) {
	t.Helper()
	page, err := b.List(ctx, prefix, "", 1000)
	if err != nil {
		t.Errorf("list %q: got %v, want nil", prefix, err)
	}
	var got []string
	for _, o := range page {
		got = append(got, o.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("list %q: got %q, want %q", prefix, got, want)
	}
}

func testPutAndRead(t *testing.T, b vault.Bucket, reopen func() vault.Bucket) {
	large := strings.Repeat("0123456789abcdef", 100_000)
	put(t, b, "blocks/large", large)
	put(t, b, "top", "abc")
	for _, b := range []vault.Bucket{b, reopen()} {
		wantObject(t, b, "blocks/large", large)
		wantObject(t, b, "top", "abc")
		for _, c := range []struct {
			off  int64
			n    int
			want error
		}{
			{0, 0, nil}, {0, 16, nil}, {777, 5000, nil}, {int64(len(large)) - 1, 1, nil}, {int64(len(large)), 0, nil},
			{int64(len(large)) - 1, 2, io.ErrUnexpectedEOF}, {int64(len(large)), 1, io.ErrUnexpectedEOF},
			{1 << 40, 1, io.ErrUnexpectedEOF},
		} {
			p := make([]byte, c.n)
			err := b.ReadAt(ctx, "blocks/large", p, c.off)
			if !errors.Is(err, c.want) {
				t.Errorf("read %d bytes at %d: got %v, want %v", c.n, c.off, err, c.want)
			}
			if err == nil && string(p) != large[c.off:c.off+int64(c.n)] {
				t.Errorf("read %d bytes at %d: got other bytes", c.n, c.off)
			}
		}
	}
}

func testEmpty(t *testing.T, b vault.Bucket, reopen func() vault.Bucket) {
	wantNames(t, b, "")
	put(t, b, "nothing", "")
	wantObject(t, reopen(), "nothing", "")
}

func testMissing(t *testing.T, b vault.Bucket, _ func() vault.Bucket) {
	put(t, b, "a/b/c", "x")
	for _, name := range []string{"none", "a/none", "a/b/none", "none/none"} {
		wantMissing(t, b, name)
	}
}

func testNames(t *testing.T, b vault.Bucket, _ func() vault.Bucket) {
	for _, name := range []string{"", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", ".hidden", "a/.b", "a b", "a\x00b", "ä", `a\b`} {
		if up, err := b.Create(ctx, name); err == nil {
			up.Abort()
			t.Errorf("create %q: got nil, want an error", name)
		}
		if _, err := b.Size(ctx, name); err == nil {
			t.Errorf("size of %q: got nil, want an error", name)
		}
		if err := b.ReadAt(ctx, name, nil, 0); err == nil {
			t.Errorf("read %q: got nil, want an error", name)
		}
		if err := b.Delete(ctx, name); err == nil {
			t.Errorf("delete %q: got nil, want an error", name)
		}
	}
	put(t, b, "A-z_0.9/x.y", "good")
	wantObject(t, b, "A-z_0.9/x.y", "good")
}

func testUncommitted(t *testing.T, b vault.Bucket, reopen func() vault.Bucket) {
	up, err := b.Create(ctx, "blocks/one")
	if err != nil {
		t.Fatal(err)
	}
	defer up.Abort()
	if _, err := up.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, b, "blocks/one")
	wantNames(t, b, "")
	if _, err := up.Write([]byte(" whole")); err != nil {
		t.Fatal(err)
	}
	if err := up.Commit(); err != nil {
		t.Fatalf("commit: got %v, want nil", err)
	}
	up.Abort()
	wantObject(t, b, "blocks/one", "half whole")
	if err := up.Commit(); err == nil {
		t.Error("commit twice: got nil, want an error")
	}
	wantObject(t, reopen(), "blocks/one", "half whole")
}

func testAbort(t *testing.T, b vault.Bucket, reopen func() vault.Bucket) {
	up, err := b.Create(ctx, "blocks/one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	up.Abort()
	up.Abort()
	if err := up.Commit(); err == nil {
		t.Error("commit after abort: got nil, want an error")
	}
	wantMissing(t, b, "blocks/one")
	wantNames(t, reopen(), "")
}

func testReplace(t *testing.T, b vault.Bucket, reopen func() vault.Bucket) {
	put(t, b, "a", "a longer first one")
	put(t, b, "a", "second")
	wantObject(t, b, "a", "second")
	wantNames(t, reopen(), "", "a")
}

func testFailedReader(t *testing.T, b vault.Bucket, _ func() vault.Bucket) {
	boom := errors.New("boom")
	from := io.MultiReader(strings.NewReader("first half"), &failing{boom})
	if err := vault.Put(ctx, b, "a", from); !errors.Is(err, boom) {
		t.Errorf("put from a failing reader: got %v, want its error", err)
	}
	wantMissing(t, b, "a")
	wantNames(t, b, "")
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func testDelete(t *testing.T, b vault.Bucket, reopen func() vault.Bucket) {
	put(t, b, "a/one", "1")
	put(t, b, "a/two", "2")
	for range 2 {
		if err := b.Delete(ctx, "a/one"); err != nil {
			t.Errorf("delete: got %v, want nil", err)
		}
	}
	if err := b.Delete(ctx, "none/none"); err != nil {
		t.Errorf("delete what never was: got %v, want nil", err)
	}
	wantMissing(t, b, "a/one")
	wantNames(t, reopen(), "", "a/two")
}

func testListPrefix(t *testing.T, b vault.Bucket, _ func() vault.Bucket) {
	for _, name := range []string{"b/2", "b/10", "a.b/x", "a/x", "a-/y", "b/c/d/e", "bb", "c"} {
		put(t, b, name, name)
	}
	all := []string{"a-/y", "a.b/x", "a/x", "b/10", "b/2", "b/c/d/e", "bb", "c"}
	wantNames(t, b, "", all...)
	for _, prefix := range []string{"a", "a/", "b", "b/", "b/1", "b/c", "b/c/", "b/c/d/e", "b/c/d/ef", "d", "a/x/"} {
		var want []string
		for _, name := range all {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		wantNames(t, b, prefix, want...)
	}
}

func testListPages(t *testing.T, b vault.Bucket, _ func() vault.Bucket) {
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("p/%d/%02d", i%3, i)
		put(t, b, name, strings.Repeat("x", i))
		want = append(want, name)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 7, 24, 25, 26} {
		var got []string
		for after := ""; ; {
			page, err := b.List(ctx, "p/", after, limit)
			if err != nil || len(page) > limit {
				t.Fatalf("list after %q: got %d objects, %v, want at most %d, nil", after, len(page), err, limit)
			}
			for _, o := range page {
				got = append(got, o.Name)
				var n int64
				if fmt.Sscanf(o.Name[4:], "%d", &n); o.Bytes != n {
					t.Errorf("bytes of %s: got %d, want %d", o.Name, o.Bytes, n)
				}
			}
			if len(page) < limit {
				break
			}
			after = page[limit-1].Name
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: got %q, want %q", limit, got, want)
		}
	}
}

func testCancelled(t *testing.T, b vault.Bucket, _ func() vault.Bucket) {
	put(t, b, "a", "a")
	gone, cancel := context.WithCancel(ctx)
	up, err := b.Create(gone, "b")
	if err != nil {
		t.Fatal(err)
	}
	defer up.Abort()
	cancel()
	for what, err := range map[string]error{
		"commit": up.Commit(),
		"read":   b.ReadAt(gone, "a", make([]byte, 1), 0),
		"delete": b.Delete(gone, "a"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after cancel: got %v, want context.Canceled", what, err)
		}
	}
	if _, err := b.List(gone, "", "", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("list after cancel: got %v, want context.Canceled", err)
	}
	wantNames(t, b, "", "a")
}

func testConcurrent(t *testing.T, b vault.Bucket, _ func() vault.Bucket) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				name := fmt.Sprintf("d%d/%d-%d", j, i, j)
				contents := bytes.Repeat([]byte{byte('a' + i)}, 1000*(j+1))
				if err := vault.Put(ctx, b, name, bytes.NewReader(contents)); err != nil {
					t.Errorf("put %s: got %v, want nil", name, err)
					continue
				}
				wantObject(t, b, name, string(contents))
				if j%2 == 1 {
					if err := b.Delete(ctx, name); err != nil {
						t.Errorf("delete %s: got %v, want nil", name, err)
					}
				}
			}
		})
	}
	wg.Wait()
	left, err := b.List(ctx, "", "", 1000)
	if err != nil || len(left) != 24 {
		t.Errorf("list: got %d objects, %v, want 24, nil", len(left), err)
	}
}
