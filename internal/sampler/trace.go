package sampler

import (
	"slices"
	"unsafe"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
	"github.com/tailwise/tailwise/internal/wal"
)

// phase is where a trace stands. A trace only ever moves down this list.
type phase uint8

const (
	open     phase = iota // spans are being gathered
	deciding              // its verdict is on the way into the log
	pending               // kept; the backend has not answered for all of it
	aside                 // kept; the backend refused it for good
)

// trace is what a shard knows of one trace: facts and references, never a span.
type trace struct {
	id      otlp.TraceID
	phase   phase
	rooted  bool   // a span without parent has come
	refold  bool   // facts are not those of plan: read the spans again before deciding
	queued  bool   // an export of it is under way
	early   bool   // decided before its deadline, at the bound of memory or of num_traces
	dropped bool   // decided so; it is about to be forgotten
	slot    int32  // place in the shard's deadlines; -1: none
	round   uint64 // the last round of folding that touched it

	first, last, deadline int64 // engine clock, Unix nanoseconds
	rootAt                int64 // when its first root came, likewise; 0: none has

	abandoned string // why it is dropped without asking the policy; empty: it is not

	facts       *agent.Facts       // nil once decided
	fold        *tailsampling.Fold // what policies: have observed; nil where there are none, and once decided
	plan        *plan              // what facts and fold were folded with
	traceState  string             // of the earliest root, else of the earliest span that has one
	stateStart  uint64             // start of the span that traceState is from
	stateOfRoot bool               // that span is a root

	groups []group
	spans  []spanRef           // in the order of groups
	size   tally               // of groups and spans, in bytes, where it is bounded
	sent   []uint64            // hashes of spans that the backend has answered for
	hint   [8]uint64           // bits of the hashes of spans and sent: where one is unset, a hash is new
	seen   map[uint64]struct{} // hashes of spans and sent, once there are too many to scan
	memory int                 // bytes charged to the shard for this trace

	decision *decision    // from pending on
	answered wal.Position // the backend has answered through here; zero: for nothing yet
	refused  string       // aside: why

	older, newer *trace // neighbours in the shard's order of arrival; open traces only
}

// group refers to spans that stand in one scope of one record.
type group struct {
	position wal.Position // where they can be read
	origin   wal.Position // where they first stood; differs from position once carried
	route    routeID
	spansN   uint32
	bytes    uint32 // of the spans

	// scopeIndex is the scope's place in its record: it tells whether the next span belongs to the same group.
	scopeIndex                                   uint32
	resource, resourceSchema, scope, scopeSchema otlp.Range
}

// holds reports whether a span of that scope of that record belongs to g.
func (g *group) holds(position, origin wal.Position, scopeIndex uint32) bool {
	return g.position == position && g.origin == origin && g.scopeIndex == scopeIndex
}

// spanRef is one span's place in its record, and the hash by which a resent copy is known and a read is verified.
type spanRef struct {
	otlp.Range
	hash uint64
}

// scanLimit is the number of spans up to which a linear scan for a hash beats a map: 64 hashes are two to four
// cache lines' worth of work, and nearly every trace stays below.
const scanLimit = 64

// firstSpans is the room that a trace begins with: agents' traces have dozens of spans, and growing from one costs more.
const firstSpans = 16

// has reports whether a span of this hash is already there.
func (t *trace) has(hash uint64) bool {
	if t.hint[hash/64%uint64(len(t.hint))]&(1<<(hash%64)) == 0 {
		return false
	}
	if t.seen != nil {
		_, ok := t.seen[hash]
		return ok
	}
	for i := range t.spans {
		if t.spans[i].hash == hash {
			return true
		}
	}
	return slices.Contains(t.sent, hash)
}

// remember notes a hash that was added to spans or sent.
func (t *trace) remember(hash uint64) {
	t.hint[hash/64%uint64(len(t.hint))] |= 1 << (hash % 64)
	if t.seen != nil {
		t.seen[hash] = struct{}{}
		return
	}
	if len(t.spans)+len(t.sent) <= scanLimit {
		return
	}
	t.seen = make(map[uint64]struct{}, 2*scanLimit)
	for i := range t.spans {
		t.seen[t.spans[i].hash] = struct{}{}
	}
	for _, h := range t.sent {
		t.seen[h] = struct{}{}
	}
}

// add appends a span that stands in scope of the record at position and first stood in the one at origin.
func (t *trace) add(position, origin wal.Position, route routeID, x *otlp.Index, span *otlp.Span) {
	if n := len(t.groups); n == 0 || !t.groups[n-1].holds(position, origin, span.Scope) {
		scope := &x.Scopes[span.Scope]
		resource := &x.Resources[scope.Resource]
		t.groups = append(t.groups, group{
			position: position, origin: origin, route: route, scopeIndex: span.Scope,
			resource: resource.Msg, resourceSchema: resource.Schema, scope: scope.Msg, scopeSchema: scope.Schema,
		})
	}
	g := &t.groups[len(t.groups)-1]
	g.spansN++
	g.bytes += span.Msg.Len
	if cap(t.spans) == 0 {
		t.spans = make([]spanRef, 0, firstSpans)
	}
	t.spans = append(t.spans, spanRef{span.Msg, span.Hash})
	t.remember(span.Hash)
}

// through is the last place in the log that a span of the trace first stood at.
func (t *trace) through() (p wal.Position) {
	for i := range t.groups {
		p = max(p, t.groups[i].origin)
	}
	return p
}

// footprint is the memory the trace holds, in bytes.
func (t *trace) footprint() int {
	const mapEntry = 24 // measured for map[uint64]struct{} and for the shard's own map, load included
	n := int(unsafe.Sizeof(*t)) + 2*mapEntry + cap(t.groups)*int(unsafe.Sizeof(group{})) +
		cap(t.spans)*int(unsafe.Sizeof(spanRef{})) + 8*cap(t.sent) + len(t.seen)*mapEntry + len(t.traceState)
	if t.facts != nil {
		n += t.facts.Bytes()
	}
	if t.fold != nil {
		n += t.fold.Bytes()
	}
	if t.decision != nil {
		n += t.decision.bytes()
	}
	return n
}

// part takes out of the trace the spans for which leaves says so, and returns their groups. It builds new slices: an
// export that is under way may still read the old ones.
func (t *trace) part(leaves func(g *group, ref spanRef) bool) (left []group) {
	var groups []group
	var spans []spanRef
	at := 0
	for i := range t.groups {
		stays, leaver := t.groups[i], t.groups[i]
		stays.spansN, stays.bytes, leaver.spansN, leaver.bytes = 0, 0, 0, 0
		for _, ref := range t.spans[at : at+int(t.groups[i].spansN)] {
			if leaves(&t.groups[i], ref) {
				leaver.spansN++
				leaver.bytes += ref.Len
				continue
			}
			stays.spansN++
			stays.bytes += ref.Len
			spans = append(spans, ref)
		}
		at += int(t.groups[i].spansN)
		if stays.spansN > 0 {
			groups = append(groups, stays)
		}
		if leaver.spansN > 0 {
			left = append(left, leaver)
		}
	}
	t.groups, t.spans, t.size = groups, spans, tally{}
	return left
}

// answer notes that the backend has answered for everything that first stood at or before p.
func (t *trace) answer(p wal.Position) (left []group) {
	t.answered = max(t.answered, p)
	return t.part(func(g *group, ref spanRef) bool {
		if g.origin > p {
			return false
		}
		t.sent = append(t.sent, ref.hash)
		return true
	})
}
