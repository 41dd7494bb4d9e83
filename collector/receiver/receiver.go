package receiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"google.golang.org/grpc"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// otlp is the receiver of one configuration, for all of its signals.
type otlp struct {
	// Immutable after the factory has joined the signals. A nil consumer: no pipeline asks for that signal.
	cfg     *Config
	set     receiver.Settings
	traces  consumer.Traces
	metrics consumer.Metrics
	logs    consumer.Logs
	forget  func()

	// Written by start, read by stop; the two never overlap.
	start, stop      sync.Once
	startErr         error
	source           engine.Source
	outlet           engine.Outlet // of the engine's own metrics
	grpcServer       *grpc.Server
	httpServer       *http.Server
	grpcAddr, httpAt string // where the servers listen
	serving          sync.WaitGroup

	// mu guards hosts. Held only to read or extend it.
	mu    sync.Mutex
	hosts []component.Host
}

func newReceiver(set receiver.Settings, cfg *Config) (*otlp, error) {
	return &otlp{cfg: cfg, set: set, forget: func() {}}, nil
}

// Start joins the engine and opens the ports. It is called once for each signal; the first call does it.
func (r *otlp) Start(ctx context.Context, host component.Host) error {
	r.mu.Lock()
	r.hosts = append(r.hosts, host)
	r.mu.Unlock()
	r.start.Do(func() {
		if r.startErr = r.open(ctx, host); r.startErr != nil {
			r.startErr = errors.Join(r.startErr, r.close(ctx))
		}
	})
	return r.startErr
}

// open attaches first and listens last: a sender that gets through finds everything in place.
func (r *otlp) open(ctx context.Context, host component.Host) error {
	if r.traces != nil {
		e, err := engine.Find(host.GetExtensions(), r.cfg.Engine)
		if err != nil {
			return err
		}
		if r.source, err = e.Attach(r.set.ID.String(), r.traces); err != nil {
			return fmt.Errorf("attach to engine %q: %w", r.cfg.Engine, err)
		}
	}
	if err := r.openOutlet(host); err != nil {
		return err
	}
	if err := r.openGRPC(ctx, host); err != nil {
		return fmt.Errorf("start grpc: %w", err)
	}
	if err := r.openHTTP(ctx, host); err != nil {
		return fmt.Errorf("start http: %w", err)
	}
	return nil
}

// openOutlet lets the engine's metrics of all traffic go to the metrics pipelines. A receiver that takes no traces works
// without an engine.
func (r *otlp) openOutlet(host component.Host) error {
	if r.metrics == nil {
		return nil
	}
	e, err := engine.Find(host.GetExtensions(), r.cfg.Engine)
	if err != nil {
		return nil // with traces it was found before
	}
	if r.outlet, err = e.AttachMetrics(r.set.ID.String(), r.metrics); err != nil {
		return fmt.Errorf("attach metrics to engine %q: %w", r.cfg.Engine, err)
	}
	return nil
}

// Shutdown closes the ports, answers what is under way and leaves the engine. The first call does it.
func (r *otlp) Shutdown(ctx context.Context) (err error) {
	r.stop.Do(func() {
		err = r.close(ctx)
		r.forget()
	})
	return err
}

// closePatience is how long requests under way may take to end. The Collector itself sets no limit, and a sender that
// stalls in the middle of a request would hold the shutdown for ever.
const closePatience = 5 * time.Second

func (r *otlp) close(ctx context.Context) error {
	errs := []error{r.closeServers(ctx)}
	if r.source != nil {
		if err := r.source.Detach(ctx); err != nil {
			errs = append(errs, fmt.Errorf("detach from engine %q: %w", r.cfg.Engine, err))
		}
	}
	if r.outlet != nil { // last, as what came in until now counts
		if err := r.outlet.Detach(ctx); err != nil {
			errs = append(errs, fmt.Errorf("detach metrics from engine %q: %w", r.cfg.Engine, err))
		}
	}
	return errors.Join(errs...)
}

// closeServers stops both servers at once. Requests that are cut off have no answer, so their senders send them again;
// that is no error.
func (r *otlp) closeServers(ctx context.Context) (err error) {
	ctx, enough := context.WithTimeout(ctx, closePatience)
	defer enough()
	var stopping sync.WaitGroup
	if r.grpcServer != nil {
		stopping.Go(func() { stopGRPC(ctx, r.grpcServer) })
	}
	if r.httpServer != nil && r.httpServer.Shutdown(ctx) != nil {
		if err = r.httpServer.Close(); err != nil {
			err = fmt.Errorf("stop http: %w", err)
		}
	}
	stopping.Wait()
	r.serving.Wait()
	return err
}

// stopGRPC lets calls finish until ctx ends, then cuts them off: their senders have no answer and send again.
func stopGRPC(ctx context.Context, server *grpc.Server) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.GracefulStop()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		server.Stop()
		<-done
	}
}

// serve runs a server; its unexpected end takes the Collector down rather than leave a deaf port behind.
func (r *otlp) serve(run func() error, closed error) {
	r.serving.Go(func() {
		if err := run(); err != nil && !errors.Is(err, closed) {
			r.report(componentstatus.NewFatalErrorEvent(err))
		}
	})
}

// report tells every pipeline that shares the receiver.
func (r *otlp) report(event *componentstatus.Event) {
	r.mu.Lock()
	hosts := append([]component.Host(nil), r.hosts...)
	r.mu.Unlock()
	for _, host := range hosts {
		componentstatus.ReportStatus(host, event)
	}
}
