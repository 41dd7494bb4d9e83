package receiver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// httpAnswer is what a sender sees.
type httpAnswer struct {
	code   int
	header http.Header
	body   []byte
}

// send makes one request; headers are pairs of name and value.
func (r *rig) send(t *testing.T, method, path string, body []byte, headers ...string) httpAnswer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.httpAt+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return httpAnswer{response.StatusCode, response.Header, got}
}

func (r *rig) post(t *testing.T, body []byte, headers ...string) httpAnswer {
	t.Helper()
	return r.send(t, http.MethodPost, "/v1/traces", body, append([]string{"Content-Type", contentProtobuf}, headers...)...)
}

func encoded(t *testing.T, m message) (asProto, asJSON []byte) {
	t.Helper()
	asProto, err := m.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if asJSON, err = m.MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	return asProto, asJSON
}

func gzipped(t *testing.T, body []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func zstdCompressed(t *testing.T, body []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(body, nil)
}

func TestHTTP_RequestArrivesByteForByte(t *testing.T) {
	want, asJSON := encoded(t, ptraceotlp.NewExportRequestFromTraces(someTraces(500)))
	for _, tc := range []struct {
		name    string
		body    []byte
		headers []string
		answer  string
	}{
		{"plain", want, nil, ""},
		{"gzip", gzipped(t, want), []string{"Content-Encoding", "gzip"}, ""},
		{"zstd", zstdCompressed(t, want), []string{"Content-Encoding", "zstd"}, ""},
		{"json", asJSON, []string{"Content-Type", "application/json; charset=utf-8"}, "{}"},
		{"gzip json", gzipped(t, asJSON), []string{"Content-Type", contentJSON, "Content-Encoding", "gzip"}, "{}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := open(t, httpOnly)
			answer := r.post(t, tc.body, tc.headers...)
			if answer.code != http.StatusOK || string(answer.body) != tc.answer {
				t.Errorf("answer: got %d %q, want 200 %q", answer.code, answer.body, tc.answer)
			}
			got, _ := r.engine.taken()
			if len(got) != 1 || !bytes.Equal(got[0], want) {
				t.Errorf("the engine got %d requests, want exactly the one that was sent", len(got))
			}
		})
	}
}

func TestHTTP_PartialSuccess(t *testing.T) {
	r := open(t, httpOnly)
	r.engine.answerWith(engine.Accepted{SpansN: 3, RejectedN: 2, Message: "2 spans without a trace id"}, nil)
	asProto, asJSON := encoded(t, ptraceotlp.NewExportRequestFromTraces(someTraces(5)))
	inProto, inJSON := ptraceotlp.NewExportResponse(), ptraceotlp.NewExportResponse()
	if err := inProto.UnmarshalProto(r.post(t, asProto).body); err != nil {
		t.Fatalf("read answer: %v", err)
	}
	if err := inJSON.UnmarshalJSON(r.post(t, asJSON, "Content-Type", contentJSON).body); err != nil {
		t.Fatalf("read answer: %v", err)
	}
	for _, response := range []ptraceotlp.ExportResponse{inProto, inJSON} {
		got := response.PartialSuccess()
		if got.RejectedSpans() != 2 || got.ErrorMessage() != "2 spans without a trace id" {
			t.Errorf("partial success: got %d %q, want 2 spans and the engine's message",
				got.RejectedSpans(), got.ErrorMessage())
		}
	}
}

func TestHTTP_EngineErrors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		err   error
		code  int
		grpc  codes.Code
		after string
	}{
		{"refused", &engine.Refused{Reason: "disk limit", RetryAfter: 1500 * time.Millisecond},
			http.StatusTooManyRequests, codes.ResourceExhausted, "2"},
		{"malformed", engine.ErrMalformed, http.StatusBadRequest, codes.InvalidArgument, ""},
		{"other", errors.New("write segment 3: no space left on device"),
			http.StatusServiceUnavailable, codes.Unavailable, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := open(t, httpOnly)
			r.engine.answerWith(engine.Accepted{}, tc.err)
			asProto, asJSON := encoded(t, ptraceotlp.NewExportRequestFromTraces(someTraces(1)))
			for _, answer := range []httpAnswer{r.post(t, asProto), r.post(t, asJSON, "Content-Type", contentJSON)} {
				if answer.code != tc.code || answer.header.Get("Retry-After") != tc.after {
					t.Errorf("answer: got %d, Retry-After %q, want %d, %q",
						answer.code, answer.header.Get("Retry-After"), tc.code, tc.after)
				}
				if got := statusIn(t, answer); codes.Code(got.GetCode()) != tc.grpc {
					t.Errorf("status in the body: got %v, want code %v", got, tc.grpc)
				}
			}
		})
	}
}

