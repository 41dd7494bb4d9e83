package vault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// age is what is known of a block's dying, besides what its footer says.
type age struct {
	dead  int64 // bytes of sessions that are expired or in a grave, as last counted
	check int64 // when more than half will be dead, counting sessions whose windows were prolonged; 0: as in the footer
	due   bool  // something was buried since it was last counted, or Recheck was called
}

// Expired says what Expire has done.
type Expired struct {
	DroppedN   int   // blocks deleted whole
	RewrittenN int   // blocks of which more than half was dead
	SessionsN  int   // sessions that went
	Bytes      int64 // stored bytes that went
}

// Expire removes what has expired by now: a block at once when all of its sessions have, and by rewriting it when more
// than half of its bytes have, or were released. Until is asked about the sessions of such blocks only. A block that is
// damaged is dropped when all of it has expired, and is left alone until then.
func (v *Vault) Expire(ctx context.Context, now time.Time, until Until) (done Expired, err error) {
	release, err := acquire(ctx, v.working)
	if err != nil {
		return done, err
	}
	defer release()
	if err := v.usable(); err != nil {
		return done, err
	}
	var faults []error
	for _, r := range v.state.Load().blocks {
		if !v.expiryDue(r, now.UnixNano()) {
			continue
		}
		err := v.expireBlock(ctx, r, now.UnixNano(), until, &done)
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		if err != nil && !errors.Is(err, errOvertaken) {
			faults = append(faults, fmt.Errorf("expire block %v: %w", r.id, err))
		}
	}
	return done, errors.Join(faults...)
}

// Recheck makes the next Expire look at blocks that it would leave alone by what was written: when windows were shortened, as
// for want of room. Blocks that are not alive are passed over.
func (v *Vault) Recheck(blocks []BlockID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.state.Load()
	for _, id := range blocks {
		if s.block(id) != nil {
			a := v.ages[id]
			a.due = true
			v.ages[id] = a
		}
	}
}

// expiryDue says whether it is worth looking at a block's sessions.
func (v *Vault) expiryDue(r *reader, now int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	a := v.ages[r.id]
	if a.check == 0 {
		a.check = r.expiresHalf
	}
	return a.due || now >= a.check && a.check != forever
}

func (v *Vault) expireBlock(ctx context.Context, r *reader, now int64, until Until, done *Expired) error {
	s := v.state.Load()
	records, ids, err := r.allSessions(ctx)
	damaged := errors.Is(err, ErrDamaged)
	if damaged {
		records, ids, _, err = r.scanSessions(ctx)
	}
	if err != nil {
		return err
	}
	var dead, all int64
	var deadN int
	ends := make([]int64, len(records))
	for i, record := range records {
		ends[i] = record.expires
		if until != nil {
			ends[i] = expiryNanos(until(r.class, ids[i], fromNanos(record.expires)))
		}
		if sessionDead(s.graves[r.id], ids[i]) {
			ends[i] = noTime
		}
		all += record.unit.len
		if ends[i] <= now {
			dead += record.unit.len
			deadN++
		}
	}
	_, half, _ := expiries(records, func(i int) int64 { return ends[i] })
	switch {
	case damaged && (deadN < len(records) || now < r.expiresLast):
		v.setAge(r, s, age{dead: dead, check: max(r.expiresLast, half)})
	case deadN == len(records):
		if err := v.replace(ctx, BlockID{}, s, nil, []*reader{r}); err != nil {
			return err
		}
		done.DroppedN++
		done.Bytes += r.bytes
		done.SessionsN += deadN
	case 2*dead > all:
		if err := v.rewrite(ctx, []*reader{r}, rewriting{until: until, expire: now, level: r.level}); err != nil {
			return err
		}
		done.RewrittenN++
		done.Bytes += dead
		done.SessionsN += deadN
	default:
		v.setAge(r, s, age{dead: dead, check: half})
	}
	return nil
}

// setAge notes what was counted, unless more was buried meanwhile.
func (v *Vault) setAge(r *reader, counted *state, a age) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.state.Load()
	if now.block(r.id) == nil {
		return
	}
	a.due = len(now.graves[r.id]) != len(counted.graves[r.id])
	v.ages[r.id] = a
}
