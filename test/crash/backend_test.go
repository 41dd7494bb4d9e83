//go:build e2e

package crash

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // what the exporter compresses with
	"google.golang.org/grpc/status"

	"github.com/tailwise/tailwise/test/harness"
)

// backend is what tailwise exports to: it remembers every span that reached it, for as long as the test runs, while
// the server in front of that memory comes and goes.
type backend struct {
	ptraceotlp.UnimplementedGRPCServer

	addr   string
	moody  bool           // fails some requests, some of them after it took them
	server *grpc.Server   // nil while down; owned by the goroutine that calls up and down
	served sync.WaitGroup // the server's goroutine

	// mu guards the fields below. Held for map access only.
	mu         sync.Mutex
	rng        *rand.Rand
	spans      map[spanKey]seen
	unmarked   int // spans without the marks that tailwise puts on what it exports
	duplicates int
	conflicts  int // a span that came twice and differs
}

// seen is what the backend remembers of a span.
type seen struct {
	sum     uint64
	session string
}

func newBackend(t *testing.T, seed uint64, moody bool) *backend {
	b := &backend{
		addr:  harness.FreeAddr(t),
		moody: moody,
		rng:   rand.New(rand.NewPCG(seed, 'b')),
		spans: make(map[spanKey]seen),
	}
	t.Cleanup(b.down)
	return b
}

// up listens again, unless it does already.
func (b *backend) up(t *testing.T) {
	if b.server != nil {
		return
	}
	l, err := net.Listen("tcp", b.addr)
	if err != nil {
		t.Errorf("listen as the backend: %v", err)
		return
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	ptraceotlp.RegisterGRPCServer(server, b)
	b.server = server
	b.served.Go(func() {
		// Serve returns when down stops the server; an earlier end shows as exports that never arrive.
		_ = server.Serve(l)
	})
}

// down cuts every connection and listens no more.
func (b *backend) down() {
	if b.server == nil {
		return
	}
	b.server.Stop()
	b.served.Wait()
	b.server = nil
}

// Export takes a request, as a moody backend does: now and then it fails, before or after.
func (b *backend) Export(_ context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	var mood float64
	if b.moody {
		b.mu.Lock()
		mood = b.rng.Float64()
		b.mu.Unlock()
	}
	if mood > 0.97 {
		return ptraceotlp.NewExportResponse(), status.Error(codes.Unavailable, "not now")
	}
	received := make(map[spanKey][]seen)
	unmarked := 0
	eachSpan(req.Traces(), func(key spanKey, s sentSpan, attrs pcommon.Map) {
		received[key] = append(received[key], seen{s.sum, s.session})
		if _, ok := attrs.Get(harness.Prefix + "reason"); !ok {
			unmarked++
		}
	})
	b.record(received, unmarked)
	if mood > 0.94 {
		return ptraceotlp.NewExportResponse(), status.Error(codes.Unavailable, "taken, and not said so")
	}
	return ptraceotlp.NewExportResponse(), nil
}

func (b *backend) record(received map[spanKey][]seen, unmarked int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unmarked += unmarked
	for key, copies := range received {
		for _, s := range copies {
			before, again := b.spans[key]
			if again {
				b.duplicates++
			}
			if again && before.sum != s.sum {
				b.conflicts++
			}
			b.spans[key] = s
		}
	}
}

// moods makes the backend go down and come back at random until ctx ends; then it is up.
func (b *backend) moods(ctx context.Context, t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 'm'))
	for pause(ctx, between(rng, 500*time.Millisecond, 4*time.Second)) {
		b.down()
		away := between(rng, 50*time.Millisecond, 1500*time.Millisecond)
		if rng.IntN(6) == 0 {
			away *= 5 // long enough for unexported traces to outlive their segments
		}
		pause(ctx, away)
		b.up(t)
	}
}

// pause waits for d or until ctx ends, which it reports as false.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func between(rng *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(rng.Int64N(int64(most-least)))
}
