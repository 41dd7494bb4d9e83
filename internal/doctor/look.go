package doctor

import (
	"bytes"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
)

const (
	// lookedShare is one in how many spans is looked at whole.
	lookedShare = 32
	// largeValue is the size, in bytes, from which a value is content.
	largeValue = 1 << 10
	// longLabel is the size, in bytes, up to which a text is taken for a label.
	longLabel = 128
)

// Wants tells whether a span is one of those that are looked at whole, by the hash of its bytes.
func Wants(hash uint64) bool { return hash%lookedShare == 0 }

// spanNames is the key that the names of spans are counted under.
const spanNames = "(span name)"

// Look looks at a span whole: at the size of its values, and how different they are. message is the Span message.
func (d *Doctor) Look(service string, dialect agent.Dialect, trace [16]byte, name, message []byte, now time.Time) {
	t := Trace{ID: trace}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(now)
	g := d.now.group(groupKey{service, dialect})
	note := func(as check, n int) {
		g.counts[as] += int64(n)
		g.examples[as].offer(&t)
	}
	note(ofLooked, 1)
	note(ofLookedBytes, len(message))
	d.now.tell(g, []byte(spanNames), name, &t)
	droppedN := otlp.Look(message, func(a *otlp.Attribute) {
		switch {
		case a.Size >= largeValue:
			note(payload, a.Size)
		case !a.OnEvent && len(a.Text) > 0 && len(a.Text) <= longLabel && mayBeLabel(a.Key):
			d.now.tell(g, a.Key, a.Text, &t)
		}
	})
	if droppedN > 0 {
		note(droppedAttributes, 1)
	}
}

// tell notes a value of a key.
func (p *period) tell(g *group, key, value []byte, t *Trace) {
	s := g.values[string(key)]
	if s == nil {
		if len(g.values) >= maxKeys || p.sketchesN >= maxSketches {
			return
		}
		s = new(sketch)
		g.values[string(key)] = s
		p.sketchesN++
	}
	s.add(otlp.Hash(value))
	s.example.offer(t)
}

// mayBeLabel tells whether a key may be meant for grouping. Ids, times, addresses and content are different each time by
// their nature, and nobody groups by them.
func mayBeLabel(key []byte) bool {
	if len(key) > longLabel {
		return false
	}
	for _, tail := range [...]string{"id", "Id", "ID", "ids", "uuid", "hash", "time", "timestamp", "date", "args", "usage", "metadata", "fingerprint", "url", "uri", "full", "statement", "query", "token", "ip", "address", "path"} {
		if bytes.HasSuffix(key, []byte(tail)) {
			return false
		}
	}
	for _, part := range [...]string{
		"message", "content", "prompt", "completion", "input", "output", "argument", "result", "text", "value", "descr", "respon", "request",
		"_data", "parameter", "instructions", "definition", "document", "reason", "tool_call", "toolCall", "thread", "session", "user", "timestamp",
	} {
		if bytes.Contains(key, []byte(part)) {
			return false
		}
	}
	return true
}
