//go:build e2e

package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tailwise/tailwise/test/harness"
)

// TestKill_Carried kills tailwise once the kept traces that wait for an absent backend have been carried forward, and
// the segments that they came in are gone. Then a restart finds verdicts ahead of the spans that they speak of.
func TestKill_Carried(t *testing.T) {
	seed := pickSeed(t)
	sent, at := newBook(), newBackend(t, seed, false)
	r := newRig(t, limits{memory: "128MiB", disk: "96MiB"}, at.addr) // segments of 6 MiB
	r.start(t)
	r.awaitIntake(t)

	clients := newClients(t, r.grpc, seed, 8, sent)
	for _, c := range clients {
		c.repeats, c.pause, c.plan.fill = 10, time.Millisecond, 8<<10
	}
	load := startLoad(t, clients)
	for range 2 {
		r.awaitRemoval(t)
		r.process.Kill()
		checkNoDamage(t, r)
		r.start(t)
	}
	load.stop(t)
	at.up(t)
	drain(t, r, sent, at)

	checkArrivals(t, sent, at)
	checkOnce(t, at)
	checkVerdicts(t, r)
	r.process.Stop(t)
	checkNoDamage(t, r)
	t.Logf("%d requests acked with %d spans; the backend has %d spans, %d duplicates", sent.acks, len(sent.acked), len(at.spans), at.duplicates)
}

// awaitRemoval waits until the oldest file of the log has gone. As no trace is delivered meanwhile, what it held of kept
// traces has been carried forward.
func (r *rig) awaitRemoval(t *testing.T) {
	t.Helper()
	var oldest string
	harness.Until(t, within, "the log's oldest segment to go", r.process, func() error {
		files, err := filepath.Glob(filepath.Join(r.dir, "wal", "*.wal"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("no segments yet (%v)", err)
		}
		if oldest == "" {
			oldest = slices.Min(files)
		}
		if _, err := os.Stat(oldest); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("%s of %d is still there", filepath.Base(oldest), len(files))
	})
}
