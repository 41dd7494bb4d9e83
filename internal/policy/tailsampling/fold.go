package tailsampling

import (
	"unsafe"

	"github.com/tailwise/tailwise/internal/otlp"
)

// Fold is what a Set has observed of one trace. The zero value is ready. It belongs to one goroutine.
//
// It does not depend on the order of spans, but for what the processor itself makes depend on it: a latency with an
// upper bound, and the extent of traces with spans whose times are zero.
type Fold struct {
	shape *shape // of the first fold; nil before
	bits  []uint64
	left  int // attribute probes that have not seen what they look for

	spans      int64
	start, end uint64 // Unix nanoseconds; zero: none yet

	size     size
	request  uint64
	resource uint32
	inside   bool // request and resource are set
}

// Reset makes f as new and keeps its memory.
func (f *Fold) Reset() { *f = Fold{bits: f.bits[:0]} }

// Spans returns the number of spans that were folded.
func (f *Fold) Spans() int64 { return f.spans }

// Bytes returns how much memory f holds.
func (f *Fold) Bytes() int { return int(unsafe.Sizeof(*f)) + 8*cap(f.bits) }

func (f *Fold) has(b bit) bool { return f.bits[b/64]&(1<<(b%64)) != 0 }

func (f *Fold) set(b bit) { f.bits[b/64] |= 1 << (b % 64) }

// begin ties f to a shape.
//
// Requires: folds of different shapes are never mixed; the caller resets f and folds all spans again.
func (f *Fold) begin(s *shape) {
	if f.shape == s {
		return
	}
	if f.shape != nil && f.shape.id != s.id {
		panic("tailsampling: a trace was folded for other policies")
	}
	if f.shape == nil {
		words := (s.bits + 63) / 64
		if cap(f.bits) < words {
			f.bits = make([]uint64, words)
		}
		f.bits = f.bits[:words]
		clear(f.bits)
		f.left = len(s.attrs)
	}
	f.shape = s
}

// Plan folds spans for a Set, out of indexes that were walked with certain keys. It is immutable and safe for
// concurrent use.
type Plan struct {
	shape *shape
	ids   []otlp.KeyID // by slot
	byKey [][]uint16   // places in shape.attrs, by KeyID
}

// Bind makes a Plan for indexes that were walked with keys, which must hold all of Keys.
func (s *Set) Bind(keys *otlp.Keys) *Plan {
	p := &Plan{shape: s.shape, byKey: make([][]uint16, keys.Len())}
	for _, key := range s.shape.keys {
		id, found := keys.Find([]byte(key))
		if !found || keys.Name(id) != key {
			panic("tailsampling: a walk does not look for an attribute key of the policies")
		}
		p.ids = append(p.ids, id)
	}
	for i := range s.shape.attrs {
		id := p.ids[s.shape.attrs[i].slot]
		p.byKey[id] = append(p.byKey[id], uint16(i))
	}
	return p
}

// Covers tells whether f, folded with any plan, means to p's Set what a fold with p would. A Fold of no spans does.
func (p *Plan) Covers(f *Fold) bool {
	return f.shape == nil || f.shape == p.shape || f.shape.id == p.shape.id
}

// Fold adds x.Spans[span] to f. body is the request that x indexes; request tells the requests that a trace came in
// apart. The spans of one request must come in the order of x, and each once. Nothing of body is kept.
//
// It panics if f was folded with a plan that p does not cover.
func (p *Plan) Fold(f *Fold, x *otlp.Index, body []byte, span int, request uint64) {
	f.begin(p.shape)
	s := &x.Spans[span]
	resource := x.Scopes[s.Scope].Resource
	if !f.inside || f.request != request || f.resource != resource {
		f.request, f.resource, f.inside = request, resource, true
		if f.left > 0 {
			p.attrs(f, x, body, x.Resources[resource].Attrs, false)
		}
	}
	f.spans++
	if p.shape.sizes {
		f.size.add(x, body, s, request)
	}
	if p.shape.times {
		f.stretch(s)
	}
	if f.left > 0 {
		p.attrs(f, x, body, otlp.Run{From: s.Attrs.From, To: s.OwnTo}, true)
	}
	for _, b := range p.shape.status[s.Status] {
		f.set(b)
	}
	if s.Flags&1 != 0 {
		for _, b := range p.shape.flagged {
			f.set(b)
		}
	}
	if s.TraceState.Len > 0 {
		for i := range p.shape.states {
			if probe := &p.shape.states[i]; !f.has(probe.bit) && probe.sees(s.TraceState.In(body)) {
				f.set(probe.bit)
			}
		}
	}
	if len(p.shape.conditions) > 0 {
		p.conditions(f, x, body, s)
	}
}

// stretch takes the times of a span in and looks at the extent of all so far, as the processor does span by span.
func (f *Fold) stretch(s *otlp.Span) {
	if f.start == 0 || s.Start < f.start {
		f.start = s.Start
	}
	if f.end == 0 || s.End > f.end {
		f.end = s.End
	}
	ms := milliseconds(f.start, f.end)
	for i := range f.shape.latencies {
		if probe := &f.shape.latencies[i]; probe.sees(ms) {
			f.set(probe.bit)
		}
	}
}

// attrs shows attributes to the probes of their keys. Of a key that comes again the first counts.
func (p *Plan) attrs(f *Fold, x *otlp.Index, body []byte, run otlp.Run, onSpan bool) {
	for i := run.From; i < run.To; i++ {
		a := &x.Attrs[i]
		for _, at := range p.byKey[a.Key] {
			probe := &p.shape.attrs[at]
			if f.has(probe.bit) || !probe.sees(a, body, onSpan) {
				continue
			}
			if hasKey(x.Attrs[run.From:i], a.Key) { // last, as hardly any probe gets that far
				break
			}
			f.set(probe.bit)
			f.left--
		}
	}
}

func hasKey(attrs []otlp.Attr, key otlp.KeyID) bool {
	for i := range attrs {
		if attrs[i].Key == key {
			return true
		}
	}
	return false
}
