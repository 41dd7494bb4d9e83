package sampler

import (
	"errors"
	"fmt"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// errMoved says that references are out of date: the spans were carried forward and their old segment is gone.
var errMoved = errors.New("spans have moved")

// errUnreadable says that bytes of the log are not what they were when they were acknowledged.
var errUnreadable = errors.New("spans cannot be read back")

// fetch reads one group from the log onto the end of into: the message bytes around its spans and the spans themselves,
// each verified by its hash. Spans that fail are left out. What it returns aliases into's memory.
func (e *Engine) fetch(g *group, refs []spanRef, into *Body) (got otlp.Group, kept []spanRef, err error) {
	around := [...]otlp.Range{g.resource, g.resourceSchema, g.scope, g.scopeSchema}
	ranges := make([]wal.Range, 0, len(around)+len(refs))
	for _, r := range around {
		ranges = append(ranges, wal.Range(r))
	}
	for _, ref := range refs {
		ranges = append(ranges, wal.Range(ref.Range))
	}
	start := len(into.buf)
	buf, err := e.log.ReadRanges(g.position, ranges, into.buf)
	if errors.Is(err, wal.ErrGone) {
		return got, nil, errMoved
	}
	if errors.Is(err, wal.ErrCorrupt) {
		return got, nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if err != nil {
		return got, nil, fmt.Errorf("read spans back: %w", err)
	}
	into.buf = buf
	rest := buf[start:]
	next := func(n uint32) []byte {
		p := rest[:n:n]
		rest = rest[n:]
		return p
	}
	for i, part := range [...]*[]byte{&got.Resource, &got.ResourceSchema, &got.Scope, &got.ScopeSchema} {
		*part = next(around[i].Len)
	}
	got.Spans, kept = make([][]byte, 0, len(refs)), make([]spanRef, 0, len(refs))
	for _, ref := range refs {
		span := next(ref.Len)
		if otlp.Hash(span) != ref.hash {
			err = fmt.Errorf("%w: span at %d of record %v does not match its hash", errUnreadable, ref.Off, g.position)
			continue
		}
		got.Spans, kept = append(got.Spans, span), append(kept, ref)
	}
	return got, kept, err
}

// rebuilt is a piece put back together. Whoever is done with it calls release, unless the memory has gone elsewhere.
type rebuilt struct {
	body    *Body    // one request; nil when nothing could be read
	origins []origin // of the spans in it, in order
	lost    []uint64 // hashes of the spans that could not be read back
}

func (r *rebuilt) release() {
	if r.body != nil {
		r.body.Release()
		r.body = nil
	}
}

// gapRoom is the least room for reading a piece back. Small spans of many traces stand between one another, and reading
// across a gap is cheaper than reading twice.
const gapRoom = 256 << 10

// rebuild reads a piece's spans from the log and puts them together as one request. Spans whose bytes are damaged are
// left out, counted and named in lost; the error then is errUnreadable. With errMoved the references are out of date.
// Any other error may pass: nothing is lost, and the caller tries again.
func (e *Engine) rebuild(p *piece) (r rebuilt, err error) {
	raw := e.bodies.get(int(max(2*p.bytes, gapRoom))) // what stands between the spans may be read along with them
	defer raw.Release()
	groups, r, err := e.gather(p, raw)
	if len(groups) > 0 {
		r.body = e.bodies.get(otlp.SizeRequest(groups))
		r.body.buf = otlp.AppendRequest(r.body.buf, groups)
	}
	return r, err
}

// gather reads a piece's spans from the log into raw. The groups refer to it.
func (e *Engine) gather(p *piece, raw *Body) (groups []otlp.Group, r rebuilt, err error) {
	groups = make([]otlp.Group, 0, len(p.groups))
	at := 0
	for i := range p.groups {
		g := &p.groups[i]
		refs := p.spans[at : at+int(g.spansN)]
		at += int(g.spansN)
		got, kept, fault := e.fetch(g, refs, raw)
		if fault != nil && !errors.Is(fault, errUnreadable) {
			return nil, rebuilt{}, fault
		}
		if fault != nil {
			r.lost = append(r.lost, missing(refs, kept)...)
			err = fault
		}
		if len(kept) > 0 {
			groups = append(groups, got)
			r.origins = append(r.origins, origin{g.origin, len(kept)})
		}
	}
	e.metrics.unreadable(len(r.lost))
	return groups, r, err
}

// missing returns the hashes of refs that are not among kept, which is refs with some left out.
func missing(refs, kept []spanRef) (hashes []uint64) {
	for _, ref := range refs {
		if len(kept) > 0 && kept[0] == ref {
			kept = kept[1:]
			continue
		}
		hashes = append(hashes, ref.hash)
	}
	return hashes
}

// refold reads a trace's spans from the log and folds its facts again, with the plan that t holds. Damaged spans are left
// out and reported; any other error says that the facts are not whole and the caller has to try again.
func (e *Engine) refold(t *trace, in *agent.Interner) error {
	var index otlp.Index
	return e.reread(t, "read a trace again before its verdict", func(r *rebuilt) error {
		if err := index.Walk(r.body.Bytes(), t.plan.Keys()); err != nil {
			return err
		}
		i := 0
		for _, o := range r.origins {
			for range o.spansN {
				t.plan.fold(t, &index, r.body.Bytes(), i, uint64(o.position), in)
				i++
			}
		}
		return nil
	})
}

// reread reads a trace's spans from the log, in the order in which they first came, and hands them to use a request at a
// time. Damaged spans are left out and reported as met while doing; any other error ends it.
func (e *Engine) reread(t *trace, doing string, use func(*rebuilt) error) error {
	groups, spans := inOrder(t)
	for _, p := range split(groups, spans, carriedBytes) {
		r, err := e.rebuild(&p)
		if err != nil && !errors.Is(err, errUnreadable) {
			return err
		}
		if err != nil {
			e.damage(doing, err)
		}
		if r.body == nil {
			continue
		}
		err = use(&r)
		r.release()
		if err != nil {
			return err
		}
	}
	return nil
}
