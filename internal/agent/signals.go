package agent

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/tailwise/tailwise/internal/otlp"
)

// signals is what spans say of how the run went, as far as the tree does not matter.
type signals struct {
	finish      reasons // of calls to models
	otherFinish reasons // of the spans around them
	flags       signalFlags
	ttft        float64 // seconds, the longest
	top         float64 // the lowest of the best scores of retrievals
	least       float64 // the lowest score of any document
	near        float64 // the largest of the shortest distances of retrievals
	users       userKeys
	bad         []Invalid
	badN        int64
}

type signalFlags uint16

const (
	signalStreamed signalFlags = 1 << iota
	signalWhole                // an answer that was not streamed
	signalBlocked
	signalApproval
	signalTTFT
	signalTop
	signalLeast
	signalNear
	signalUsers // spans name different users under one key
)

func (f signalFlags) has(flag signalFlags) bool { return f&flag != 0 }

func (s *signals) reset() { *s = signals{bad: s.bad[:0]} }

func (s *signals) bytes() int { return cap(s.bad) * int(unsafe.Sizeof(Invalid{})) }

// Invalid counts values that mean nothing under a key that a fact is made of: texts where numbers are meant, negative
// and absurd ones, and the like.
type Invalid struct {
	Dialect Dialect // of the spans that had them
	Key     string  // the attribute's key, or the pattern that it fits
	Count   int64
}

// maxInvalid bounds the rows of facts.invalid: the lowest are kept.
const maxInvalid = 64

// Invalid returns what facts.invalid is made of, by dialect and key, at most 64 rows. It must not be changed.
func (f *Facts) Invalid() []Invalid { return f.signals.bad }

// invalid notes that the value of a key means nothing.
func (r *reading) invalid(key otlp.KeyID) {
	if r.badN < len(r.bad) {
		r.bad[r.badN] = key
	}
	r.badN++
}

// countInvalid counts what was noted of the span.
func (r *reading) countInvalid() {
	s := &r.facts.signals
	s.badN += int64(r.badN)
	for _, key := range r.bad[:min(r.badN, len(r.bad))] {
		s.addInvalid(Invalid{r.dialect, r.plan.keys.Name(key), 1})
	}
}

func (s *signals) addInvalid(one Invalid) {
	at, found := slices.BinarySearchFunc(s.bad, one, func(a, b Invalid) int {
		if a.Dialect != b.Dialect {
			return int(a.Dialect) - int(b.Dialect)
		}
		return bytes.Compare([]byte(a.Key), []byte(b.Key))
	})
	switch {
	case found:
		s.bad[at].Count++
		return
	case at == maxInvalid:
		return
	case len(s.bad) == maxInvalid:
		s.bad = s.bad[:maxInvalid-1]
	}
	s.bad = slices.Insert(s.bad, at, one)
}

// signal takes from the span what it says of how the run went.
func (r *reading) signal() {
	s := &r.facts.signals
	if r.kind == spanIdle {
		return
	}
	r.signalFinish(s)
	if r.kind.callsModel() {
		r.signalStream(s)
	}
	if r.texts[roleBlocked].at != 0 || r.tripped() {
		s.flags |= signalBlocked
	}
	if r.texts[roleApproval].at != 0 || r.waited() {
		s.flags |= signalApproval
	}
	if r.said != 0 {
		s.addRetrieved(&r.retrieved)
	}
}

// signalFinish notes why a model stopped.
func (r *reading) signalFinish(s *signals) {
	switch r.kind {
	case SpanLLM, spanEcho:
		s.finish |= r.peek(r.why)
	default:
		s.otherFinish |= r.why
	}
}

// signalStream notes whether the answer was streamed and how long the first token took.
func (r *reading) signalStream(s *signals) {
	seconds, said := r.number(roleTTFT)
	if r.dialects.has(Strands) {
		seconds /= 1000 // it writes milliseconds under a key of seconds
	}
	if !said {
		seconds, said = r.number(roleTTFTMillis)
		seconds /= 1000
	}
	if said {
		s.flags |= signalTTFT
		s.ttft = max(s.ttft, seconds)
	}
	a := r.attr(roleStream)
	if a == nil {
		if kind := r.attr(roleKind); said || kind != nil && r.dialects.has(Vercel) && bytes.HasPrefix(r.wordOf(kind), []byte("ai.stream")) {
			s.flags |= signalStreamed
		}
		return
	}
	if string(r.wordOf(a)) == "true" || a.Type == otlp.ValueString && string(r.wordOf(a)) == "1" {
		s.flags |= signalStreamed
	} else {
		s.flags |= signalWhole
	}
}

// tripped tells whether a guardrail stopped the run: by a count of those that did, by the exception that the Agents
// SDK throws, or by a guardrail that failed.
func (r *reading) tripped() bool {
	if n, said := r.number(roleGuardsFailed); said && n > 0 {
		return true
	}
	return r.kind == SpanGuardrail && r.failed || bytes.HasSuffix(r.text(roleException), []byte("GuardrailTripwireTriggered"))
}

// waited tells whether the span is the wait for a person.
func (r *reading) waited() bool {
	return r.dialects.has(ClaudeCode) && string(r.span.Name.In(r.body)) == "claude_code.tool.blocked_on_user"
}

// addRetrieved takes a span's documents in. Of several retrievals the worst counts, as a good one does not make up for
// it.
func (s *signals) addRetrieved(d *retrieved) {
	if d.said&saidTop != 0 && (!s.flags.has(signalTop) || d.top < s.top) {
		s.top, s.flags = d.top, s.flags|signalTop
	}
	if d.said&saidLeast != 0 && (!s.flags.has(signalLeast) || d.least < s.least) {
		s.least, s.flags = d.least, s.flags|signalLeast
	}
	if d.said&saidNear != 0 && (!s.flags.has(signalNear) || d.near > s.near) {
		s.near, s.flags = d.near, s.flags|signalNear
	}
}
