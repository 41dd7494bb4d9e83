package agent

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/tailwise/tailwise/internal/otlp"
)

// rank orders the spans that could each supply one fact, so that the same one supplies it in whatever order they
// arrive: by class, then by start, then by span id. The lowest counts.
type rank struct{ key, id uint64 }

const (
	classRoot  = iota // said by a span without parent
	classSpan         // said by another span
	classAbout        // said about the process that made the span, not by the span
)

// rankOf packs class and start into one word. A start that is not set, or so late that two bits are missing (in the
// year 2116), comes last.
func rankOf(class int, span *otlp.Span) rank {
	const startBits = 62
	start := span.Start
	if start == 0 || start >= 1<<startBits {
		start = 1<<startBits - 1
	}
	return rank{key: uint64(class)<<startBits | start, id: binary.BigEndian.Uint64(span.ID[:])}
}

func (r rank) compare(o rank) int {
	if r.key != o.key {
		return cmp.Compare(r.key, o.key)
	}
	return cmp.Compare(r.id, o.id)
}

// pick is a text that one of a trace's spans supplies. The empty text is none.
type pick struct {
	text string
	rank rank
}

// wants tells whether a text of this rank could replace what p has. Of equals, as spans with the same id are, the
// lower text counts, so equals have to be offered.
func (p *pick) wants(r rank) bool { return p.text == "" || r.compare(p.rank) <= 0 }

// offer makes b, which is not empty, the text of p if it ranks lower. A nil share means a copy of its own: texts
// that other traces will not have would only crowd an Interner.
func (p *pick) offer(r rank, b []byte, share *Interner) {
	if !p.wants(r) {
		return
	}
	if string(b) == p.text {
		p.rank = r
		return
	}
	text := share.text(b)
	if p.text != "" && r == p.rank && text > p.text {
		return
	}
	p.text, p.rank = text, r
}

// textOf returns what an attribute says as text: a string as it is, a whole number in decimal (written to scratch).
// It is empty for anything else.
func textOf(a *otlp.Attr, body, scratch []byte) []byte {
	switch a.Type {
	case otlp.ValueString:
		return a.Val.In(body)
	case otlp.ValueInt:
		return strconv.AppendInt(scratch[:0], int64(a.Num), 10)
	}
	return nil
}

// isSession tells whether b names a session rather than the lack of one.
func isSession(b []byte) bool {
	const longest = 9 // of noSession
	b = bytes.TrimSpace(b)
	if len(b) > longest {
		return true
	}
	for _, none := range noSession {
		if len(b) == len(none) && strings.EqualFold(string(b), none) {
			return false
		}
	}
	return true
}
