//go:build e2e

package crash

import (
	"context"
	"sync"
	"testing"
)

// load is some clients at work.
type load struct {
	clients []*client
	end     context.CancelFunc // no new requests
	give    context.CancelFunc // and no more patience for those under way
	done    chan struct{}
}

// startLoad sets clients to work until stop, at the latest until the end of the test.
func startLoad(t *testing.T, clients []*client) *load {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	patience, give := context.WithCancel(context.Background())
	l := &load{clients: clients, end: end, give: give, done: make(chan struct{})}
	var running sync.WaitGroup
	for _, c := range clients {
		running.Go(func() { c.run(ctx, patience) })
	}
	go func() {
		running.Wait()
		close(l.done)
	}()
	t.Cleanup(func() {
		end()
		give()
		<-l.done
	})
	return l
}

// stop lets every client finish its last request, and fails the test if one cannot.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.end()
	wait, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	select {
	case <-l.done:
	case <-wait.Done():
		t.Fatalf("a client still has no answer %s after the load ended", within)
	}
}
