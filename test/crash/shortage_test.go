//go:build e2e

package crash

import (
	"errors"
	"testing"
	"time"

	"github.com/tailwise/tailwise/test/harness"
)

// TestFlood sends more than there is room for, while the backend is away. Clients are refused with a delay; nothing
// that was acknowledged is lost; and once the backend is back there is room again.
func TestFlood(t *testing.T) {
	seed := pickSeed(t)
	sent, at := newBook(), newBackend(t, seed, false)
	r := newRig(t, limits{memory: "64MiB", disk: "64MiB"}, at.addr)
	r.start(t)
	r.awaitIntake(t)

	clients := newClients(t, r.grpc, seed, 8, sent)
	for _, c := range clients {
		c.pause, c.plan.fill = time.Microsecond, floodPayload
	}
	load := startLoad(t, clients)
	first := clients[0] // the clients share their counters
	harness.Until(t, within, "a refusal", r.process, func() error {
		if first.refusals.Load() < 10 {
			return errors.New("fewer than ten yet")
		}
		return nil
	})
	checkFootprint(t, r)
	at.up(t)
	acks := sent.count()
	harness.Until(t, within, "room again", r.process, func() error {
		if sent.count() < acks+100 {
			return errors.New("fewer than a hundred acknowledgements since the backend is back")
		}
		return nil
	})
	load.stop(t)
	drain(t, r, sent, at)

	checkArrivals(t, sent, at)
	checkVerdicts(t, r)
	if got := first.badRefusals.Load(); got != 0 {
		t.Errorf("refusals without a delay: got %d, want 0", got)
	}
	if got := first.otherFailures.Load(); got != 0 {
		t.Errorf("failures other than refusals: got %d, want 0", got)
	}
	r.process.Stop(t)
	checkNoDamage(t, r)
	t.Logf("%d requests acked with %d spans, %d refusals; the backend has %d spans, %d duplicates",
		sent.acks, len(sent.acked), first.refusals.Load(), len(at.spans), at.duplicates)
}

// floodPayload makes 64 MiB a matter of some thousand spans.
const floodPayload = 48 << 10

// checkFootprint asserts that the log is within its limit, with a request or two to spare, and the process near its
// own: the limit counts what the engine holds, and a process has more about it.
func checkFootprint(t *testing.T, r *rig) {
	t.Helper()
	const mib = 1 << 20
	if got, most := treeBytes(t, r.dir), int64(64*mib+16*mib); got > most {
		t.Errorf("bytes in the data directory: got %d, want at most %d", got, most)
	}
	if got, most := r.process.ResidentBytes(), int64(64*mib+192*mib); got > most {
		t.Errorf("resident bytes: got %d, want at most %d", got, most)
	}
}

// TestDeadBackend takes a load while nothing listens where kept traces go, ends and starts meanwhile, and delivers
// everything once something does.
func TestDeadBackend(t *testing.T) {
	seed := pickSeed(t)
	sent, at := newBook(), newBackend(t, seed, false)
	r := newRig(t, limits{memory: "128MiB", disk: "1GiB"}, at.addr)
	r.start(t)
	r.awaitIntake(t)

	clients := newClients(t, r.grpc, seed, 4, sent)
	for _, c := range clients {
		c.repeats = 10
	}
	load := startLoad(t, clients)
	awaitAcks(t, r, sent, 500)
	r.process.Stop(t) // with a backend that does not answer, and exports under way
	r.start(t)
	awaitAcks(t, r, sent, 1000)
	r.process.Kill()
	r.start(t)
	awaitAcks(t, r, sent, 1500)
	load.stop(t)
	if got := clients[0].refusals.Load() + clients[0].badRefusals.Load(); got != 0 {
		t.Errorf("refusals for want of a backend: got %d, want 0", got)
	}
	at.up(t)
	drain(t, r, sent, at)

	checkArrivals(t, sent, at)
	checkOnce(t, at)
	checkVerdicts(t, r)
	r.process.Stop(t)
	checkNoDamage(t, r)
	t.Logf("%d requests acked with %d spans; the backend has %d spans, %d duplicates", sent.acks, len(sent.acked), len(at.spans), at.duplicates)
}

func awaitAcks(t *testing.T, r *rig, sent *book, n int) {
	t.Helper()
	harness.Until(t, within, "acknowledgements without a backend", r.process, func() error {
		if sent.count() < n {
			return errors.New("not enough yet")
		}
		return nil
	})
}