// statusIn reads the google.rpc.Status that an error's body has to be, in the content type of the answer.
func statusIn(t *testing.T, answer httpAnswer) *spb.Status {
	t.Helper()
	s := new(spb.Status)
	var err error
	switch contentType := answer.header.Get("Content-Type"); contentType {
	case contentProtobuf:
		err = proto.Unmarshal(answer.body, s)
	case contentJSON:
		err = protojson.Unmarshal(answer.body, s)
	default:
		t.Fatalf("content type of the answer: got %q, want that of the request", contentType)
	}
	if err != nil {
		t.Fatalf("read status: %v", err)
	}
	return s
}

func TestHTTP_Refusals(t *testing.T) {
	valid, _ := encoded(t, ptraceotlp.NewExportRequestFromTraces(someTraces(1)))
	large := bytes.Repeat([]byte{0}, 2<<20)
	for _, tc := range []struct {
		name    string
		method  string
		path    string
		body    []byte
		headers []string
		code    int
	}{
		{"wrong method", http.MethodGet, "/v1/traces", nil, nil, http.StatusMethodNotAllowed},
		{"wrong content type", http.MethodPost, "/v1/traces", valid, []string{"Content-Type", "text/plain"},
			http.StatusUnsupportedMediaType},
		{"no content type", http.MethodPost, "/v1/traces", valid, []string{"Content-Type", ""},
			http.StatusUnsupportedMediaType},
		{"wrong path", http.MethodPost, "/v1/profiles", valid, nil, http.StatusNotFound},
		{"too large", http.MethodPost, "/v1/traces", large, nil, http.StatusRequestEntityTooLarge},
		{"too large gunzipped", http.MethodPost, "/v1/traces", gzipped(t, large),
			[]string{"Content-Encoding", "gzip"}, http.StatusRequestEntityTooLarge},
		{"too large from zstd", http.MethodPost, "/v1/traces", zstdCompressed(t, large),
			[]string{"Content-Encoding", "zstd"}, http.StatusRequestEntityTooLarge},
		{"too large logs", http.MethodPost, "/v1/logs", large, nil, http.StatusRequestEntityTooLarge},
		{"no gzip", http.MethodPost, "/v1/traces", valid, []string{"Content-Encoding", "gzip"}, http.StatusBadRequest},
		{"cut gzip", http.MethodPost, "/v1/traces", gzipped(t, valid)[:30], []string{"Content-Encoding", "gzip"},
			http.StatusBadRequest},
		{"no zstd", http.MethodPost, "/v1/traces", valid, []string{"Content-Encoding", "zstd"}, http.StatusBadRequest},
		{"unknown compression", http.MethodPost, "/v1/traces", valid, []string{"Content-Encoding", "br"},
			http.StatusBadRequest},
		{"no json", http.MethodPost, "/v1/traces", valid, []string{"Content-Type", contentJSON}, http.StatusBadRequest},
		{"malformed logs", http.MethodPost, "/v1/logs", []byte("\x0a\xff\xff"), nil, http.StatusBadRequest},
		{"malformed metrics", http.MethodPost, "/v1/metrics", []byte("\x0a\xff\xff"), nil, http.StatusBadRequest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := open(t, httpOnly, func(cfg *Config) { cfg.Protocols.HTTP.Get().ServerConfig.MaxRequestBodySize = 1 << 20 })
			headers := append([]string{"Content-Type", contentProtobuf}, tc.headers...)
			answer := r.send(t, tc.method, tc.path, tc.body, headers...)
			if answer.code != tc.code {
				t.Errorf("code: got %d (%q), want %d", answer.code, answer.body, tc.code)
			}
			if tc.code == http.StatusBadRequest || tc.code == http.StatusRequestEntityTooLarge {
				if got := statusIn(t, answer); codes.Code(got.GetCode()) != codes.InvalidArgument {
					t.Errorf("status in the body: got %v, want %v", got, codes.InvalidArgument)
				}
			}
			if got, _ := r.engine.taken(); len(got) != 0 {
				t.Errorf("requests that reached the engine: got %d, want 0", len(got))
			}
		})
	}
}

