package vault

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// model is what a vault holds, as simply as it can be said: of each trace, in which classes it certainly stands, and
// whether it may be seen. A trace must be seen while one of its classes has not expired for its session.
type model struct {
	now     time.Time
	traces  map[int]*modelTrace
	expires map[place]time.Time // zero is never
}

type modelTrace struct {
	session int
	trace   Trace
	copies  map[string]bool
	maybe   bool
}

type place struct {
	class   string
	session int
}

func newModel() *model {
	return &model{now: noon, traces: map[int]*modelTrace{}, expires: map[place]time.Time{}}
}

func (m *model) clone() *model {
	c := &model{now: m.now, traces: map[int]*modelTrace{}, expires: maps.Clone(m.expires)}
	for n, t := range m.traces {
		d := *t
		d.copies = maps.Clone(t.copies)
		c.traces[n] = &d
	}
	return c
}

func (m *model) expired(class string, session int) bool {
	at, ok := m.expires[place{class, session}]
	return ok && !at.IsZero() && !at.After(m.now)
}

func (m *model) must(t *modelTrace) bool {
	for class := range t.copies {
		if !m.expired(class, t.session) {
			return true
		}
	}
	return false
}

func (m *model) until(class string, id SessionID, written time.Time) time.Time {
	var n int
	fmt.Sscanf(id.Value, "conversation-%d", &n)
	if at, ok := m.expires[place{class, n}]; ok {
		return at
	}
	return written
}

// check holds a vault against the model. A trace that is seen is right in every byte, whatever else is wrong; with damage
// some that must be seen may be missing.
func (m *model) check(v *Vault, sessionsN int, damaged bool) error {
	seen := map[TraceID]bool{}
	for n := range sessionsN {
		got, err := v.Load(ctx, sid(n))
		if err != nil && !(damaged && errors.Is(err, ErrDamaged)) {
			return fmt.Errorf("load session %d: %w", n, err)
		}
		for _, g := range got {
			seen[g.ID] = true
			t := m.byID(g.ID)
			if t == nil || t.session != n || !t.maybe && len(t.copies) == 0 {
				return fmt.Errorf("session %d: trace %x is there and should not be", n, g.ID)
			}
			if diff := tracesDiffer([]Trace{g}, []Trace{t.trace}); diff != "" && !(damaged && partly(g, t.trace)) {
				return fmt.Errorf("session %d: %s", n, diff)
			}
		}
	}
	for n, t := range m.traces {
		if m.must(t) && !seen[t.trace.ID] && !damaged {
			return fmt.Errorf("session %d: trace %d is missing, in %v", t.session, n, slices.Collect(maps.Keys(t.copies)))
		}
		if n%7 != 0 || damaged {
			continue
		}
		for _, find := range []func() ([]Found, error){
			func() ([]Found, error) { return v.FindTrace(ctx, t.trace.ID) },
			func() ([]Found, error) { return v.FindName(ctx, "tenant", t.trace.Names[0]) },
		} {
			if found, err := find(); err != nil || (len(found) > 0) != seen[t.trace.ID] {
				return fmt.Errorf("find trace %d: got %d, %w, want found %v", n, len(found), err, seen[t.trace.ID])
			}
		}
	}
	return nil
}

func (m *model) byID(id TraceID) *modelTrace {
	for _, t := range m.traces {
		if t.trace.ID == id {
			return t
		}
	}
	return nil
}

// play is a vault and its model, changed together. Each operation says to the model what may become of it before it
// begins, and what has become of it when it succeeded.
type play struct {
	*model
	rng  *rand.Rand
	v    *Vault
	next int // trace
}

const sessionsInPlay = 6

var classes = []string{"hold", "debug", "evidence"}

func (p *play) step() (what string, err error) {
	switch p.rng.IntN(12) {
	case 0, 1, 2, 3:
		return "settle", p.settle()
	case 4, 5:
		return "merge", p.merge()
	case 6:
		p.now = p.now.Add(time.Duration(p.rng.IntN(30)) * time.Hour)
		_, err := p.v.Expire(ctx, p.now, p.until)
		return "expire", err
	case 7:
		return "delete", p.delete()
	case 8:
		return "move", p.move()
	case 9:
		return "sweep", p.v.Sweep(ctx)
	}
	return "settle again", p.again()
}

