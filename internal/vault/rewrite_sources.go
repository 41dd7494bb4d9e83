package vault

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// mergeAhead is how much of each old block is read at a time.
const mergeAhead = 1 << 20

// source is a part of a session in an old block.
type source struct {
	in      *chunks
	session SessionID
	record  sessionRecord
}

// findTwice notes the traces that stand in more than one place.
func (w *rewriter) findTwice(ctx context.Context, old []*reader) error {
	once := map[TraceID]bool{}
	w.twice = map[TraceID]bool{}
	var broken damages
	for _, r := range old {
		err := r.eachRecord(ctx, r.tables[traceRecords], &broken, func(b []byte) error {
			id := TraceID(b[:16])
			if once[id] {
				w.twice[id] = true
			}
			once[id] = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	w.unsure = w.unsure || len(broken) > 0
	return nil
}

func (w *rewriter) mayRepeat(id TraceID) bool { return w.unsure || w.twice[id] }

// sources lists the parts of all sessions, in the order in which they are written: session by session, and in time
// within each.
func (w *rewriter) sources(ctx context.Context, old []*reader) (all []source, err error) {
	for _, r := range old {
		if r.class != old[0].class {
			return nil, fmt.Errorf("rewrite blocks of class %q and %q together", old[0].class, r.class)
		}
		records, ids, err := r.allSessions(ctx)
		if errors.Is(err, ErrDamaged) && w.damage == lose {
			var broken damages
			records, ids, broken, err = r.scanSessions(ctx)
			w.broken, w.unsure = append(w.broken, broken...), true
		}
		if err != nil {
			return nil, err
		}
		// Each old block has one reader of chunks, whose window moves on as its sessions come up.
		in := &chunks{r: r, ahead: mergeAhead, limit: r.unitsEnd, c: &w.chunk}
		for i := range records {
			all = append(all, source{in, ids[i], records[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b source) int {
		return cmp.Or(cmp.Compare(a.record.hash, b.record.hash), compareIDs(a.session, b.session),
			cmp.Compare(a.record.first, b.record.first), bytes.Compare(a.in.r.id[:], b.in.r.id[:]),
			cmp.Compare(a.record.unit.off, b.record.unit.off))
	})
	return all, nil
}

func compareIDs(a, b SessionID) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
}
