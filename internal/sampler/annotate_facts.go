package sampler

import (
	"encoding/json"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/otlp"
)

// factsVersion is what the root says of how its facts are to be read: their names, types and meaning. It grows when
// one of them changes; a new fact is no change.
const factsVersion = 1

// appendFacts encodes the facts of a decision as attributes of a span, in the order of agent.Known.
func appendFacts(dst []byte, facts []byte) []byte {
	var said map[string]json.RawMessage
	if json.Unmarshal(facts, &said) != nil {
		return dst // facts that cannot be read add nothing; the ledger has the same bytes
	}
	dst = otlp.AppendSpanInt(dst, attrFactsVersion, factsVersion)
	for _, info := range knownFacts {
		if raw, known := said[info.Name]; known {
			dst = appendFact(dst, attrFactPrefix+info.Name, info.Type, raw)
		}
	}
	return dst
}

// appendFact encodes one fact; one of another type than it should be adds nothing.
func appendFact(dst []byte, key string, as agent.Type, raw json.RawMessage) []byte {
	switch as {
	case agent.TypeInt:
		return encoded(dst, key, raw, otlp.AppendSpanInt)
	case agent.TypeBool:
		return encoded(dst, key, raw, otlp.AppendSpanBool)
	case agent.TypeText:
		return encoded(dst, key, raw, otlp.AppendSpanText)
	case agent.TypeTexts:
		return encoded(dst, key, raw, otlp.AppendSpanTexts)
	}
	return encoded(dst, key, raw, otlp.AppendSpanDouble) // durations are in seconds
}

func encoded[T any](dst []byte, key string, raw json.RawMessage, encode func([]byte, string, T) []byte) []byte {
	var v T
	if json.Unmarshal(raw, &v) != nil {
		return dst
	}
	return encode(dst, key, v)
}

// knownFacts is asked for once: it is made anew for each caller.
var knownFacts = agent.Known()

// factNames are the attribute keys that appendFacts may write.
var factNames = func() map[string]bool {
	names := map[string]bool{attrFactsVersion: true}
	for _, info := range knownFacts {
		names[attrFactPrefix+info.Name] = true
	}
	return names
}()

func isFact(key []byte) bool { return factNames[string(key)] }