func TestHTTP_ErrorsDoNotQuoteTheRequest(t *testing.T) {
	const secret = "the-prompt-of-a-customer"
	r := open(t, httpOnly)
	for _, path := range []string{"/v1/traces", "/v1/logs", "/v1/metrics"} {
		answer := r.send(t, http.MethodPost, path, []byte(`{"`+secret+`": {`+secret+`}`), "Content-Type", contentJSON)
		if answer.code != http.StatusBadRequest || strings.Contains(string(answer.body), secret) {
			t.Errorf("%s: got %d %q, want 400 without the request's text", path, answer.code, answer.body)
		}
	}
}

func TestHTTP_DefaultLimitIs64MiB(t *testing.T) {
	r := open(t, httpOnly)
	if answer := r.post(t, make([]byte, 40<<20)); answer.code != http.StatusOK {
		t.Errorf("send 40 MiB: got %d, want 200", answer.code)
	}
}

func TestHTTP_MetadataKeys(t *testing.T) {
	r := open(t, httpOnly, func(cfg *Config) { cfg.MetadataKeys = []string{"X-Tenant"} })
	asProto, _ := encoded(t, ptraceotlp.NewExportRequestFromTraces(someTraces(1)))
	r.post(t, asProto, "X-Tenant", "a", "Authorization", "secret")
	_, metadata := r.engine.taken()
	if len(metadata) != 1 || len(metadata[0]) != 1 || metadata[0][0].Key != "x-tenant" || metadata[0][0].Values[0] != "a" {
		t.Errorf("metadata: got %v, want x-tenant a alone", metadata)
	}
}

func TestHTTP_LogsAndMetricsPassThrough(t *testing.T) {
	r := open(t, httpOnly)
	logsProto, logsJSON := encoded(t, plogotlp.NewExportRequestFromLogs(someLogs()))
	metricsProto, metricsJSON := encoded(t, pmetricotlp.NewExportRequestFromMetrics(someMetrics()))
	for _, send := range []struct {
		path, contentType string
		body              []byte
	}{
		{"/v1/logs", contentProtobuf, logsProto}, {"/v1/logs", contentJSON, logsJSON},
		{"/v1/metrics", contentProtobuf, metricsProto}, {"/v1/metrics", contentJSON, metricsJSON},
	} {
		if answer := r.send(t, http.MethodPost, send.path, send.body, "Content-Type", send.contentType); answer.code != http.StatusOK {
			t.Errorf("%s %s: got %d, want 200", send.path, send.contentType, answer.code)
		}
	}
	if logs, points := r.logs.LogRecordCount(), r.metrics.DataPointCount(); logs != 2 || points != 2 {
		t.Errorf("passed through: got %d log records and %d data points, want 2 and 2", logs, points)
	}
}

func TestHTTP_SignalWithoutPipelineIsNotFound(t *testing.T) {
	cfg := testConfig()
	httpOnly(cfg)
	r := &rig{engine: new(fakeEngine), otlp: create(t, cfg, signals{logs: new(consumertest.LogsSink)})}
	if err := r.Start(t.Context(), fakeHost{}); err != nil {
		t.Fatal(err)
	}
	defer r.end(t)
	asProto, _ := encoded(t, ptraceotlp.NewExportRequestFromTraces(someTraces(1)))
	for _, path := range []string{"/v1/traces", "/v1/metrics"} {
		if answer := r.send(t, http.MethodPost, path, asProto, "Content-Type", contentProtobuf); answer.code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, answer.code)
		}
	}
}
