package sampler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/otlp"
)

// smallSegments makes the log turn over quickly.
func smallSegments(c *Config) { c.SegmentBytes = 64 << 10 }

// fill sends n traces that are dropped, of about 10 KB each, and lets them be decided.
func (r *rig) fill(from, n int) {
	r.t.Helper()
	for i := range n {
		r.send(request(traceID(from+i), spec{name: "root", size: 10 << 10}))
		r.pass(100 * time.Millisecond)
	}
	r.pass(DefaultSettle + 3*time.Second)
}

func TestCarry_NeitherAnOpenTraceNorAKeptOnePinsTheLog(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart=%v", restart), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRig(t, errorsOnly, smallSegments, func(c *Config) { c.Decide.Idle = 100 * time.Hour; c.Decide.MaxWait = 200 * time.Hour })
				defer func() { r.close() }()
				open, kept := traceID(1), traceID(2)
				r.sink.fail(down)
				r.send(request(open, spec{name: "tool", parent: "root", failed: true}))
				r.send(request(kept, spec{name: "root", failed: true}))
				for round := range 10 {
					r.fill(1000+100*round, 50)
				}
				if got, limit := r.engine.log.Bytes(), int64(10*64<<10); got > limit {
					t.Errorf("log after 5 MB have gone through: got %d bytes, want at most %d", got, limit)
				}
				if segments := r.engine.log.Segments(); segments[0].ID < 20 {
					t.Errorf("oldest segment: got %d, want the first ones gone", segments[0].ID)
				}
				if restart {
					r.reopen()
				}
				r.sink.fail(nil)
				r.send(request(open, spec{name: "root"}))
				r.pass(5 * time.Minute)
				for id, want := range map[otlp.TraceID][]string{open: {"root", "tool"}, kept: {"root"}} {
					if got := r.sink.got(id); !slices.Equal(got, want) {
						t.Errorf("trace %s: got spans %v, want %v", hexOf(id), got, want)
					}
					r.row(id)
				}
			})
		})
	}
}

func TestCarry_FactsAreNotCountedTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, "rules: [{name: many, when: spans > 1, keep: true}]", smallSegments,
			func(c *Config) { c.Decide.Idle = time.Hour })
		defer r.close()
		r.send(request(traceID(1), spec{name: "only", parent: "root"}))
		for round := range 10 {
			r.fill(1000+100*round, 50)
		}
		if segments := r.engine.log.Segments(); segments[0].ID < 10 {
			t.Fatalf("oldest segment: got %d, want the span carried forward", segments[0].ID)
		}
		r.pass(2 * time.Hour)
		if got := r.sink.got(traceID(1)); len(got) != 0 {
			t.Errorf("got spans %v, want none: one span carried forward is still one", got)
		}
		if row := r.row(traceID(1)); row.SpansN != 1 {
			t.Errorf("spans in the ledger: got %d, want 1", row.SpansN)
		}
	})
}
