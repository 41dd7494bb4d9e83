package sampler

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/wal"
)

func smallMemory(c *Config) { c.MemoryLimit = 32 << 20 }

// TestRoom_AStalledLedgerDoesNotKeepRequestsOut blocks the ledger, and with it delivery, while ten times as much comes in as may
// be under way.
func TestRoom_AStalledLedgerDoesNotKeepRequestsOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, smallMemory)
		defer r.close()
		stalled := make(chan wal.Position)
		r.engine.feed.sync <- stalled // it waits until somebody takes the answer
		const n = 160
		for i := range n {
			r.send(request(traceID(i+1), spec{name: "root", failed: true, size: 64 << 10}))
			r.pass(DefaultSettle / 10)
		}
		<-stalled
		r.pass(time.Minute)
		for i := range n {
			if got := r.sink.got(traceID(i + 1)); len(got) != 1 {
				t.Fatalf("trace %d: got spans %v, want its root", i+1, got)
			}
		}
	})
}

// TestRoom_FewWait sends far more at once than may wait.
func TestRoom_FewWait(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, smallMemory)
		defer r.close()
		room := r.engine.underWay()
		if !r.engine.arriving.TryAcquire(room) {
			t.Fatal("there is no room to begin with")
		}
		var senders sync.WaitGroup
		var mu sync.Mutex
		refused := 0
		for i := range 100 {
			senders.Go(func() {
				_, err := r.offer(request(traceID(i+1), spec{name: "root", size: 60 << 10}))
				var busy *Refused
				mu.Lock()
				defer mu.Unlock()
				if errors.As(err, &busy) {
					refused++
				} else if err != nil {
					t.Errorf("offer: %v", err)
				}
			})
		}
		time.Sleep(admitPatience / 2) // of the bubble's clock
		if got := r.engine.waiting.Load(); got > room {
			t.Errorf("bytes that wait: got %d, want at most %d", got, room)
		}
		r.engine.arriving.Release(room)
		senders.Wait()
		if refused < 70 || refused > 90 {
			t.Errorf("refused: got %d of 100, want all but the 1 MiB that may wait", refused)
		}
	})
}
