package tailsampling

import (
	"bytes"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailwise/tailwise/internal/otlp"
)

// probeKind says what an attrProbe looks for.
type probeKind uint8

const (
	probeNumber probeKind = iota
	probeBool
	probeText
	probeRegex
)

// attrProbe looks for values of one attribute key on spans and resources. A value of another type than the one looked
// for counts as that type's zero value, as in the processor.
type attrProbe struct {
	slot int // of the key
	bit  bit
	kind probeKind
	want bool // probeBool

	low, high int64    // probeNumber
	texts     textSet  // probeText
	regex     *matcher // probeRegex
}

// sees tells whether an attribute has what is looked for.
func (p *attrProbe) sees(a *otlp.Attr, body []byte, onSpan bool) bool {
	switch p.kind {
	case probeNumber:
		n := int64(0)
		if a.Type == otlp.ValueInt {
			n = int64(a.Num)
		}
		return p.low <= n && n <= p.high
	case probeBool:
		return (a.Type == otlp.ValueBool && a.Num != 0) == p.want
	}
	var text []byte
	if a.Type == otlp.ValueString {
		text = a.Val.In(body)
	}
	if len(text) == 0 && onSpan {
		return false // an empty text is looked at on resources only
	}
	if p.kind == probeText {
		return p.texts.has(text)
	}
	return p.regex.matches(text)
}

// textSet is a set of texts. To compare with a few is quicker than to hash.
type textSet struct {
	few  []string
	many map[string]struct{} // nil while there are few
}

// fewTexts is how many are compared one by one.
const fewTexts = 8

// newTextSet makes a set of texts that are not empty.
func newTextSet(texts []string) (s textSet) {
	for _, text := range texts {
		if text != "" {
			s.few = append(s.few, text)
		}
	}
	if len(s.few) <= fewTexts {
		return s
	}
	s.many = make(map[string]struct{}, len(s.few))
	for _, text := range s.few {
		s.many[text] = struct{}{}
	}
	s.few = nil
	return s
}

func (s *textSet) has(text []byte) bool {
	if s.many != nil {
		_, found := s.many[string(text)]
		return found
	}
	for _, one := range s.few {
		if one == string(text) {
			return true
		}
	}
	return false
}

// stateProbe looks for values of one key in tracestates.
type stateProbe struct {
	key    string
	values []string
	bit    bit
}

// sees tells whether a tracestate can be read and has one of the values.
func (p *stateProbe) sees(text []byte) bool {
	if !bytes.Contains(text, []byte(p.key)) {
		return false
	}
	state, err := trace.ParseTraceState(string(text))
	if err != nil {
		return false
	}
	got := state.Get(p.key)
	for _, v := range p.values {
		if got == v {
			return true
		}
	}
	return false
}

// latencyProbe looks at the extent of the trace in milliseconds.
type latencyProbe struct {
	low, high int64
	bit       bit
}

func (p *latencyProbe) sees(ms int64) bool { return ms > p.low && (p.high == 0 || ms <= p.high) }

// milliseconds is the time from start to end, both Unix nanoseconds, as the processor has it: times beyond the year 2262
// are before 1970, and what no Duration can hold is the longest one.
func milliseconds(start, end uint64) int64 {
	if start <= math.MaxInt64 && end <= math.MaxInt64 {
		return (int64(end) - int64(start)) / int64(time.Millisecond)
	}
	return pcommon.Timestamp(end).AsTime().Sub(pcommon.Timestamp(start).AsTime()).Milliseconds()
}
