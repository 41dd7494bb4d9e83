package rawgrpc

import (
	"errors"
	"net"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func dial(t *testing.T, handle Handler) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, served := NewServer(handle), make(chan error)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

func TestExport_BytesArriveAsTheyAre(t *testing.T) {
	got := make(chan string, 1)
	conn := dial(t, func(message mem.BufferSlice) error {
		got <- string(message.Materialize())
		return nil
	})
	for name, opts := range map[string][]grpc.CallOption{"plain": nil, "gzip": {grpc.UseCompressor(gzip.Name)}} {
		want := "\x0a\x00 not decoded " + name
		if err := Export(t.Context(), conn, []byte(want), opts...); err != nil {
			t.Fatalf("%s: Export: %v", name, err)
		}
		if got := <-got; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestExport_ReturnsTheHandlersError(t *testing.T) {
	conn := dial(t, func(mem.BufferSlice) error { return errors.New("full") })
	if err := Export(t.Context(), conn, []byte{}); err == nil {
		t.Error("Export to a server that refuses: got no error")
	}
}
