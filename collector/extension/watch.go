package extension

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// watchSettle is how long a directory must be quiet before the policy file is read: an editor writes in several steps.
const watchSettle = 200 * time.Millisecond

// watcher reloads a policy file when it changes. It watches directories, not the file: editors and Kubernetes put a new
// file or a new link in its place, and a watch of the old one would go with it.
type watcher struct {
	file   string
	reload func(ctx context.Context, text []byte) error
	logger *zap.Logger

	events  *fsnotify.Watcher
	last    []byte // owned by run; the text that was last tried
	stop    context.CancelFunc
	running sync.WaitGroup
}

// watch begins to watch file, whose text is in force already.
func watch(file string, text []byte, reload func(context.Context, []byte) error, logger *zap.Logger) (*watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch the policy file: %w", err)
	}
	for _, dir := range directories(file) {
		if err := events.Add(dir); err != nil {
			events.Close()
			return nil, fmt.Errorf("watch directory %s of the policy file: %w", dir, err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &watcher{file: file, reload: reload, logger: logger, events: events, last: text, stop: stop}
	w.running.Go(func() { w.run(ctx) })
	return w, nil
}

// directories are those in which a change of the file can show: its own, and where it is a link, its target's.
func directories(file string) []string {
	dirs := []string{filepath.Dir(file)}
	if target, err := filepath.EvalSymlinks(file); err == nil && filepath.Dir(target) != dirs[0] {
		dirs = append(dirs, filepath.Dir(target))
	}
	return dirs
}

func (w *watcher) run(ctx context.Context) {
	settled := time.NewTimer(watchSettle) // look once: the file may have changed between its first reading and the watch
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-w.events.Events:
			if !ok {
				return
			}
			settled.Reset(watchSettle)
		case err, ok := <-w.events.Errors:
			if !ok {
				return
			}
			// Events may be lost, so look.
			w.logger.Warn("watch the policy file", zap.String("file", w.file), zap.Error(err))
			settled.Reset(watchSettle)
		case <-settled.C:
			w.look(ctx)
		}
	}
}

// look reloads the file if its text is new. A text that was refused is not tried again until it changes.
func (w *watcher) look(ctx context.Context) {
	text, err := os.ReadFile(w.file)
	if err != nil {
		w.logger.Warn("read the changed policy file; the policy stays as it is", zap.String("file", w.file), zap.Error(err))
		return
	}
	if bytes.Equal(text, w.last) {
		return
	}
	w.last = text
	if err := w.reload(ctx, text); err != nil {
		w.logger.Error("the changed policy file is refused; the policy stays as it is",
			zap.String("file", w.file), zap.Error(err))
		return
	}
	w.logger.Info("the changed policy is in force", zap.String("file", w.file))
}

// close stops watching and waits for a reload that is under way.
func (w *watcher) close() error {
	w.stop()
	w.running.Wait()
	return w.events.Close()
}