func (p *play) settle() error {
	class := classes[p.rng.IntN(2)]
	var all []stored
	numbers := map[int]*modelTrace{}
	for _, n := range p.rng.Perm(sessionsInPlay)[:1+p.rng.IntN(3)] {
		s := stored{sid(n), p.now.Add(time.Duration(1+p.rng.IntN(80)) * time.Hour), conversation(p.rng, p.next, 1+p.rng.IntN(3))}
		for i, t := range s.traces {
			numbers[p.next+i] = &modelTrace{session: n, trace: t, copies: map[string]bool{}, maybe: true}
		}
		if p.expired(class, n) {
			p.forget(class, n)
		}
		p.next += len(s.traces)
		all = append(all, s)
	}
	if p.rng.IntN(2) == 0 {
		slices.SortFunc(all, func(a, b stored) int { return int(a.id.Order()>>33) - int(b.id.Order()>>33) })
	}
	maps.Copy(p.traces, numbers)
	if _, err := tryWrite(p.v, class, all...); err != nil {
		return err
	}
	for _, t := range numbers {
		t.copies[class] = true
	}
	for _, s := range all {
		var n int
		fmt.Sscanf(s.id.Value, "conversation-%d", &n)
		at := place{class, n}
		if p.expires[at].Before(s.expires) {
			p.expires[at] = s.expires
		}
	}
	return nil
}

// forget says that what stands in a class is not certain any more: it had expired, and its session lives on.
func (p *play) forget(class string, session int) {
	for _, t := range p.traces {
		if t.session == session {
			delete(t.copies, class)
		}
	}
	delete(p.expires, place{class, session})
}

// again settles traces a second time, as after a crash.
func (p *play) again() error {
	n := p.rng.IntN(sessionsInPlay)
	s := stored{id: sid(n), expires: p.expires[place{"hold", n}]}
	for _, k := range slices.Sorted(maps.Keys(p.traces)) {
		if t := p.traces[k]; t.session == n && t.copies["hold"] && !p.expired("hold", n) && p.rng.IntN(2) == 0 {
			s.traces = append(s.traces, t.trace)
		}
	}
	_, err := tryWrite(p.v, "hold", s)
	return err
}

func (p *play) merge() error {
	blocks := p.v.Mergeable(2, 3)
	if p.rng.IntN(2) == 0 {
		blocks = nil
		class := classes[p.rng.IntN(3)]
		for _, b := range p.v.Blocks() {
			if b.Class == class && p.rng.IntN(3) > 0 {
				blocks = append(blocks, b.ID)
			}
		}
	}
	return p.v.Merge(ctx, blocks, p.until)
}

func (p *play) delete() error {
	var targets Targets
	var dead []*modelTrace
	if p.rng.IntN(2) == 0 {
		n := p.rng.IntN(sessionsInPlay)
		targets.Sessions = []SessionID{sid(n)}
		for _, t := range p.traces {
			if t.session == n {
				dead = append(dead, t)
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(p.traces)) {
		if t := p.traces[n]; n%11 == p.rng.IntN(11) {
			targets.Traces = append(targets.Traces, TraceTarget{"tenant", t.trace.ID})
			dead = append(dead, t)
		}
	}
	for _, t := range dead {
		t.maybe, t.copies = t.maybe || len(t.copies) > 0, map[string]bool{}
	}
	err := p.v.Delete(ctx, targets)
	if err == nil {
		for _, t := range dead {
			t.maybe = false
		}
	}
	return err
}

func (p *play) move() error {
	n := p.rng.IntN(sessionsInPlay)
	for _, t := range p.traces {
		if t.session == n && !p.must(t) {
			t.maybe, t.copies = t.maybe || len(t.copies) > 0, map[string]bool{}
		}
	}
	err := p.v.Move(ctx, []SessionID{sid(n)}, "evidence", nil)
	if err == nil {
		for _, t := range p.traces {
			if t.session == n && len(t.copies) > 0 {
				t.copies = map[string]bool{"evidence": true}
			}
		}
	}
	return err
}

func smallBlocks(c *Config) { c.BlockBytes, c.ChunkBytes = 20_000, 8_000 }

// TestModel_Random does random things to a vault, some of which fail half way, and holds it against the model after
// each: what was acknowledged is there, what was deleted is not, and no byte is another.
func TestModel_Random(t *testing.T) {
	rounds := 12
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			rng := seeded(t)
			disk := newMem()
			faulty := durable.NewFaulty(disk)
			p := &play{model: newModel(), rng: rng, v: openVault(t, faulty, smallBlocks)}
			for step := range 60 {
				failing := rng.IntN(4) == 0
				if failing {
					faulty.Add(randomRule(rng))
				}
				what, err := p.step()
				faulty.Clear()
				if err != nil && !errors.Is(err, errBoom) && !errors.Is(err, syscall.ENOSPC) && p.v.usable() == nil {
					t.Fatalf("step %d: %s: got %v, want nil or the fault", step, what, err)
				}
				if p.v.usable() != nil || rng.IntN(6) == 0 {
					p.v = openVault(t, faulty, smallBlocks)
				}
				if err := p.check(p.v, sessionsInPlay, false); err != nil {
					t.Fatalf("step %d: after %s: %v", step, what, err)
				}
				wantSound(t, p.v)
				if rng.IntN(5) == 0 {
					damageOne(t, p, disk)
				}
			}
			p.v = openVault(t, faulty, smallBlocks)
			if err := p.check(p.v, sessionsInPlay, false); err != nil {
				t.Fatalf("at the end: %v", err)
			}
			wantTidy(t, p.v)
		})
	}
}

