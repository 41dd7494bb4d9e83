//go:build e2e

package crash

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	keepKey    = "keep"
	sessionKey = "session.id"
	payloadKey = "gen_ai.input.messages"
)

// plan makes one client's traces, from a seed. A client writes several traces at a time and sends them as SDKs do: each
// request holds some spans of some traces, children before their root.
type plan struct {
	rng     *rand.Rand
	name    string // of the client, in the resource
	text    []byte // payloads are cut from it
	fill    int    // least bytes of a payload; 0 for traffic as it is
	writing []*tracePlan
}

// tracePlan is a trace that is being written.
type tracePlan struct {
	id      pcommon.TraceID
	root    pcommon.SpanID
	session string // on the root only; empty in half the traces
	left    int    // spans to come, the root last
}

const (
	tracesAtOnce  = 6
	mostSpans     = 24
	mostOfRequest = 10 // spans
	largePayload  = 16 << 10
	smallPayload  = 1 << 10
)

func newPlan(seed uint64, client int) *plan {
	p := &plan{rng: rand.New(rand.NewPCG(seed, uint64(client))), name: fmt.Sprintf("client-%d", client)}
	p.text = make([]byte, 128<<10)
	const letters = "abcdefghijklmnopqrstuvwxyz ,.0123456789"
	for i := range p.text {
		p.text[i] = letters[p.rng.IntN(len(letters))]
	}
	return p
}

// wanted tells by its id alone whether a trace must be kept.
func wanted(id pcommon.TraceID) bool { return id[15]%3 == 0 }

// next makes a request.
func (p *plan) next() ptrace.Traces {
	td := ptrace.NewTraces()
	for range 1 + p.rng.IntN(2) {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", p.name)
		rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.37.0")
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName(fmt.Sprintf("agent-%d", p.rng.IntN(3)))
		for range 1 + p.rng.IntN(mostOfRequest/2) {
			p.addSpan(ss.Spans().AppendEmpty())
		}
	}
	return td
}

// addSpan writes the next span of one of the traces at hand.
func (p *plan) addSpan(span ptrace.Span) {
	for len(p.writing) < tracesAtOnce {
		p.writing = append(p.writing, p.begin())
	}
	i := p.rng.IntN(len(p.writing))
	t := p.writing[i]
	t.left--
	now := time.Now()
	span.SetTraceID(t.id)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Second)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
	span.Attributes().PutBool(keepKey, wanted(t.id))
	if t.left > 0 {
		span.SetName("chat")
		span.SetSpanID(p.spanID())
		span.SetParentSpanID(t.root)
		p.addPayload(span)
		return
	}
	span.SetName("agent.run")
	span.SetSpanID(t.root)
	span.TraceState().FromRaw("vendor=1")
	if t.session != "" {
		span.Attributes().PutStr(sessionKey, t.session)
	}
	p.writing = append(p.writing[:i], p.writing[i+1:]...)
}

func (p *plan) addPayload(span ptrace.Span) {
	size := p.fill + p.rng.IntN(smallPayload)
	if p.rng.IntN(20) == 0 {
		size = max(p.fill, p.rng.IntN(largePayload))
	}
	from := p.rng.IntN(len(p.text) - size)
	span.Attributes().PutStr(payloadKey, string(p.text[from:from+size]))
	span.Attributes().PutInt("gen_ai.usage.input_tokens", int64(p.rng.IntN(9000)))
}

func (p *plan) begin() *tracePlan {
	t := &tracePlan{root: p.spanID(), left: 1 + p.rng.IntN(mostSpans)}
	binary.BigEndian.PutUint64(t.id[:8], p.rng.Uint64()|1) // never all zero
	binary.BigEndian.PutUint64(t.id[8:], p.rng.Uint64())
	if p.rng.IntN(2) == 0 {
		t.session = fmt.Sprintf("session-%x", t.id[:6])
	}
	return t
}

func (p *plan) spanID() (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], p.rng.Uint64()|1)
	return id
}
