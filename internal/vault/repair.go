package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Repair rewrites a damaged block with all that can be read of it, also one whose footer is gone; the rest is lost for
// good, and listed in the error, which then matches ErrDamaged although the work is done.
func (v *Vault) Repair(ctx context.Context, id BlockID) error {
	release, err := acquire(ctx, v.working)
	if err != nil {
		return err
	}
	defer release()
	r, err := v.damagedReader(ctx, id)
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	if r == nil {
		return nil
	}
	var lost damages
	if err := v.rewrite(ctx, []*reader{r}, rewriting{damage: lose, level: r.level, lost: &lost}); err != nil {
		return fmt.Errorf("repair block %v: %w", id, err)
	}
	return lost.err()
}

// damagedReader gives a reader of a block that is alive, or that could not be opened: then one that believes the header
// only, and takes all that follows for chunks. It gives none if there is nothing in the block that was ever alive.
func (v *Vault) damagedReader(ctx context.Context, id BlockID) (*reader, error) {
	if r := v.state.Load().block(id); r != nil {
		return r, nil
	}
	v.mu.Lock()
	size, known := v.unopened[id]
	v.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("block %v is neither alive nor damaged", id)
	}
	r := &reader{&footer{id: id}, v.cfg.Bucket, v.cache, size}
	head, err := r.read(ctx, extent{0, min(size, blockHeader+MaxIDBytes)})
	if err != nil {
		return nil, err
	}
	r.footer, err = parseBlockHeader(head)
	if err == nil && r.id != id {
		err = fmt.Errorf("header names block %v", r.id)
	}
	if err != nil {
		return nil, fmt.Errorf("block %v: neither footer nor header can be read: %w", id, err)
	}
	r.unitsEnd = size &^ (chunkAlign - 1)
	// Its tables are empty but for a session that is none: reading the index fails, and the chunks are looked at.
	r.heap = extent{0, 1}
	for i := range r.tables {
		r.tables[i].record = recordBytes[i]
	}
	r.tables[sessionRecords].n = 1
	if !v.revive(r) {
		return nil, v.clean(ctx)
	}
	return r, nil
}

// revive shows a block that could not be opened, less what was buried in it. One that belongs to a swap that was never
// committed is garbage instead.
func (v *Vault) revive(r *reader) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.unopened, r.id)
	v.damaged = slices.DeleteFunc(v.damaged, func(d Damage) bool { return d.Block == r.id })
	if !v.committedLocked(r) {
		v.garbage[r.id.object()] = true
		return false
	}
	v.changeLocked([]*reader{r}, nil)
	for _, g := range v.graves {
		if slices.Contains(g.blocks, r.id) {
			v.buryLocked(g, r.id)
		}
	}
	return true
}

// errIncomplete says that a block's index and its chunks do not agree.
var errIncomplete = errors.New("chunks hold less than the index says")

// Verified counts what Verify has read.
type Verified struct {
	BlocksN, SessionsN, TracesN, SpansN int
	Bytes                               int64 // of objects
}

// Verify reads every byte of every block that is alive, checks every checksum, unpacks every chunk and holds it against
// the index. Each damage is handed to report, with those that Open found. The error says that it could not go on.
func (v *Vault) Verify(ctx context.Context, report func(Damage)) (sum Verified, err error) {
	for _, d := range v.Damaged() {
		report(d)
	}
	for _, r := range v.state.Load().blocks {
		err := v.verifyBlock(ctx, r, report, &sum)
		if err != nil && ctx.Err() == nil && v.state.Load().block(r.id) == nil {
			continue // it was replaced meanwhile
		}
		if err != nil {
			return sum, fmt.Errorf("verify block %v: %w", r.id, err)
		}
	}
	return sum, nil
}

func (v *Vault) verifyBlock(ctx context.Context, r *reader, report func(Damage), sum *Verified) error {
	sum.BlocksN++
	sum.Bytes += r.bytes
	var found damages
	defer func() {
		for _, d := range found {
			report(d)
		}
	}()
	if err := r.verifyIndex(ctx, &found); err != nil {
		return err
	}
	records, ids, err := r.allSessions(ctx)
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		// The index can no longer say whose chunks these are, so all of them are read as they stand.
		found = append(found, damaged.Found...)
		_, _, broken, err := r.scanSessions(ctx)
		found = append(found, broken...)
		return err
	}
	if err != nil {
		return err
	}
	in := chunks{r: r, ahead: readAhead, limit: r.unitsEnd}
	for i, record := range records {
		in.in, in.session = record.unit, ids[i]
		before := len(in.found)
		traces, spans := map[TraceID]bool{}, 0
		err := in.each(ctx, func(c *chunk) error {
			for _, t := range c.traces {
				traces[t.ID] = true
				spans += t.SpansN
			}
			if c.session != ids[i] {
				in.damaged(c.at.off, c.at.len, errors.New("chunk of another session"))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(in.found) == before && (len(traces) != int(record.tracesN) || spans != int(record.spansN)) {
			in.damaged(record.unit.off, record.unit.len, errIncomplete)
		}
		sum.SessionsN++
		sum.TracesN += len(traces)
		sum.SpansN += spans
	}
	found = append(found, in.found...)
	return nil
}

// verifyIndex checks header, tables and filters.
func (r *reader) verifyIndex(ctx context.Context, found *damages) error {
	head, err := r.read(ctx, extent{0, min(r.bytes, blockHeader+MaxIDBytes)})
	if err == nil {
		_, err = parseBlockHeader(head)
	}
	if err != nil {
		if !isDamage(err) {
			return err
		}
		*found = append(*found, Damage{Block: r.id, Reason: err})
	}
	parse := func(b []byte) error { _, err := parseTraceRecord(b, r.footer); return err }
	if err := r.eachRecord(ctx, r.tables[traceRecords], found, parse); err != nil {
		return err
	}
	for _, t := range r.tables[sessionIndex:] {
		if err := r.eachRecord(ctx, t, found, func([]byte) error { return nil }); err != nil {
			return err
		}
	}
	for _, f := range r.filters {
		for i := range f.pages {
			e := extent{f.off + int64(i)*f.stride(), f.stride()}
			p, err := r.read(ctx, e)
			if err == nil {
				_, err = checkPage(p, r.id, e.off)
			}
			if err != nil && !isDamage(err) {
				return err
			}
			if err != nil {
				*found = append(*found, Damage{Block: r.id, Offset: e.off, Bytes: e.len, Reason: err})
			}
		}
	}
	return nil
}
