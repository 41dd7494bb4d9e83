//go:build e2e

package crash

import (
	"fmt"
	"maps"
	"slices"
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
		if _, arrived := at.spans[key]; wanted(key.trace) && !arrived {
			missing, one = missing+1, key
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d acked spans of wanted traces have not arrived; one is span %s of trace %s", missing, one.span, one.trace)
	}
	return nil
}

// incomplete lists the wanted traces of which acked spans have not arrived.
func (b *book) incomplete(at *backend) []pcommon.TraceID {
	b.mu.Lock()
	defer b.mu.Unlock()
	at.mu.Lock()
	defer at.mu.Unlock()
	missing := map[pcommon.TraceID]bool{}
	for key := range b.acked {
		if _, arrived := at.spans[key]; wanted(key.trace) && !arrived {
			missing[key.trace] = true
		}
	}
	return slices.Collect(maps.Keys(missing))
}

// tally counts a trace's spans that were acked, and those that arrived.
func (b *book) tally(at *backend, id pcommon.TraceID) (acked, arrived int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at.mu.Lock()
	defer at.mu.Unlock()
	for key := range b.acked {
		if key.trace == id {
			acked++
		}
	}
	for key := range at.spans {
		if key.trace == id {
			arrived++
		}
	}
	return acked, arrived
}
