// Package engine is the seam between the Collector components and the sampling engine. The receiver and the
// extension speak to these interfaces, so that each can be tested alone and neither knows how the engine works.
package engine

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
)

// Engine is a running engine. All methods are safe for concurrent use.
type Engine interface {
	// Attach joins a receiver or processor to the engine: what it brings in and the policy keeps goes to next. It
	// is called from its Start, as next is running from then on. The id names it in the log, so that after a restart
	// its kept traces go out by the same pipeline. It fails with ErrAttached while another has the id.
	Attach(id string, next consumer.Traces) (Source, error)

	// AttachMetrics lets the metrics of all traffic go to next until the Outlet is detached. It fails with ErrAttached
	// while another has the id.
	AttachMetrics(id string, next consumer.Metrics) (Outlet, error)

	// ReloadPolicy puts a new policy in force, or returns why it cannot; then the old one stays.
	ReloadPolicy(ctx context.Context, file string, text []byte) error

	// API serves the JSON that the commands read.
	API() http.Handler

	// Shutdown stops the engine after every Source is detached.
	Shutdown(ctx context.Context) error
}

// Source is one receiver's or processor's way in. All methods are safe for concurrent use.
type Source interface {
	// NewBody returns empty memory for one request of about sizeHint bytes; zero or less: unknown.
	NewBody(sizeHint int) Body

	// Accept takes a request, an ExportTraceServiceRequest in protobuf, and with it the body, whatever it returns.
	// It returns once the request is as durable as the engine is configured to make it. The error is a
	// *Refused when the engine has no room and the sender shall come again, ErrMalformed when no retry can help,
	// anything else when the engine cannot write or is shutting down.
	Accept(ctx context.Context, body Body, metadata []KV) (Accepted, error)

	// Detach refuses new work and waits, within ctx, for what is on its way to the pipeline. It may be repeated.
	Detach(ctx context.Context) error
}

// Outlet is a metrics pipeline's way out.
type Outlet interface {
	// Detach sends the last figures, within ctx; nothing is sent after it. It may be repeated.
	Detach(ctx context.Context) error
}

// Body is the memory of one request. Its user either gives it to Accept or calls Release.
type Body interface {
	Bytes() []byte
	Append(p []byte)
	// Fill appends all of r. It fails with ErrTooLarge when the body would exceed limit bytes.
	Fill(r io.Reader, limit int64) error
	Release()
}

// Provider is what the extension is to the receiver. Engine returns nil while the extension is not running.
type Provider interface {
	component.Component
	Engine() Engine
}

// Find returns the engine that the extension called id runs.
func Find(extensions map[component.ID]component.Component, id component.ID) (Engine, error) {
	extension, ok := extensions[id]
	if !ok {
		return nil, fmt.Errorf("find engine %q: no such extension is running: configure it under extensions: "+
			"and list it under service: extensions:%s", id, engines(extensions))
	}
	provider, ok := extension.(Provider)
	if !ok {
		return nil, fmt.Errorf("find engine %q: this extension is not a tailwise engine: set engine: to the name of "+
			"an extension of type tailwise%s", id, engines(extensions))
	}
	if e := provider.Engine(); e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("find engine %q: the extension has not started", id)
}

// engines lists the engines there are, for an error text.
func engines(extensions map[component.ID]component.Component) string {
	var ids []string
	for id, extension := range extensions {
		if _, ok := extension.(Provider); ok {
			ids = append(ids, id.String())
		}
	}
	if len(ids) == 0 {
		return ""
	}
	slices.Sort(ids)
	return " (engines running: " + strings.Join(ids, ", ") + ")"
}
