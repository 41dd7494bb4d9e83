package vault

import (
	"context"
	"errors"
	"slices"
)

// rewriting says what is left out when blocks are rewritten, and how.
type rewriting struct {
	class  string // of the new blocks; empty is that of the first old one
	until  Until  // when a session expires; nil: as it was written
	expire int64  // sessions that expire at or before are left out, ns; 0: none
	level  uint64 // of the new blocks
	damage damagePolicy
	lost   *damages // where damage is listed that did not stop it; may be nil
}

// damagePolicy says what becomes of chunks that cannot be read when their block is rewritten.
type damagePolicy uint8

const (
	refuse damagePolicy = iota // nothing is rewritten, so that what may be saved by hand stays
	lose                       // they are left out: deletion must not stop at what nobody can read
)

// rewrite makes new blocks of old ones of one class and puts them in their place: the parts of a session, which may
// stand in several, behind one another; without what is dead. It reads each old block from front to back if its sessions
// stand in their Order, and holds a chunk and the directories in memory: some 200 bytes a session of the old blocks, 60 a
// trace of the new ones.
//
// Requires: working is held.
func (v *Vault) rewrite(ctx context.Context, old []*reader, how rewriting) error {
	if err := v.usable(); err != nil {
		return err
	}
	id, _, err := v.newID()
	if err != nil {
		return err
	}
	if how.class == "" {
		how.class = old[0].class
	}
	w := &rewriter{vault: v, rewriting: how, from: v.state.Load(), swap: id, packer: v.newPacker(v.cfg.Merged), open: map[int64]*writer{}}
	defer w.abort()
	if err := w.run(ctx, old); err != nil {
		return errors.Join(err, w.discard(ctx))
	}
	if err := v.replace(ctx, id, w.from, w.done, old); err != nil {
		if now := v.state.Load(); len(w.done) > 0 && now.block(w.done[0].id) == nil && v.usable() == nil {
			err = errors.Join(err, w.discard(ctx))
		}
		return err
	}
	return nil
}

// rewriter is one rewriting under way.
type rewriter struct {
	rewriting
	vault  *Vault
	from   *state
	swap   BlockID
	packer *packer           // shared by the writers: one session is open at a time
	chunk  chunk             // shared by the readers: one is decoded at a time
	open   map[int64]*writer // blocks being written, by expiry step
	done   []*reader
	broken damages

	// What was settled twice is found by hashes of the bytes, but only for traces that stand in more than one place.
	twice  map[TraceID]bool
	unsure bool // an index was damaged: every trace may
}

func (w *rewriter) run(ctx context.Context, old []*reader) error {
	sources, err := w.sources(ctx, old)
	if err != nil {
		return err
	}
	if err := w.findTwice(ctx, old); err != nil {
		return err
	}
	for len(sources) > 0 {
		n := 1
		for n < len(sources) && sources[n].session == sources[0].session {
			n++
		}
		if err := w.session(ctx, sources[:n]); err != nil {
			return err
		}
		sources = sources[n:]
	}
	if w.lost != nil {
		*w.lost = w.broken
	}
	for step := range w.open {
		if err := w.finish(step); err != nil {
			return err
		}
	}
	return nil
}

// session writes one session, all of its parts.
func (w *rewriter) session(ctx context.Context, parts []source) error {
	id := parts[0].session
	parts = slices.DeleteFunc(parts, func(s source) bool { return sessionDead(w.from.graves[s.in.r.id], id) })
	if len(parts) == 0 {
		return nil
	}
	expires := parts[0].record.expires
	for _, s := range parts {
		expires = max(expires, s.record.expires)
	}
	if w.until != nil {
		expires = expiryNanos(w.until(w.class, id, fromNanos(expires)))
	}
	if w.expire != 0 && expires <= w.expire {
		return nil
	}
	to, err := w.writer(ctx, expires)
	if err != nil {
		return err
	}
	if err := to.session(id, expires); err != nil {
		return err
	}
	seen := partSet{}
	for _, s := range parts {
		if err := w.copy(ctx, s, to, seen); err != nil {
			return err
		}
	}
	if err := to.endSession(); err != nil {
		return err
	}
	if to.full(w.vault.cfg.BlockBytes) {
		return w.finish(w.step(expires))
	}
	return nil
}

// copy writes one part of a session. What was settled twice, as after a crash, is written once.
func (w *rewriter) copy(ctx context.Context, s source, to *writer, seen partSet) error {
	graves := w.from.graves[s.in.r.id]
	s.in.in, s.in.session, s.in.found = s.record.unit, s.session, nil
	err := s.in.each(ctx, func(c *chunk) error {
		if c.session != s.session {
			s.in.damaged(c.at.off, c.at.len, errors.New("chunk of another session"))
			return nil
		}
		for i := range c.traces {
			t := &c.traces[i]
			had := len(t.Parts)
			if traceDead(graves, s.session.Tenant, t.ID) || w.mayRepeat(t.ID) && !seen.fresh(s.session.Tenant, t) && had > 0 {
				continue
			}
			if err := to.trace(s.session.Tenant, t); err != nil {
				return err
			}
		}
		return nil
	})
	w.broken = append(w.broken, s.in.found...)
	if err == nil && len(s.in.found) > 0 && w.damage == refuse {
		return s.in.found.err()
	}
	return err
}

// step numbers the time in which expires falls, so that blocks are filled with what expires together.
func (w *rewriter) step(expires int64) int64 {
	if expires == forever {
		return forever
	}
	return expires / int64(w.vault.cfg.ExpiryStep)
}

// writer gives the block that a session goes into.
func (w *rewriter) writer(ctx context.Context, expires int64) (*writer, error) {
	step := w.step(expires)
	if to := w.open[step]; to != nil {
		return to, nil
	}
	id, created, err := w.vault.newID()
	if err != nil {
		return nil, err
	}
	to, err := newWriter(ctx, w.vault.cfg.Bucket, id, w.swap, created, w.class, w.packer)
	if err != nil {
		return nil, err
	}
	to.footer.level = w.level
	w.open[step] = to
	return to, nil
}

// finish commits the block of a step. It is not alive before its swap is.
func (w *rewriter) finish(step int64) error {
	r, err := w.vault.finish(w.open[step])
	delete(w.open, step)
	if r != nil {
		w.done = append(w.done, r)
	}
	return err
}

func (w *rewriter) abort() {
	for _, to := range w.open {
		to.abort()
	}
}

// discard removes finished blocks that will not become alive.
func (w *rewriter) discard(ctx context.Context) error {
	w.vault.mu.Lock()
	for _, r := range w.done {
		w.vault.garbage[r.id.object()] = true
	}
	w.vault.mu.Unlock()
	return w.vault.clean(context.WithoutCancel(ctx))
}
