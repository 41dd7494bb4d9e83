package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/sync/errgroup"
)

// openAtOnce is how many blocks are opened, or asked, at a time.
const openAtOnce = 8

// Open finds out what is alive in the bucket: it lists the objects, reads the footer of every block, and settles what a
// crash has left half done. It takes a read a block, and keeps about a kilobyte of each in memory. Blocks and small
// objects that are damaged are set aside and listed by Damaged. A block of a newer version makes it fail with ErrVersion.
func Open(ctx context.Context, cfg Config) (*Vault, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	v := &Vault{
		cfg: cfg, cache: newPageCache(cfg.CacheBytes),
		working: make(chan struct{}, 1), committing: make(chan struct{}, 1),
		swaps: map[BlockID]*swap{}, graves: map[BlockID]*grave{}, garbage: map[string]bool{}, ages: map[BlockID]age{},
		unopened: map[BlockID]int64{}, unreadable: map[BlockID]bool{},
	}
	v.state.Store(&state{graves: map[BlockID][]*grave{}})
	if err := v.load(ctx); err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return v, nil
}

// load reads the bucket. Requires: nobody else uses v yet.
func (v *Vault) load(ctx context.Context) error {
	if err := loadRecords(ctx, v, swapPrefix, decodeSwap, func(s *swap) { v.swaps[s.id] = s }); err != nil {
		return err
	}
	dead := map[BlockID]bool{}
	for _, s := range v.swaps {
		for _, id := range s.old {
			dead[id] = true
		}
	}
	blocks, err := v.loadBlocks(ctx, dead)
	if err != nil {
		return err
	}
	v.changeLocked(blocks, nil)
	err = loadRecords(ctx, v, gravePrefix, decodeGrave, func(g *grave) {
		v.buryLocked(g, g.blocks...)
	})
	if err != nil {
		return err
	}
	// What cannot be removed now is removed later; it is dead all the same.
	if err := v.clean(ctx); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// loadBlocks opens the blocks that are alive, and notes the others as garbage.
func (v *Vault) loadBlocks(ctx context.Context, dead map[BlockID]bool) (alive []*reader, err error) {
	objects, err := listAll(ctx, v.cfg.Bucket, blockPrefix)
	if err != nil {
		return nil, err
	}
	readers, faults := make([]*reader, len(objects)), make([]error, len(objects))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(openAtOnce)
	for i, o := range objects {
		id, ok := parseID(o.Name, blockPrefix)
		if !ok {
			faults[i] = errors.New("not the name of a block")
			continue
		}
		if dead[id] {
			v.garbage[o.Name] = true
			continue
		}
		group.Go(func() error {
			readers[i], faults[i] = openBlock(inner, v.cfg.Bucket, v.cache, id, o.Bytes)
			if faults[i] != nil && !isDamage(faults[i]) {
				return fmt.Errorf("block %v: %w", id, faults[i])
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, r := range readers {
		id, _ := parseID(objects[i].Name, blockPrefix)
		switch {
		case faults[i] != nil:
			v.unopened[id] = objects[i].Bytes
			v.damaged = append(v.damaged, Damage{Block: id, Bytes: objects[i].Bytes, Reason: faults[i]})
		case r == nil:
		case !v.committedLocked(r):
			v.garbage[objects[i].Name] = true
		default:
			alive = append(alive, r)
		}
	}
	return alive, nil
}

// committedLocked tells whether a block belongs to no swap, or to one that was committed.
//
// Requires: v.mu is held, or v is not shared yet.
func (v *Vault) committedLocked(r *reader) bool {
	return r.swap == (BlockID{}) || v.swaps[r.swap] != nil || v.unreadable[r.swap]
}

// loadRecords reads the small objects below prefix. One that is damaged is listed as such and stays.
func loadRecords[T any](ctx context.Context, v *Vault, prefix string, decode func([]byte) (T, error), use func(T)) error {
	objects, err := listAll(ctx, v.cfg.Bucket, prefix)
	if err != nil {
		return err
	}
	for _, o := range objects {
		id, ok := parseID(o.Name, prefix)
		raw := make([]byte, min(o.Bytes, maxRecordBytes))
		err := v.cfg.Bucket.ReadAt(ctx, o.Name, raw, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", o.Name, err)
		}
		record, err := decode(raw)
		switch {
		case errors.Is(err, ErrVersion):
			return fmt.Errorf("read %s: %w", o.Name, err)
		case err != nil || !ok:
			// That it is there commits a swap, even if nobody can read what it replaced.
			v.unreadable[id] = true
			v.damaged = append(v.damaged, Damage{Bytes: o.Bytes, Reason: fmt.Errorf("object %s: %w", o.Name, errors.Join(err, nameFault(ok)))})
		default:
			use(record)
		}
	}
	return nil
}

func nameFault(ok bool) error {
	if ok {
		return nil
	}
	return errors.New("not a name of ours")
}

// sortBlocks orders readers by age.
func sortBlocks(blocks []*reader) {
	slices.SortFunc(blocks, func(a, b *reader) int { return bytes.Compare(a.id[:], b.id[:]) })
}
