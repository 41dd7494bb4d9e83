package vault

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// TestFaults_Matrix fails the first, second, third... call of every operation, in every way, in every kind of work. Then the
// work either succeeded or said the fault; what was there is there, before and after the vault is opened again; and the
// same work done again succeeds.
func TestFaults_Matrix(t *testing.T) {
	rng := seeded(t)
	kept, other, fresh := simple(rng, 1, 3), simple(rng, 2, 3), simple(rng, 3, 2)
	tiny := stored{id: sid(4), traces: []Trace{{ID: tid(4)}}}
	works := map[string]func(v *Vault) error{
		"settle": func(v *Vault) error { _, err := tryWrite(v, "hold", fresh); return err },
		"merge":  func(v *Vault) error { return v.Merge(ctx, v.Mergeable(2, 1), nil) },
		"delete": func(v *Vault) error { return v.Delete(ctx, Targets{Sessions: []SessionID{other.id}}) },
		"move":   func(v *Vault) error { return v.Move(ctx, []SessionID{kept.id}, "evidence", nil) },
		"expire": func(v *Vault) error { _, err := v.Expire(ctx, other.expires, nil); return err },
		"sweep":  func(v *Vault) error { return v.Sweep(ctx) },
	}
	part := func(s stored, from, to int) stored { s.traces = s.traces[from:to]; return s }
	kept.expires = kept.expires.AddDate(1, 0, 0)
	for name, work := range works {
		t.Run(name, func(t *testing.T) {
			hits := 0
			for _, op := range []durable.Op{durable.OpCreate, durable.OpWrite, durable.OpSync, durable.OpClose, durable.OpRename,
				durable.OpSyncDir, durable.OpRemove, durable.OpMkdirAll, durable.OpOpen, durable.OpRead, durable.OpReadDir} {
				for _, effect := range []durable.Effect{durable.Nothing, durable.Half, durable.Whole} {
					for _, times := range []int{1, -1} {
						for nth := 1; ; nth++ {
							disk := newMem()
							faulty := durable.NewFaulty(disk)
							v := openVault(t, faulty)
							write(t, v, "hold", kept, part(other, 0, 1))
							write(t, v, "hold", tiny, part(other, 1, 3)) // nearly all of which expires with the other
							before := faulty.Calls(op)
							fault := errBoom
							if op == durable.OpWrite {
								fault = syscall.ENOSPC
							}
							faulty.Add(durable.Rule{Op: op, Nth: nth, Times: times, Err: fault, Effect: effect})
							err := work(v)
							reached := faulty.Calls(op)-before >= nth
							faulty.Clear()
							where := fmt.Sprintf("%s call %d, effect %d, %d times", op, nth, effect, times)
							if err != nil && !errors.Is(err, fault) {
								t.Fatalf("%s: got %v, want nil or the fault", where, err)
							}
							if reached && err != nil {
								hits++
							}
							afterFault(t, where, v, kept, other, name, err)
							v = openVault(t, faulty)
							afterFault(t, where, v, kept, other, name, err)
							if err := work(v); err != nil {
								t.Fatalf("%s: once more: got %v, want nil", where, err)
							}
							afterFault(t, where, v, kept, other, name, nil)
							wantSound(t, v)
							wantTidy(t, v)
							if t.Failed() || !reached {
								break
							}
						}
					}
				}
			}
			if hits == 0 && name != "sweep" {
				t.Error("no fault was ever met")
			}
		})
	}
}

// afterFault checks what must hold after work that ended with err.
func afterFault(t *testing.T, where string, v *Vault, kept, other stored, work string, err error) {
	t.Helper()
	got, loadErr := v.Load(ctx, kept.id)
	if diff := tracesDiffer(got, kept.traces); diff != "" || loadErr != nil {
		t.Errorf("%s: a session that must be there: %s, %v", where, diff, loadErr)
	}
	got, loadErr = v.Load(ctx, other.id)
	diff := tracesDiffer(got, other.traces)
	switch {
	case loadErr != nil:
		t.Errorf("%s: load: got %v, want nil", where, loadErr)
	case work == "delete" && err == nil && len(got) > 0:
		t.Errorf("%s: got %d traces, want none after the deletion", where, len(got))
	case work == "expire" && err == nil && len(got) > 1: // the first stands in a block of which most lives on
		t.Errorf("%s: got %d traces, want at most 1 after the expiry", where, len(got))
	case work == "delete" && diff != "" && len(got) > 0, work != "delete" && work != "expire" && diff != "":
		t.Errorf("%s: the other session: %s", where, diff)
	}
}
