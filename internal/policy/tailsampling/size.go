package tailsampling

import (
	"math/bits"

	"github.com/tailwise/tailwise/internal/otlp"
)

// size adds up how large a trace would be as the processor holds it: each request's resources once, with the scopes that
// have spans of the trace, schema URLs left out, every message in the Collector's own encoding. Senders encode tighter
// (an empty parent id and an empty status take two bytes each), so each message is measured to its leaves.
type size struct {
	closed          int // resource spans that are complete
	resource, scope int // messages being filled
	request         uint64
	resourceAt      uint32
	scopeAt         uint32
	open            bool
}

// add takes a span in.
func (z *size) add(x *otlp.Index, body []byte, s *otlp.Span, request uint64) {
	scope := &x.Scopes[s.Scope]
	same := z.open && z.request == request && z.resourceAt == scope.Resource
	if !same {
		z.closed = z.total()
		z.request, z.resourceAt, z.open = request, scope.Resource, true
		z.resource = field(layouts.resource.size(x.Resources[scope.Resource].Msg.In(body)))
	}
	if !same || z.scopeAt != s.Scope {
		if same {
			z.resource += field(z.scope)
		}
		z.scopeAt = s.Scope
		z.scope = field(layouts.scope.size(scope.Msg.In(body)))
	}
	z.scope += field(layouts.span.size(s.Msg.In(body)))
}

// total is the size in bytes of everything so far.
func (z *size) total() int {
	if !z.open {
		return 0
	}
	return z.closed + field(z.resource+field(z.scope))
}

// field is the size of a length-delimited field below 16 with a value of n bytes.
func field(n int) int { return 1 + varintSize(uint64(n)) + n }

func varintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
