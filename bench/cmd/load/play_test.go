package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/tailwise/tailwise/bench/internal/corpus"
	"github.com/tailwise/tailwise/bench/internal/rawgrpc"
	"github.com/tailwise/tailwise/internal/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver counts spans, after it has refused the first request.
type receiver struct {
	mu      sync.Mutex
	refused bool
	spans   int
}

var errRefused = errors.New("come again")

func (r *receiver) take(body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.refused {
		r.refused = true
		return errRefused
	}
	n, err := corpus.CountSpans(body)
	r.spans += n
	return err
}

func (r *receiver) serveGRPC(t *testing.T) string {
	t.Helper()
	server := rawgrpc.NewServer(func(message mem.BufferSlice) error {
		if err := r.take(message.Materialize()); errors.Is(err, errRefused) {
			return status.Error(codes.ResourceExhausted, "")
		} else {
			return err
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func (r *receiver) serveHTTP(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var body bytes.Buffer
		_, err := body.ReadFrom(request.Body)
		if err == nil {
			err = r.take(body.Bytes())
		}
		if errors.Is(err, errRefused) {
			w.WriteHeader(http.StatusTooManyRequests)
		} else if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestRun_SendsEverySpanAndSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corpus")
	sum, err := corpus.Write(path, corpus.Spec{Profile: traffic.Small, Spans: 2000})
	if err != nil {
		t.Fatal(err)
	}
	for protocol, serve := range map[string]func(*receiver, *testing.T) string{
		"grpc": (*receiver).serveGRPC, "http": (*receiver).serveHTTP,
	} {
		var r receiver
		var out bytes.Buffer
		args := []string{"-corpus", path, "-protocol", protocol, "-addr", serve(&r, t), "-replays", "3"}
		if err := run(context.Background(), args, &out); err != nil {
			t.Fatalf("%s: run: %v", protocol, err)
		}
		var sent Sent
		if err := json.Unmarshal(out.Bytes(), &sent); err != nil {
			t.Fatalf("%s: printed %q: %v", protocol, out.String(), err)
		}
		if want := 3 * sum.Spans; r.spans != want || sent.Spans != want || sent.Bytes != 3*sum.Bytes {
			t.Errorf("%s: got %d spans received, %d spans and %d bytes said, want %d spans and %d bytes", protocol, r.spans,
				sent.Spans, sent.Bytes, want, 3*sum.Bytes)
		}
		if sent.Retries != 1 {
			t.Errorf("%s: got %d retries, want the 1 that was asked for", protocol, sent.Retries)
		}
	}
}

func TestRun_RefusesWhatItCannotDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corpus")
	if _, err := corpus.Write(path, corpus.Spec{Profile: traffic.Small, Spans: 100, Gzip: true}); err != nil {
		t.Fatal(err)
	}
	var r receiver
	for name, args := range map[string][]string{
		"no corpus":     {"-corpus", path + ".absent"},
		"protocol":      {"-corpus", path, "-protocol", "udp"},
		"gzip replayed": {"-corpus", path, "-protocol", "http", "-addr", (&r).serveHTTP(t), "-replays", "2"},
	} {
		if err := run(context.Background(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
