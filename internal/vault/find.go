package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Found is where a block holds spans of a session, or of one of its traces.
type Found struct {
	Block   BlockID
	Class   string
	Session SessionID
	Trace   TraceID   // zero: the session with all its traces
	Expires time.Time // as it was written; zero is never
	// Of what is in this block: the earliest start and the latest end, zero where none is known, and how much it is.
	First, Last     time.Time
	TracesN, SpansN int
	Bytes           int64 // as stored

	chunks  extent
	gravesN int // in the block when it was found
}

// FindSession gives the blocks that hold a session, the oldest first; none is no error. With an error that matches
// ErrDamaged, it gives what could be found in spite of it.
func (v *Vault) FindSession(ctx context.Context, id SessionID) ([]Found, error) {
	return v.find(ctx, lookup{
		index: sessionFilter, hash: id.Order(),
		match: eachOrdinal(func(ctx context.Context, r *reader, ordinal int) (f Found, ok bool, err error) {
			s, err := r.sessionRecord(ctx, ordinal)
			if err != nil || s.hash != id.Order() {
				return f, false, err
			}
			f, err = r.foundSession(ctx, s)
			return f, f.Session == id, err
		}),
		scan: func(c *chunk, _ *Trace) bool { return c.session == id },
	})
}

// FindTrace gives the blocks that hold spans of a trace, whatever its tenant, as FindSession does.
func (v *Vault) FindTrace(ctx context.Context, id TraceID) ([]Found, error) {
	return v.find(ctx, lookup{
		index: traceFilter, hash: traceHash(id), traces: true,
		match: eachOrdinal(func(ctx context.Context, r *reader, ordinal int) (f Found, ok bool, err error) {
			t, err := r.traceRecord(ctx, ordinal)
			if err != nil || t.id != id {
				return f, false, err
			}
			f, err = r.foundTrace(ctx, t)
			return f, true, err
		}),
		scan: func(_ *chunk, t *Trace) bool { return t.ID == id },
	})
}

// FindName gives the traces that carry a name within a tenant, as FindSession does. It reads each to be sure.
func (v *Vault) FindName(ctx context.Context, tenant string, name Name) ([]Found, error) {
	named := func(c *chunk, t *Trace) bool { return c.session.Tenant == tenant && slices.Contains(t.Names, name) }
	return v.find(ctx, lookup{
		index: nameFilter, hash: name.hash(tenant), traces: true,
		match: matchNamed(named),
		scan:  named,
	})
}

// matcher says what the records that an index proposes come to.
type matcher func(ctx context.Context, r *reader, ordinals []int) ([]Found, error)

func eachOrdinal(match func(ctx context.Context, r *reader, ordinal int) (Found, bool, error)) matcher {
	return func(ctx context.Context, r *reader, ordinals []int) (found []Found, err error) {
		for _, ordinal := range ordinals {
			f, ok, err := match(ctx, r, ordinal)
			if err != nil {
				return nil, err
			}
			if ok {
				found = append(found, f)
			}
		}
		return found, nil
	}
}

// matchNamed reads the proposed traces, each chunk once, and keeps those that are named.
func matchNamed(named func(c *chunk, t *Trace) bool) matcher {
	return func(ctx context.Context, r *reader, ordinals []int) (found []Found, err error) {
		read := map[extent]map[TraceID]bool{}
		for _, ordinal := range ordinals {
			t, err := r.traceRecord(ctx, ordinal)
			if err != nil {
				return nil, err
			}
			if read[t.chunks] == nil {
				read[t.chunks] = map[TraceID]bool{}
				s := chunks{r: r, in: t.chunks, ahead: readAhead}
				err := s.each(ctx, func(c *chunk) error {
					for i := range c.traces {
						read[t.chunks][c.traces[i].ID] = read[t.chunks][c.traces[i].ID] || named(c, &c.traces[i])
					}
					return nil
				})
				if err = errors.Join(err, s.found.err()); err != nil {
					return nil, err
				}
			}
			if !read[t.chunks][t.id] {
				continue
			}
			f, err := r.foundTrace(ctx, t)
			if err != nil {
				return nil, err
			}
			found = append(found, f)
		}
		return found, nil
	}
}

func (r *reader) foundSession(ctx context.Context, s sessionRecord) (Found, error) {
	id, err := r.sessionID(ctx, s)
	return Found{
		Block: r.id, Class: r.class, Session: id, Expires: fromNanos(s.expires),
		First: fromNanos(s.first), Last: fromNanos(s.last), TracesN: int(s.tracesN), SpansN: int(s.spansN),
		Bytes: s.unit.len, chunks: s.unit,
	}, err
}

