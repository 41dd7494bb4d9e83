//go:build e2e

package crash

import (
	"fmt"
	"maps"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// book is what the clients know: every span they sent, and which of them were acknowledged.
type book struct {
	// mu guards the fields below. Held for map access only.
	mu       sync.Mutex
	spans    map[spanKey]sentSpan
	acked    map[spanKey]bool
	traces   map[pcommon.TraceID]bool   // those with an acked span
	sessions map[pcommon.TraceID]string // of traces whose root was sent and has one
	acks     int                        // requests
	resent   int                        // requests sent again
}

func newBook() *book {
	return &book{
		spans:    make(map[spanKey]sentSpan),
		acked:    make(map[spanKey]bool),
		traces:   make(map[pcommon.TraceID]bool),
		sessions: make(map[pcommon.TraceID]string),
	}
}

// sending notes a request before it goes out.
func (b *book) sending(td ptrace.Traces) (keys []spanKey) {
	sent := make(map[spanKey]sentSpan)
	eachSpan(td, func(key spanKey, s sentSpan, _ pcommon.Map) {
		sent[key] = s
		keys = append(keys, key)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.Copy(b.spans, sent)
	for key, s := range sent {
		if s.session != "" {
			b.sessions[key.trace] = s.session
		}
	}
	return keys
}

// answered notes the acknowledgement of spans.
func (b *book) answered(keys []spanKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acks++
	for _, key := range keys {
		b.acked[key], b.traces[key.trace] = true, true
	}
}

func (b *book) again() {
	b.mu.Lock()
	b.resent++
	b.mu.Unlock()
}

// count returns the requests acknowledged so far.
func (b *book) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.acks
}

// owed returns an error while an acked span of a wanted trace has not reached the backend, naming one.
func (b *book) owed(at *backend) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	at.mu.Lock()
	defer at.mu.Unlock()
	var missing int
	var one spanKey
	for key := range b.acked {
		if !wanted(key.trace) {
			continue
		}
		if _, ok := at.spans[key]; !ok {
			missing, one = missing+1, key
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d acked spans of wanted traces have not arrived; one is span %s of trace %s", missing, one.span, one.trace)
	}
	return nil
}
