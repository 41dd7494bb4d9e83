package vault

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"slices"
	"time"
)

// Read hands out what was found, block by block and in the order in which it stands there. A trace may come in fragments;
// the same bytes by the same route, found in two blocks, come once. Blocks that were replaced meanwhile are looked up
// again. What is handed out is good until each returns, whose error ends it.
//
// With an error that matches ErrDamaged everything that can be read was handed out, and the error says what cannot. The
// spans of a trace that stands in two blocks, one of them damaged, may then be counted twice in SpansN.
func (v *Vault) Read(ctx context.Context, found []Found, each func(SessionID, *Trace) error) error {
	var bad damages
	seen := partSet{}
	for attempt := 0; ; attempt++ {
		var gone []Found
		s := v.state.Load()
		for _, f := range found {
			err := s.read(ctx, f, seen, &bad, each)
			switch {
			case errors.Is(err, errGone) || errors.Is(err, fs.ErrNotExist):
				gone = append(gone, f)
			case err != nil:
				return err
			}
		}
		if len(gone) == 0 {
			return bad.err()
		}
		if attempt == maxRetries {
			return errBusy
		}
		var err error
		if found, err = v.findAgain(ctx, gone, s, &bad); err != nil {
			return err
		}
	}
}

// errGone says that what was found is not what is there any more.
var errGone = errors.New("block was replaced, or something was buried in it")

// findAgain looks up what was in blocks that are not there any more. A block that is missing although it is alive is
// damage.
func (v *Vault) findAgain(ctx context.Context, gone []Found, then *state, bad *damages) (found []Found, err error) {
	done := map[SessionID]map[TraceID]bool{}
	for _, f := range gone {
		if s := v.state.Load(); s == then && s.block(f.Block) != nil && len(s.graves[f.Block]) == f.gravesN {
			*bad = append(*bad, Damage{Block: f.Block, Session: f.Session, Reason: errors.New("object is missing")})
			continue
		}
		if done[f.Session][f.Trace] {
			continue
		}
		if done[f.Session] == nil {
			done[f.Session] = map[TraceID]bool{}
		}
		done[f.Session][f.Trace] = true
		var again []Found
		if f.Trace == (TraceID{}) {
			again, err = v.FindSession(ctx, f.Session)
		} else {
			again, err = v.FindTrace(ctx, f.Trace)
			again = slices.DeleteFunc(again, func(g Found) bool { return g.Session != f.Session })
		}
		var damaged *DamagedError
		if errors.As(err, &damaged) {
			*bad = append(*bad, damaged.Found...)
		} else if err != nil {
			return nil, err
		}
		found = append(found, again...)
	}
	return found, nil
}

// read hands out one find.
func (s *state) read(ctx context.Context, f Found, seen partSet, bad *damages, each func(SessionID, *Trace) error) error {
	r := s.block(f.Block)
	if r == nil {
		return errGone
	}
	graves := s.graves[f.Block]
	if len(graves) != f.gravesN {
		return errGone // what was buried since may have been moved to a block that was not found
	}
	in := chunks{r: r, in: f.chunks, ahead: readAhead, session: f.Session}
	err := in.each(ctx, func(c *chunk) error {
		if c.session != f.Session {
			in.damaged(c.at.off, c.at.len, fmt.Errorf("chunk of another session where one of %v should be", f.Session))
			return nil
		}
		for i := range c.traces {
			t := &c.traces[i]
			if f.Trace != (TraceID{}) && t.ID != f.Trace || traceDead(graves, f.Session.Tenant, t.ID) {
				continue
			}
			if had := len(t.Parts); !seen.fresh(f.Session.Tenant, t) && had > 0 {
				continue
			}
			if err := each(f.Session, t); err != nil {
				return err
			}
		}
		return nil
	})
	*bad = append(*bad, in.found...)
	return err
}

// partSet knows the parts that were handed out. Two different parts pass for one if they are of one trace and of equal
// length, and a hash of 64 bits agrees whose seed nobody outside this process knows.
type partSet map[partKey]struct{}

type partKey struct {
	tenant      string
	trace       TraceID
	size        int
	body, route uint64
}

var partSeed = maphash.MakeSeed()

// fresh leaves t with those of its parts that were not there before, notes them, and tells whether there are any. A
// trace that loses parts keeps its other fields as they are.
func (p partSet) fresh(tenant string, t *Trace) bool {
	t.Parts = slices.DeleteFunc(t.Parts, func(part Part) bool {
		k := partKey{tenant, t.ID, len(part.Body), maphash.Bytes(partSeed, part.Body), maphash.Bytes(partSeed, part.Route)}
		_, had := p[k]
		p[k] = struct{}{}
		return had
	})
	return len(t.Parts) > 0
}

// Load reads a whole session into memory: its traces in the order of their starts, fragments of one put together. A
// session that is not there has no traces. Errors are as those of Read.
func (v *Vault) Load(ctx context.Context, id SessionID) ([]Trace, error) {
	found, err := v.FindSession(ctx, id)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	var all []*Trace
	at := map[TraceID]*Trace{}
	readErr := v.Read(ctx, found, func(_ SessionID, t *Trace) error {
		if at[t.ID] == nil {
			at[t.ID] = &Trace{ID: t.ID}
			all = append(all, at[t.ID])
		}
		at[t.ID].absorb(t)
		return nil
	})
	slices.SortStableFunc(all, func(a, b *Trace) int { return a.Start.Compare(b.Start) })
	traces := make([]Trace, len(all))
	for i, t := range all {
		traces[i] = *t
	}
	return traces, joinDamage(err, readErr)
}

// joinDamage makes one error of two, either of which may be nil.
func joinDamage(a, b error) error {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return errors.Join(a, b)
}

// absorb adds a fragment, copying its bytes.
func (t *Trace) absorb(f *Trace) {
	if t.Start.IsZero() || !f.Start.IsZero() && f.Start.Before(t.Start) {
		t.Start = f.Start
	}
	t.End = later(t.End, f.End)
	t.SpansN += f.SpansN
	if len(t.Meta) == 0 && len(f.Meta) > 0 {
		t.Meta = slices.Clone(f.Meta)
	}
	for _, n := range f.Names {
		if !slices.Contains(t.Names, n) {
			t.Names = append(t.Names, n)
		}
	}
	for _, p := range f.Parts {
		t.Parts = append(t.Parts, Part{Route: slices.Clone(p.Route), Body: slices.Clone(p.Body)})
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
