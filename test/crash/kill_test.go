//go:build e2e

// Package crash kills a real tailwise at random moments under load, starves it of room and takes its backend away,
// and checks that it keeps its promise: what it has acknowledged and decided to keep arrives, whole, and nothing else.
//
//	go test -tags e2e ./test/crash                      # about two minutes
//	go test -tags e2e ./test/crash -run Kill -rounds 500 -timeout 2h
//	go test -tags e2e ./test/crash -run Kill -seed 12345 # a run again, as far as timing allows
//	go test -tags e2e ./test/crash -build=-race          # with the race detector in tailwise
package crash

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/goleak"

	"github.com/tailwise/tailwise/test/harness"
)

var (
	seedFlag   = flag.Uint64("seed", 0, "seed of the random load and moments; 0 takes one from the clock")
	roundsFlag = flag.Int("rounds", 12, "how often the kill test kills")
	buildFlag  = flag.String("build", "", "a flag for building tailwise, such as -race")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pickSeed returns the seed of this run, and says how to have it again.
func pickSeed(t *testing.T) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; again: go test -tags e2e ./test/crash -run '^%s$' -seed %d -rounds %d", seed, t.Name(), seed, *roundsFlag)
	return seed
}

// TestKill kills tailwise again and again while clients send, and the backend comes and goes as it likes. Clients send
// again what was not acknowledged, the same bytes; some give up, as clients may die too.
func TestKill(t *testing.T) {
	seed := pickSeed(t)
	rng := rand.New(rand.NewPCG(seed, 'k'))
	sent, at := newBook(), newBackend(t, seed, true)
	at.up(t)
	r := newRig(t, limits{memory: "128MiB", disk: "128MiB"}, at.addr) // segments of 8 MiB
	r.start(t)
	r.awaitIntake(t)

	clients := newClients(t, r.grpc, seed, 12, sent)
	for _, c := range clients {
		c.givesUp, c.repeats, c.pause, c.plan.fill = 5, 5, 4*time.Millisecond, 2<<10
	}
	clients[0].pause = 400 * time.Millisecond // its traces stay open for longer than a segment fills
	load := startLoad(t, clients)
	steady := startMoods(t, at, seed)
	var slowest time.Duration
	for range *roundsFlag {
		slowest = max(slowest, killOnce(t, r, rng, sent))
	}
	load.stop(t)
	steady()
	drain(t, r, sent, at)

	checkArrivals(t, sent, at)
	before := checkVerdicts(t, r)
	r.process.Stop(t)
	r.start(t)
	drain(t, r, sent, at)
	if after := checkVerdicts(t, r); !maps.Equal(before, after) {
		t.Errorf("verdicts after one more restart: got %d, want the same %d as before", len(after), len(before))
	}
	checkNoDamage(t, r)
	r.process.Stop(t)
	t.Logf("%d kills; %d requests acked with %d spans of %d traces, %d sent again; at the backend %d spans, %d duplicates; slowest restart to ack %s",
		*roundsFlag, sent.acks, len(sent.acked), len(sent.traces), sent.resent, len(at.spans), at.duplicates, slowest)
}

// killOnce lets tailwise run for a while, ends it in one way or another, starts it again, and returns the time from
// there to the first acknowledgement.
func killOnce(t *testing.T, r *rig, rng *rand.Rand, sent *book) time.Duration {
	t.Helper()
	alive := between(rng, time.Second, 6*time.Second)
	if rng.IntN(4) == 0 {
		alive = between(rng, 0, 400*time.Millisecond) // in the middle of recovery, or before it
	}
	pause(context.Background(), alive)
	if rng.IntN(6) == 0 {
		r.process.Stop(t)
	} else {
		r.process.Kill()
	}
	checkNoDamage(t, r)
	acks := sent.count()
	started := time.Now()
	r.start(t)
	harness.Until(t, within, "an acknowledgement after a restart", r.process, func() error {
		if sent.count() == acks {
			return errors.New("none yet")
		}
		return nil
	})
	return time.Since(started)
}

// startMoods lets the backend come and go, until the returned function has made it stay up.
func startMoods(t *testing.T, at *backend, seed uint64) (steady func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { at.moods(ctx, t, seed) })
	steady = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(steady)
	return steady
}

// checkNoDamage asserts that tailwise has not complained of bytes that it cannot read. Its log is the only place where
// a process that was killed has said so.
func checkNoDamage(t *testing.T, r *rig) {
	t.Helper()
	for line := range strings.Lines(r.process.Output()) {
		for _, complaint := range []string{"has a hole", "is damaged", "cannot be read", "read record", "panic:", "DATA RACE"} {
			if strings.Contains(line, complaint) {
				t.Errorf("tailwise complains: %s", line)
			}
		}
	}
}

func parseTraceID(t *testing.T, text string) (id pcommon.TraceID) {
	t.Helper()
	if n, err := hex.Decode(id[:], []byte(text)); err != nil || n != len(id) {
		t.Fatalf("trace id %q: got %d bytes (%v), want %d", text, n, err, len(id))
	}
	return id
}
