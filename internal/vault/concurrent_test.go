package vault

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// TestVault_Concurrent settles, merges, moves and reads at the same time. Every session that was acknowledged before it is
// looked up is whole, whatever is replaced meanwhile.
func TestVault_Concurrent(t *testing.T) {
	const sessions, turnsN = 6, 12
	rng := seeded(t)
	v := openVault(t, newMem(), smallBlocks)
	var all []stored
	for i := range sessions {
		all = append(all, simple(rng, i, turnsN))
	}
	var mu sync.Mutex
	acknowledged := 0 // turns of every session

	working, stop := context.WithCancel(ctx)
	var writers, others sync.WaitGroup
	writers.Go(func() {
		defer stop()
		for turn := range turnsN {
			var some []stored
			for _, s := range all {
				s.traces = s.traces[turn : turn+1]
				some = append(some, s)
			}
			if _, err := tryWrite(v, "hold", some...); err != nil {
				t.Errorf("write: got %v, want nil", err)
			}
			mu.Lock()
			acknowledged = turn + 1
			mu.Unlock()
		}
	})
	others.Go(func() {
		for working.Err() == nil {
			if err := v.Merge(ctx, v.Mergeable(2, 4), nil); err != nil {
				t.Errorf("merge: got %v, want nil", err)
			}
			if err := v.Move(ctx, []SessionID{all[0].id}, "evidence", nil); err != nil {
				t.Errorf("move: got %v, want nil", err)
			}
		}
	})
	for range 2 {
		others.Go(func() {
			for i := 0; working.Err() == nil; i++ {
				mu.Lock()
				want := acknowledged
				mu.Unlock()
				s := all[i%sessions]
				got, err := v.Load(ctx, s.id)
				if errors.Is(err, errBusy) {
					continue
				}
				if err != nil || len(got) < want {
					t.Errorf("load: got %d traces, %v, want at least %d", len(got), err, want)
					continue
				}
				if diff := tracesDiffer(got, s.traces[:len(got)]); diff != "" {
					t.Errorf("load: %s", diff)
				}
			}
		})
	}
	writers.Wait()
	others.Wait()
	for _, s := range all {
		wantSession(t, v, s.id, s.traces)
	}
	wantSound(t, v)
	wantTidy(t, v)
}