func (r *reader) foundTrace(ctx context.Context, t traceRecord) (Found, error) {
	s, err := r.sessionRecord(ctx, int(t.session))
	if err != nil {
		return Found{}, err
	}
	f, err := r.foundSession(ctx, s)
	f.Trace, f.TracesN, f.SpansN, f.First, f.chunks = t.id, 1, int(t.spansN), fromNanos(t.start), t.chunks
	f.Bytes = t.chunks.len
	return f, err
}

// lookup is one question to all blocks.
type lookup struct {
	index int // which of the indexes
	hash  uint64
	match matcher
	// scan tells whether a trace is one of those asked for, where the index cannot be read and the block is read whole.
	scan   func(c *chunk, t *Trace) bool
	traces bool // single traces are asked for, not sessions
}

// find asks every block. A block that is replaced meanwhile is answered for by its successors.
func (v *Vault) find(ctx context.Context, q lookup) ([]Found, error) {
	for range maxRetries {
		s := v.state.Load()
		found, err := q.ask(ctx, s)
		if !errors.Is(err, fs.ErrNotExist) || v.state.Load() == s {
			return found, err
		}
	}
	return nil, errBusy
}

// maxRetries is how often a look-up begins again because blocks were replaced while it ran.
const maxRetries = 10

var errBusy = errors.New("look up: blocks are replaced faster than they are read")

func (q *lookup) ask(ctx context.Context, s *state) (all []Found, err error) {
	found, broken := make([][]Found, len(s.blocks)), make([]damages, len(s.blocks))
	ask := func(ctx context.Context, i int) error {
		var err error
		found[i], broken[i], err = q.askBlock(ctx, s.blocks[i])
		if errors.Is(err, fs.ErrNotExist) {
			broken[i], err = append(broken[i], Damage{Block: s.blocks[i].id, Bytes: s.blocks[i].bytes, Reason: err}), nil
		}
		graves := s.graves[s.blocks[i].id]
		found[i] = slices.DeleteFunc(found[i], func(f Found) bool {
			return sessionDead(graves, f.Session) || f.Trace != (TraceID{}) && traceDead(graves, f.Session.Tenant, f.Trace)
		})
		for j := range found[i] {
			found[i][j].gravesN = len(graves)
		}
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	for worker := range min(openAtOnce, len(s.blocks)) {
		group.Go(func() error {
			for i := worker; i < len(s.blocks); i += openAtOnce {
				if err := ask(inner, i); err != nil {
					return fmt.Errorf("look up in block %v: %w", s.blocks[i].id, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var bad damages
	for i := range found {
		all, bad = append(all, found[i]...), append(bad, broken[i]...)
	}
	return all, bad.err()
}

// askBlock asks one block: its index, or if that is damaged the block itself.
func (q *lookup) askBlock(ctx context.Context, r *reader) (found []Found, broken damages, err error) {
	ordinals, err := r.lookUp(ctx, q.index, q.hash)
	if err == nil {
		found, err = q.match(ctx, r, ordinals)
	}
	if !isDamage(err) {
		return found, nil, err
	}
	broken = damages{{Block: r.id, Reason: err}}
	found, more, err := q.scanBlock(ctx, r)
	return found, append(broken, more...), err
}

// scanBlock reads a whole block, where the index cannot be believed.
func (q *lookup) scanBlock(ctx context.Context, r *reader) (found []Found, broken damages, err error) {
	s := chunks{r: r, in: r.units(), ahead: readAhead}
	err = s.each(ctx, func(c *chunk) error {
		for i := range c.traces {
			t := &c.traces[i]
			if !q.scan(c, t) {
				continue
			}
			f := Found{
				Block: r.id, Class: r.class, Session: c.session, Expires: fromNanos(c.expires),
				First: t.Start, Last: t.End, TracesN: 1, SpansN: t.SpansN, Bytes: c.at.len, chunks: c.at,
			}
			if q.traces {
				f.Trace = t.ID
				found = append(found, f)
				continue
			}
			f.TracesN, f.SpansN = len(c.traces), 0
			for _, t := range c.traces {
				f.SpansN += t.SpansN
			}
			found = append(found, f)
			break
		}
		return nil
	})
	return found, s.found, err
}

// units is the part of the block that holds chunks.
func (r *reader) units() extent {
	from := (blockHeader + int64(len(r.class)) + chunkAlign - 1) &^ (chunkAlign - 1)
	return extent{from, max(r.unitsEnd-from, 0)}
}
