package sampler

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/tailwise/tailwise/internal/otlp"
)

// VerdictOpen is what TraceView.Verdict says of a trace that waits for its verdict.
const VerdictOpen = "open"

// peekMessage asks a shard for a trace that waits for its verdict. The reply is nil when there is none.
type peekMessage struct {
	trace otlp.TraceID
	reply chan<- *TraceView
}

func (m peekMessage) apply(s *shard) {
	t := s.traces[m.trace]
	if t == nil || t.phase > deciding || t.facts == nil {
		m.reply <- nil
		return
	}
	m.reply <- &TraceView{
		TraceID: hex.EncodeToString(t.id[:]), Session: t.facts.Session(), Verdict: VerdictOpen, Rules: []string{},
		Start: time.Unix(0, int64(min(t.facts.Start(), 1<<63-1))).UTC(), Facts: t.facts.AppendJSON(nil),
	}
}

// peek returns what is known so far of a trace that waits for its verdict, or nil.
func (e *Engine) peek(ctx context.Context, id otlp.TraceID) *TraceView {
	reply := make(chan *TraceView, 1)
	if !e.send(ctx, e.shardFor(&id), peekMessage{id, reply}) {
		return nil
	}
	select {
	case view := <-reply:
		return view
	case <-ctx.Done():
	case <-e.stopped:
	}
	return nil
}
