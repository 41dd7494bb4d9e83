package receiver

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.uber.org/zap"

	"github.com/tailwise/tailwise/collector/internal/engine"
	wire "github.com/tailwise/tailwise/internal/otlp"
)

// openHTTP starts the HTTP server, when it is configured, with a path for each signal that has a pipeline.
func (r *otlp) openHTTP(ctx context.Context, host component.Host) error {
	if !r.cfg.Protocols.HTTP.HasValue() {
		return nil
	}
	in, err := r.newIntake("http")
	if err != nil {
		return err
	}
	httpCfg := r.cfg.Protocols.HTTP.Get()
	cfg := httpCfg.ServerConfig
	cfg.IncludeMetadata = cfg.IncludeMetadata || len(in.keys) > 0
	if cfg.MaxRequestBodySize <= 0 {
		cfg.MaxRequestBodySize = DefaultMaxRequestMiB << 20
	}
	s := &httpIntake{intake: in, limit: cfg.MaxRequestBodySize}
	mux := http.NewServeMux()
	if r.traces != nil {
		mux.HandleFunc(string(httpCfg.TracesURLPath), s.post(s.traces))
	}
	if r.logs != nil {
		mux.HandleFunc(string(httpCfg.LogsURLPath), s.post(s.logs))
	}
	if r.metrics != nil {
		mux.HandleFunc(string(httpCfg.MetricsURLPath), s.post(s.metrics))
	}
	server, err := cfg.ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings, mux,
		confighttp.WithErrorHandler(writeServerError), confighttp.WithDecoder("gzip", gunzipBody))
	if err != nil {
		return err
	}
	listener, err := cfg.ToListener(ctx)
	if err != nil {
		return err
	}
	r.httpServer, r.httpAt = server, listener.Addr().String()
	r.set.Logger.Info("Starting HTTP server", zap.String("endpoint", r.httpAt))
	r.serve(func() error { return server.Serve(listener) }, http.ErrServerClosed)
	return nil
}

// httpIntake serves requests. limit is the largest body in bytes, decompressed.
type httpIntake struct {
	*intake
	limit int64
}

// post checks method and content type, and writes what handle returns in that type.
func (s *httpIntake) post(handle func(*http.Request, format) (message, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "method not allowed, supported: [POST]", http.StatusMethodNotAllowed)
			return
		}
		enc, ok := formatOf(r)
		if !ok {
			http.Error(w, "unsupported media type, supported: [application/x-protobuf, application/json]",
				http.StatusUnsupportedMediaType)
			return
		}
		response, err := handle(r, enc)
		if err != nil {
			enc.writeError(w, err)
			return
		}
		enc.write(w, http.StatusOK, response)
	}
}

// formatOf is the encoding that the request's Content-Type names.
func formatOf(r *http.Request) (format, bool) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return protobuf, false
	}
	switch mediaType {
	case contentProtobuf:
		return protobuf, true
	case contentJSON:
		return json, true
	default:
		return protobuf, false
	}
}

func (s *httpIntake) traces(r *http.Request, enc format) (message, error) {
	body, err := s.read(r)
	if err != nil {
		return nil, err
	}
	if enc == json {
		if body, err = s.fromJSON(body); err != nil {
			return nil, err
		}
	}
	return s.takeTraces(r.Context(), body, enc.name())
}

// read gathers the request in the engine's memory.
func (s *httpIntake) read(r *http.Request) (engine.Body, error) {
	// The sender's word is good for a size hint only up to the limit.
	body := s.source.NewBody(int(min(r.ContentLength, s.limit)))
	if err := body.Fill(r.Body, s.limit); err != nil {
		body.Release()
		return nil, readError(err)
	}
	return body, nil
}

// fromJSON turns a JSON request into the protobuf that the log keeps.
func (s *httpIntake) fromJSON(body engine.Body) (engine.Body, error) {
	defer body.Release()
	request, err := wire.FromJSON(body.Bytes())
	if err != nil {
		return nil, err
	}
	converted := s.source.NewBody(len(request))
	converted.Append(request)
	return converted, nil
}

// readError tells a body over the limit from one that cannot be read or decompressed.
func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || errors.Is(err, engine.ErrTooLarge) {
		return &httpError{code: http.StatusRequestEntityTooLarge, err: engine.ErrTooLarge}
	}
	return badRequest(err)
}

func (s *httpIntake) logs(r *http.Request, enc format) (message, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, readError(err)
	}
	request := plogotlp.NewExportRequest()
	if err := enc.unmarshal(body, request); err != nil {
		return nil, err
	}
	return s.takeLogs(r.Context(), request, enc.name())
}

func (s *httpIntake) metrics(r *http.Request, enc format) (message, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, readError(err)
	}
	request := pmetricotlp.NewExportRequest()
	if err := enc.unmarshal(body, request); err != nil {
		return nil, err
	}
	return s.takeMetrics(r.Context(), request, enc.name())
}
