package policy

import (
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// Input is one trace to decide.
type Input struct {
	Facts      *agent.Facts
	TraceID    [16]byte
	TraceState string // of the root, or else of the earliest span that has one; for ot=rv and ot=th
	// Fold is what the policies: have observed. It is needed only where there are some.
	Fold *tailsampling.Fold
	// Traces returns the spans in the order in which they arrived. It is asked once at most, by policies: that cannot do
	// without, and what it returns is changed.
	Traces func() (ptrace.Traces, error)
}

// Coin is the randomness that chance decides a trace by. It is the same in every process and at every time.
type Coin struct {
	Randomness sampling.Randomness
	Explicit   bool               // it came as rv
	Session    bool               // it was made of the session's id, and has to be written as rv where it decides
	Threshold  sampling.Threshold // that the trace was sampled with before it came here; zero: everything
}

// CoinFor returns the coin of a trace: what came as rv, else a hash of the session's id if one is known and byTrace
// is false, else the last 56 bits of the trace id. So all turns of a session fall the same way.
//
// A trace that somebody has sampled before by its trace id (th without rv) keeps that coin: with another one its th
// would say something false. A th that the randomness contradicts is not believed.
func CoinFor(in *Input, byTrace bool) Coin {
	c := Coin{Randomness: sampling.TraceIDToRandomness(pcommon.TraceID(in.TraceID))}
	sampled := c.readState(in.TraceState)
	if c.Explicit || sampled || byTrace {
		return c
	}
	if session := in.Facts.Session(); session != "" {
		c.Randomness, c.Session = sessionRandomness(session), true
	}
	return c
}

// readState takes rv and th from a tracestate, and tells whether there was a th to believe.
func (c *Coin) readState(text string) (sampled bool) {
	if !strings.Contains(text, "ot=") {
		return false
	}
	state, err := sampling.NewW3CTraceState(text)
	if err != nil {
		return false // a tracestate that nobody can read says nothing
	}
	if rv, found := state.OTelValue().RValueRandomness(); found {
		c.Randomness, c.Explicit = rv, true
	}
	th, found := state.OTelValue().TValueThreshold()
	if !found || !th.ShouldSample(c.Randomness) {
		return false
	}
	c.Threshold = th
	return true
}

// sessionRandomness makes 56 random bits of a session's id. It must never change, or the turns of a running session
// would part.
func sessionRandomness(session string) sampling.Randomness {
	r, err := sampling.UnsignedToRandomness(xxhash.Sum64String(session) >> 8)
	if err != nil {
		panic("policy: 56 bits are no randomness: " + err.Error())
	}
	return r
}
