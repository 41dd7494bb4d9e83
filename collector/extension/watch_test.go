package extension

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience ends a test that waits for what does not come.
const patience = 10 * time.Second

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantReload(t *testing.T, reloads <-chan string, want string) {
	t.Helper()
	select {
	case got := <-reloads:
		if got != want {
			t.Errorf("reload: got %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("reload: got none, want %q", want)
	}
}

// watching watches file; every text that it reloads comes out of the channel.
func watching(t *testing.T, file, text string, err error) <-chan string {
	t.Helper()
	reloads := make(chan string, 10)
	w, watchErr := watch(file, []byte(text), func(_ context.Context, text []byte) error {
		reloads <- string(text)
		return err
	}, zap.NewNop())
	if watchErr != nil {
		t.Fatal(watchErr)
	}
	t.Cleanup(func() { w.close() })
	return reloads
}

func TestWatch_WrittenInPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	put(t, file, "one")
	reloads := watching(t, file, "one", nil)
	put(t, file, "two")
	wantReload(t, reloads, "two")
	put(t, file, "three")
	wantReload(t, reloads, "three")
}

func TestWatch_ChangedBeforeTheWatchBegan(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	put(t, file, "two")
	wantReload(t, watching(t, file, "one", nil), "two")
}

func TestWatch_RenamedInPlaceRemovedAndBack(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "policy.yaml")
	put(t, file, "one")
	reloads := watching(t, file, "one", nil)
	for _, text := range []string{"two", "three"} {
		put(t, filepath.Join(dir, "new"), text)
		if err := os.Rename(filepath.Join(dir, "new"), file); err != nil {
			t.Fatal(err)
		}
		wantReload(t, reloads, text)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	put(t, file, "four")
	wantReload(t, reloads, "four")
}

func TestWatch_KubernetesSwapsALink(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"v1", "v2"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, version, "policy.yaml"), version)
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("v1", "..data")
	link(filepath.Join("..data", "policy.yaml"), "policy.yaml")
	reloads := watching(t, filepath.Join(dir, "policy.yaml"), "v1", nil)
	link("v2", "..data_tmp")
	if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	wantReload(t, reloads, "v2")
}

func TestWatch_RefusedTextIsNotTriedAgainUntilItChanges(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "policy.yaml")
	put(t, file, "one")
	reloads := watching(t, file, "one", errors.New("broken"))
	put(t, file, "broken")
	wantReload(t, reloads, "broken")
	put(t, file, "broken") // another event, the same text
	put(t, file, "mended")
	wantReload(t, reloads, "mended")
}

func TestWatch_DirectoryMissing(t *testing.T) {
	if _, err := watch(filepath.Join(t.TempDir(), "none", "policy.yaml"), nil, nil, zap.NewNop()); err == nil {
		t.Error("watch in a missing directory: got no error")
	}
}