// damageOne damages one block of a copy of the disk: what is read of it is right or it is missing.
func damageOne(t *testing.T, p *play, disk *durable.Mem) {
	t.Helper()
	copied := disk.CrashClone(mathrand.New(mathrand.NewSource(p.rng.Int64())))
	v := openVault(t, copied, smallBlocks)
	blocks := v.Blocks()
	if len(blocks) == 0 {
		return
	}
	b := blocks[p.rng.IntN(len(blocks))]
	raw := rawBlock(t, v, b.ID)
	at := p.rng.IntN(len(raw))
	must(t, Put(ctx, v.cfg.Bucket, b.ID.object(), bytes.NewReader(flipped(raw, at))))
	v = openVault(t, copied, smallBlocks)
	if err := p.check(v, sessionsInPlay, true); err != nil {
		t.Fatalf("byte %d of block %v damaged: %v", at, b.ID, err)
	}
	if err := v.Repair(ctx, b.ID); err != nil && !errors.Is(err, ErrDamaged) {
		t.Fatalf("byte %d of block %v damaged: repair: got %v, want nil or ErrDamaged", at, b.ID, err)
	}
	if err := p.check(v, sessionsInPlay, true); err != nil {
		t.Fatalf("byte %d of block %v damaged and repaired: %v", at, b.ID, err)
	}
	wantSound(t, v)
}

func randomRule(rng *rand.Rand) durable.Rule {
	ops := []durable.Op{durable.OpCreate, durable.OpWrite, durable.OpWrite, durable.OpSync, durable.OpRename, durable.OpSyncDir, durable.OpRemove, durable.OpClose}
	r := durable.Rule{Op: ops[rng.IntN(len(ops))], Nth: 1 + rng.IntN(6), Times: 1 + rng.IntN(2), Err: errBoom, Effect: durable.Effect(rng.IntN(3))}
	if r.Op == durable.OpWrite && rng.IntN(2) == 0 {
		r.Err = syscall.ENOSPC
	}
	return r
}

// wantTidy says that a vault that was opened and swept holds nothing that is not alive.
func wantTidy(t *testing.T, v *Vault) {
	t.Helper()
	must(t, v.Sweep(ctx))
	if got, want := len(objects(t, v, blockPrefix)), len(v.Blocks()); got != want {
		t.Errorf("blocks in the bucket: got %d, want the %d that are alive", got, want)
	}
	if swaps := objects(t, v, swapPrefix); len(swaps) > len(v.Blocks()) {
		t.Errorf("swaps: got %d for %d blocks", len(swaps), len(v.Blocks()))
	}
	for _, g := range v.graves {
		if g.erase {
			t.Errorf("graves: got one to erase after a sweep")
		}
	}
}
