package sampler

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// The verdict of a carried trace may outlive its segment or not; either way the copy is what is owed after a restart.
func TestCarry_VerdictBetweenTheOriginalAndTheCopy(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, smallSegments)
		defer func() { r.close() }()
		r.sink.fail(down)
		kept := 0
		for oldest := r.oldestSegment(); oldest < 2; oldest = r.oldestSegment() {
			for range 20 {
				kept++
				r.send(request(traceID(kept), spec{name: "root", failed: kept%4 == 0, size: 5 << 10}))
				r.pass(200 * time.Millisecond)
			}
			r.pass(DefaultSettle)
		}
		r.reopen()
		r.sink.fail(nil)
		r.pass(5 * time.Minute)
		for n := 4; n <= kept; n += 4 {
			if got := r.sink.got(traceID(n)); !slices.Equal(got, []string{"root"}) {
				t.Errorf("kept trace %d of %d: got spans %v, want its root, once", n, kept, got)
			}
		}
		r.idle()
	})
}

// A mark that comes while its trace's spans are being copied answers for the copies too.
func TestCarry_WhatIsAnsweredForIsNotExportedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, smallSegments)
		defer func() { r.close() }()
		r.sink.fail(down)
		for n := range 30 {
			r.send(request(traceID(n+1), spec{name: "root", failed: true, size: 5 << 10}))
		}
		r.pass(DefaultSettle + time.Second)
		r.fill(1000, 100)
		r.sink.fail(nil)
		r.pass(5 * time.Minute)
		for range 3 {
			r.reopen()
			r.pass(5 * time.Minute)
		}
		if got := r.sink.count(); got != 30 {
			t.Errorf("spans at the backend after restarts: got %d, want 30, each once", got)
		}
		r.idle()
	})
}

func (r *rig) oldestSegment() int {
	if segments := r.engine.log.Segments(); len(segments) > 0 {
		return int(segments[0].ID)
	}
	return 1
}

// idle checks that nothing is open, pending or held on to.
func (r *rig) idle() {
	r.t.Helper()
	if s := r.engine.Status(context.Background()); s.TracesOpen != 0 || s.ExportsPending != 0 || s.LogLiveBytes != 0 || s.TraceMemory != 0 {
		r.t.Errorf("got %+v, want nothing open, pending, live or in memory", s)
	}
}

func TestFault_AResentSpanOfAnExportedTraceLeavesNothingBehind(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly)
		defer r.close()
		for n := range 10 {
			r.send(request(traceID(n+1), spec{name: "root", failed: true}))
		}
		r.pass(DefaultSettle + 2*time.Second)
		for n := range 10 {
			r.send(request(traceID(n+1), spec{name: "root", failed: true}))
		}
		r.pass(DefaultSettle + 2*time.Second)
		if got := r.sink.count(); got != 10 {
			t.Errorf("spans at the backend: got %d, want 10", got)
		}
		r.idle()
	})
}

// Any single write or sync that fails, at any moment, costs nothing that was acknowledged, and nothing stays behind.
func TestFault_EveryWriteOfTheLog(t *testing.T) {
	for _, op := range []durable.Op{durable.OpWrite, durable.OpSync} {
		hit := 0
		for nth := 1; nth <= 12; nth++ {
			inBubble(t, func(t *testing.T) {
				disk := durable.NewFaulty(durable.NewMem())
				r := newRig(t, errorsOnly, func(c *Config) { c.FS = disk })
				defer r.close()
				disk.Add(durable.Rule{Op: op, Nth: nth, Err: syscall.EIO})
				acked := 0
				for n := range 5 {
					if _, err := r.offer(request(traceID(n+1), spec{name: "root", failed: true})); err == nil {
						acked++
					} else if _, err := r.offer(request(traceID(n+1), spec{name: "root", failed: true})); err == nil {
						acked++
					}
					r.pass(DefaultSettle / 4)
				}
				r.pass(2 * DefaultSettle)
				hit += r.logs.FilterMessage("write the log").Len()
				if got := r.sink.count(); acked != 5 || got != 5 {
					t.Errorf("%v %d fails: got %d acknowledged and %d spans at the backend, want 5 and 5", op, nth, acked, got)
				}
				r.idle()
			})
		}
		if hit < 5 {
			t.Errorf("%v: only %d of 12 faults were met", op, hit)
		}
	}
}

// A read that fails once is tried again: it is no reason to give acknowledged spans up.
func TestFault_AReadThatFailsOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		disk := durable.NewFaulty(durable.NewMem())
		r := newRig(t, errorsOnly, func(c *Config) { c.FS = disk })
		defer r.close()
		r.send(request(traceID(1), spec{name: "tool", parent: "root", failed: true}))
		r.send(request(traceID(1), spec{name: "root"}))
		r.pass(DefaultSettle / 2)
		disk.Add(durable.Rule{Op: durable.OpRead, Err: syscall.EIO})
		r.pass(DefaultSettle)
		if got, want := r.sink.got(traceID(1)), []string{"root", "tool"}; !slices.Equal(got, want) {
			t.Errorf("got spans %v, want %v", got, want)
		}
		if n := r.logs.FilterMessageSnippet("trying again").Len(); n != 1 {
			t.Errorf("got %d attempts that failed, want the one with the fault", n)
		}
		r.idle()
	})
}

// Traces that wait for a dead backend hold memory that deciding others early cannot free.
func TestFault_AnOutageDecidesNobodyEarly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, errorsOnly, func(c *Config) { c.Shards = 1 })
		defer r.close()
		r.engine.shardMemory = 50 << 10
		r.sink.fail(down)
		for n := range 100 {
			r.send(request(traceID(n+1), spec{name: "root", failed: true}))
			r.pass(time.Second)
		}
		r.pass(DefaultSettle + time.Second)
		early := r.engine.Status(context.Background()).Early
		r.send(request(traceID(500), spec{name: "tool", parent: "root"}))
		r.pass(3 * time.Second)
		r.send(request(traceID(500), spec{name: "root", failed: true}))
		r.sink.fail(nil)
		r.pass(5 * time.Minute)
		if got, want := r.sink.got(traceID(500)), []string{"root", "tool"}; !slices.Equal(got, want) {
			t.Errorf("trace during the outage: got spans %v, want %v", got, want)
		}
		if got := r.engine.Status(context.Background()).Early; got != early {
			t.Errorf("decided early: got %d more", got-early)
		}
	})
}
