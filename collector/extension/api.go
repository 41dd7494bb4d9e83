package extension

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// SocketName is the file in the data directory by which commands reach the engine. Who may open it is who may read the
// data directory; it asks for no other authentication.
const SocketName = "tailwise.sock"

// maxSocketPath is the longest path that all systems we run on give a socket, in bytes.
const maxSocketPath = 103

// socketHeaderTimeout bounds how long a client of the socket may take to say what it wants.
const socketHeaderTimeout = 10 * time.Second

// api serves the engine's API on the configured endpoint and on the socket.
type api struct {
	servers []*http.Server
	serving sync.WaitGroup
	at      string // where the endpoint listens
}

func (a *api) start(ctx context.Context, r *runner, host component.Host, handler http.Handler) error {
	if err := a.startSocket(r, host, handler); err != nil {
		return fmt.Errorf("serve the API on the socket: %w", err)
	}
	if r.cfg.API.NetAddr.Endpoint == "" {
		return nil
	}
	cfg := r.cfg.API
	server, err := cfg.ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings, handler)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	listener, err := cfg.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	a.at = listener.Addr().String()
	a.serve(server, listener, host)
	return nil
}

// startSocket replaces a socket that a dead process left: the engine holds the directory's lock, so no other is alive.
func (a *api) startSocket(r *runner, host component.Host, handler http.Handler) error {
	path := filepath.Join(r.cfg.DataDir, SocketName)
	if len(path) > maxSocketPath {
		r.set.Logger.Warn("the path of the data directory is too long for a socket in it; commands need --addr",
			zap.String("path", path), zap.Int("limit", maxSocketPath))
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, listener.Close())
	}
	a.serve(&http.Server{Handler: handler, ReadHeaderTimeout: socketHeaderTimeout}, listener, host)
	return nil
}

func (a *api) serve(server *http.Server, listener net.Listener, host component.Host) {
	a.servers = append(a.servers, server)
	a.serving.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(fmt.Errorf("serve the API: %w", err)))
		}
	})
}

// stop lets requests finish within ctx. It removes the socket.
func (a *api) stop(ctx context.Context) error {
	var errs []error
	for _, server := range a.servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop the API: %w", err), server.Close())
		}
	}
	a.servers = nil
	a.serving.Wait()
	return errors.Join(errs...)
}
