package sampler

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
	"github.com/tailwise/tailwise/internal/otlp"
)

var (
	crashSeed   = flag.Uint64("crash.seed", 0, "run only this seed of the crash tests")
	crashRounds = flag.Int("crash.rounds", 40, "seeds that the crash tests run")
)

// What survives loss of power at any moment: every acknowledged span of a trace that is to be kept arrives, whole,
// and nothing of a trace that is to be dropped does. Every other time the ledger is lost as well.
func TestEngine_LosesNothingWhenPowerFails(t *testing.T) {
	first, last := uint64(1), uint64(*crashRounds)
	if *crashSeed != 0 {
		first, last = *crashSeed, *crashSeed
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) { crash(t, rand.New(rand.NewSource(int64(seed)))) })
		})
	}
}

func crash(t *testing.T, rng *rand.Rand) {
	disk := durable.NewMem()
	r := newRig(t, errorsOnly, func(c *Config) {
		c.FS, c.SegmentBytes = disk, 64<<10
		c.Decide = DecideConfig{Settle: 2 * time.Second, Idle: 5 * time.Second}
	})
	acked := make(map[otlp.TraceID]map[string]bool)
	for step := range 120 {
		switch k := rng.Intn(40); {
		case k == 0:
			disk = r.losePower(rng, disk)
		case k == 1:
			r.sink.fail(down)
		case k < 5:
			r.sink.fail(nil)
		case k < 12:
			r.pass(time.Duration(rng.Intn(4000)) * time.Millisecond)
		default:
			r.sendRandom(rng, step, acked)
		}
	}
	disk = r.losePower(rng, disk)
	r.sink.fail(nil)
	r.pass(5 * time.Minute)
	defer r.close()
	for id, spans := range acked {
		got := make(map[string]bool)
		for _, name := range r.sink.got(id) {
			got[name] = true
		}
		for name := range spans {
			if keep := id[1] == 1; got[name] != keep {
				t.Errorf("trace %x, span %s: at the backend %v, want %v", id, name, got[name], keep)
			}
		}
	}
	if status := r.engine.status(t.Context()); status.TracesOpen != 0 || status.ExportsPending != 0 || status.LogLiveBytes != 0 {
		t.Errorf("after everything is done: got %+v, want nothing open, pending or live", status)
	}
}

// sendRandom sends a span or two of one of thirty traces. Odd traces fail in every span, so that any part of them is
// to be kept; the others never do.
func (r *rig) sendRandom(rng *rand.Rand, step int, acked map[otlp.TraceID]map[string]bool) {
	n := rng.Intn(30)
	id := otlp.TraceID{0: byte(n), 1: byte(n % 2), 15: 1}
	var specs []spec
	for i := range 1 + rng.Intn(3) {
		sp := spec{name: fmt.Sprintf("s%d-%d", step, i), parent: "root", failed: n%2 == 1, size: rng.Intn(6000)}
		if rng.Intn(4) == 0 {
			sp.parent = ""
		}
		specs = append(specs, sp)
	}
	if _, err := r.offer(request(id, specs...)); err != nil {
		return
	}
	if acked[id] == nil {
		acked[id] = make(map[string]bool)
	}
	for _, sp := range specs {
		acked[id][sp.name] = true
	}
}

// losePower opens a new engine on what is left of the disk. The old one is shut down only so that its goroutines end:
// what it still does reaches neither the new disk nor, as its backend is gone, anybody else.
func (r *rig) losePower(rng *rand.Rand, disk *durable.Mem) *durable.Mem {
	r.t.Helper()
	left := disk.CrashClone(rng)
	arrived := r.sink
	arrived.fail(down)
	r.close()
	r.cfg.FS = left
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if rng.Intn(2) == 0 {
			break // the ledger is lost every other time
		}
		if err := os.Remove(filepath.Join(r.cfg.DataDir, "ledger.db"+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.t.Fatal(err)
		}
	}
	r.sink = &sink{spans: arrived.spans}
	r.open()
	return left
}
