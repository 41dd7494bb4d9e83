//go:build e2e

package crash

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// client sends what a plan makes, again and again until it is acknowledged: the same bytes each time.
type client struct {
	conn  *grpc.ClientConn
	otlp  ptraceotlp.GRPCClient
	plan  *plan
	book  *book
	rng   *rand.Rand
	pause time.Duration // between two requests
	// givesUp tells how often, of a hundred, a request that failed is not sent again: that client "died" too.
	givesUp int
	// repeats tells how often, of a hundred, a request is sent once more though it was acknowledged, as by a client
	// that the answer did not reach.
	repeats int

	refusals      *atomic.Int64 // RESOURCE_EXHAUSTED with a delay
	badRefusals   *atomic.Int64 // and without one
	otherFailures *atomic.Int64
}

const (
	callTimeout = 20 * time.Second
	retryPause  = 20 * time.Millisecond
)

// newClients makes n clients of the tailwise at addr.
func newClients(t *testing.T, addr string, seed uint64, n int, book *book) []*client {
	t.Helper()
	refusals, badRefusals, other := new(atomic.Int64), new(atomic.Int64), new(atomic.Int64)
	clients := make([]*client, n)
	for i := range clients {
		conn, err := grpc.NewClient(addr,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{
				BaseDelay: 20 * time.Millisecond, Multiplier: 1.2, MaxDelay: 200 * time.Millisecond,
			}}))
		if err != nil {
			t.Fatalf("make a client: %v", err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		clients[i] = &client{
			conn: conn, otlp: ptraceotlp.NewGRPCClient(conn), plan: newPlan(seed, i), book: book,
			rng: rand.New(rand.NewPCG(seed, uint64(1000+i))), pause: 8 * time.Millisecond,
			refusals: refusals, badRefusals: badRefusals, otherFailures: other,
		}
	}
	return clients
}

// run sends until ctx ends, and then until its last request is acknowledged. Only the end of patience stops that.
func (c *client) run(ctx, patience context.Context) {
	for pause(ctx, c.pause) {
		c.deliver(patience, c.plan.next())
	}
}

// deliver sends one request until it is acknowledged or given up.
func (c *client) deliver(patience context.Context, td ptrace.Traces) {
	keys := c.book.sending(td)
	req := ptraceotlp.NewExportRequestFromTraces(td)
	for {
		ctx, cancel := context.WithTimeout(patience, callTimeout)
		_, err := c.otlp.Export(ctx, req)
		cancel()
		if err == nil {
			c.book.answered(keys)
			if c.rng.IntN(100) >= c.repeats {
				return
			}
			c.book.again()
			continue
		}
		wait := c.failed(err)
		if c.rng.IntN(100) < c.givesUp {
			return
		}
		c.book.again()
		if !pause(patience, wait) {
			return
		}
	}
}

// failed counts a failure and says how long to wait, which for a refusal the server has said.
func (c *client) failed(err error) time.Duration {
	st := status.Convert(err)
	if st.Code() != codes.ResourceExhausted {
		c.otherFailures.Add(1)
		return retryPause
	}
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok && info.GetRetryDelay().AsDuration() > 0 {
			c.refusals.Add(1)
			return min(info.GetRetryDelay().AsDuration(), time.Second)
		}
	}
	c.badRefusals.Add(1)
	return retryPause
}
