package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// Targets is what to delete: whole sessions, and single traces of a tenant.
type Targets struct {
	Sessions []SessionID
	Traces   []TraceTarget
}

// TraceTarget names a trace within its tenant.
type TraceTarget struct {
	Tenant string
	ID     TraceID
}

// Delete erases sessions and traces from every block that has them now. Its first step is a durable note: when that has
// succeeded they are no longer found, also after a crash, and Sweep finishes the work if Delete could not. When Delete
// returns nil, no object of the bucket holds any byte of them; a block that cannot be opened makes it fail with ErrDamaged
// when all others are done. Blocks that are finished while it runs are not looked at:
// whoever writes those has to leave the targets out.
func (v *Vault) Delete(ctx context.Context, targets Targets) error {
	dead := map[digest]struct{}{}
	for _, s := range targets.Sessions {
		dead[sessionDigest(s)] = struct{}{}
	}
	for _, t := range targets.Traces {
		dead[traceDigest(t.Tenant, t.ID)] = struct{}{}
	}
	where := func(ctx context.Context) (map[BlockID]bool, error) { return v.blocksOf(ctx, targets) }
	if err := v.dig(ctx, dead, true, where); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if err := v.Sweep(ctx); err != nil {
		return err
	}
	// A block that cannot be opened may hold anything.
	v.mu.Lock()
	defer v.mu.Unlock()
	var bad damages
	for id, size := range v.unopened {
		bad = append(bad, Damage{Block: id, Bytes: size, Reason: errors.New("block cannot be opened, so nothing was deleted from it: repair it")})
	}
	return bad.err()
}

// Release declares what was found as dead where it was found: it is not shown any more, and its bytes go when the block
// is rewritten or expires. It is for sessions that were copied to another block.
func (v *Vault) Release(ctx context.Context, found []Found) error {
	dead, blocks := map[digest]struct{}{}, map[BlockID]bool{}
	for _, f := range found {
		blocks[f.Block] = true
		if f.Trace == (TraceID{}) {
			dead[sessionDigest(f.Session)] = struct{}{}
		} else {
			dead[traceDigest(f.Session.Tenant, f.Trace)] = struct{}{}
		}
	}
	err := v.dig(ctx, dead, false, func(context.Context) (map[BlockID]bool, error) { return blocks, nil })
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// dig makes a grave in the blocks that where names, durably, and shows the state with it.
func (v *Vault) dig(ctx context.Context, dead map[digest]struct{}, erase bool, where func(context.Context) (map[BlockID]bool, error)) error {
	if len(dead) > maxTargetsInRecord {
		return fmt.Errorf("%d sessions and traces at once: the limit is %d", len(dead), maxTargetsInRecord)
	}
	// No swap may be committed between finding the blocks and the grave: the dead would walk in its new blocks.
	release, err := acquire(ctx, v.committing)
	if err != nil {
		return err
	}
	defer release()
	if err := v.usable(); err != nil {
		return err
	}
	blocks, err := where(ctx)
	if err != nil {
		return err
	}
	g := &grave{erase: erase, dead: dead}
	s := v.state.Load()
	for id := range blocks {
		if s.block(id) != nil {
			g.blocks = append(g.blocks, id)
		}
	}
	if len(g.blocks) == 0 {
		return nil
	}
	slices.SortFunc(g.blocks, func(a, b BlockID) int { return bytes.Compare(a[:], b[:]) })
	if g.id, _, err = v.newID(); err != nil {
		return err
	}
	// Commit point: from here on the dead are dead, here and for every later Open.
	if err := v.commit(ctx, g.object(), g.encode()); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buryLocked(g, g.blocks...)
	return nil
}

// buryLocked publishes a state with a grave in those of the blocks that are alive.
//
// Requires: v.mu is held.
func (v *Vault) buryLocked(g *grave, blocks ...BlockID) {
	v.graves[g.id] = g
	old := v.state.Load()
	next := &state{blocks: old.blocks, graves: maps.Clone(old.graves)}
	for _, id := range blocks {
		if old.block(id) == nil {
			continue
		}
		next.graves[id] = append(slices.Clip(next.graves[id]), g)
		a := v.ages[id]
		a.due = true
		v.ages[id] = a
	}
	v.state.Store(next)
}

// blocksOf gives the blocks that hold some of the targets. A block whose index is damaged is searched whole.
func (v *Vault) blocksOf(ctx context.Context, targets Targets) (map[BlockID]bool, error) {
	blocks := map[BlockID]bool{}
	note := func(found []Found, err error) error {
		for _, f := range found {
			blocks[f.Block] = true
		}
		if errors.Is(err, ErrDamaged) {
			return nil // what could not be read cannot be handed out either
		}
		return err
	}
	for _, s := range targets.Sessions {
		if err := note(v.FindSession(ctx, s)); err != nil {
			return nil, err
		}
	}
	for _, t := range targets.Traces {
		found, err := v.FindTrace(ctx, t.ID)
		found = slices.DeleteFunc(found, func(f Found) bool { return f.Session.Tenant != t.Tenant })
		if err := note(found, err); err != nil {
			return nil, err
		}
	}
	return blocks, nil
}

// Sweep rewrites every block in which Delete left something, and removes what is dead from the bucket. It is safe to
// repeat, and is to be called once after Open.
func (v *Vault) Sweep(ctx context.Context) error {
	release, err := acquire(ctx, v.working)
	if err != nil {
		return err
	}
	defer release()
	for {
		r := v.nextToErase()
		if r == nil {
			return v.clean(ctx)
		}
		err := v.rewrite(ctx, []*reader{r}, rewriting{level: r.level, damage: lose})
		if errors.Is(err, fs.ErrNotExist) {
			err = v.replace(ctx, BlockID{}, v.state.Load(), nil, []*reader{r}) // somebody was quicker
		}
		if err != nil && !errors.Is(err, errOvertaken) {
			return fmt.Errorf("erase from block %v: %w", r.id, err)
		}
	}
}

// nextToErase gives a block with a grave that must be emptied.
func (v *Vault) nextToErase() *reader {
	s := v.state.Load()
	for _, r := range s.blocks {
		if slices.ContainsFunc(s.graves[r.id], func(g *grave) bool { return g.erase }) {
			return r
		}
	}
	return nil
}
