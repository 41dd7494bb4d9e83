package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Until says when a session expires in a class, given when the vault believes that it does; zero is never. It is called
// with many sessions one after the other, while nothing else can be merged, expired or deleted.
type Until func(class string, id SessionID, written time.Time) time.Time

// Merge makes one block, or a few full ones, of several of one class: every session that is in some of them is then in
// one, compressed as one. Sessions are put together that expire within one step; until says when, nil is as written. Sessions
// that are released are left out. A deletion that comes in between makes Merge give up without harm, with an error
// that Overtaken tells; damage in a block too, with ErrDamaged.
func (v *Vault) Merge(ctx context.Context, blocks []BlockID, until Until) error {
	release, err := acquire(ctx, v.working)
	if err != nil {
		return err
	}
	defer release()
	s := v.state.Load()
	var old []*reader
	var level uint64
	for _, id := range blocks {
		r := s.block(id)
		if r == nil {
			return fmt.Errorf("merge: block %v is not alive", id)
		}
		if slices.Contains(old, r) {
			return fmt.Errorf("merge: block %v is named twice", id)
		}
		old, level = append(old, r), max(level, r.level)
	}
	if len(old) == 0 {
		return nil
	}
	if err := v.rewrite(ctx, old, rewriting{until: until, level: level + 1}); err != nil {
		return fmt.Errorf("merge %d blocks: %w", len(old), err)
	}
	return nil
}

// Overtaken tells whether err says that a deletion came between. What it was that came to nothing may be tried again.
func Overtaken(err error) bool { return errors.Is(err, errOvertaken) }

// Mergeable proposes blocks to merge: the oldest n of one class and level, if there are that many; above level 0 only
// such as expire within one step. Levels from top on are left alone. With n blocks of each level merged into one, a span
// is rewritten as often as there are levels below top. Nil: nothing is worth it.
func (v *Vault) Mergeable(n int, top int) []BlockID {
	type kind struct {
		class string
		level uint64
		step  int64
	}
	groups := map[kind][]BlockID{}
	for _, r := range v.state.Load().blocks {
		if r.level >= uint64(max(top, 0)) || r.bytes > 4*v.cfg.BlockBytes && r.level > 0 {
			continue
		}
		k := kind{class: r.class, level: r.level}
		if r.level > 0 && r.expiresLast != forever {
			k.step = r.expiresLast / int64(v.cfg.ExpiryStep)
		} else if r.level > 0 {
			k.step = forever
		}
		groups[k] = append(groups[k], r.id)
		if len(groups[k]) == max(n, 2) {
			return groups[k]
		}
	}
	return nil
}
