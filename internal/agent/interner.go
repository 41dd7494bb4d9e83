package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	// MaxText is the longest text, in bytes, that facts hold as it is. Of a longer one only its hash is kept, so that
	// a trace's memory does not grow with what somebody writes into an attribute.
	MaxText = 1024
	// maxShared is the longest text worth a place in an Interner.
	maxShared = 128
	// generationN is how many texts one half of an Interner holds: at most 128 KB of text.
	generationN = 1024
)

// Interner is a bounded table of the texts that traces have in common: names of services, models, agents and spans.
// The zero value is ready, and nil is an empty one that never fills. It belongs to one goroutine.
//
// It has two halves: when the young one is full it becomes the old one, and what is not asked for until the next
// turn is forgotten. So a flood of names that never come again costs copies and no memory, and does not push out
// for good the names that do.
type Interner struct {
	young, old map[string]string

	scopes   map[string]dialectSet // of the scopes that were seen, at most scopesN
	scope    string                // the last of them
	dialects dialectSet            // its
}

// scopesN bounds Interner.scopes. A process has a dozen.
const scopesN = 512

// dialectsOf returns the dialects whose libraries name their scope so.
func (in *Interner) dialectsOf(scope []byte) dialectSet {
	switch {
	case len(scope) == 0 || len(scope) > maxShared:
		return 0
	case in == nil:
		return dialectsOfScope(string(scope))
	case string(scope) == in.scope:
		return in.dialects
	}
	s, known := in.scopes[string(scope)]
	if !known {
		s = dialectsOfScope(string(scope))
		if in.scopes == nil || len(in.scopes) >= scopesN {
			in.scopes = make(map[string]dialectSet)
		}
		in.scopes[string(scope)] = s
	}
	in.scope, in.dialects = in.text(scope), s
	return s
}

// text returns b as valid UTF-8, shared with earlier calls where possible, or its hash if it is longer than MaxText.
func (in *Interner) text(b []byte) string {
	if in == nil || len(b) > maxShared {
		return copyText(b)
	}
	if s, ok := in.young[string(b)]; ok {
		return s
	}
	s, ok := in.old[string(b)]
	if !ok {
		s = copyText(b)
	}
	if in.young == nil || len(in.young) >= generationN {
		in.young, in.old = make(map[string]string), in.young
	}
	in.young[s] = s
	return s
}

// copyText returns b as valid UTF-8, or its hash if it is longer than MaxText.
func copyText(b []byte) string {
	if len(b) > MaxText {
		return hashText(string(b))
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// hashText is what stands for a text that is too long: enough to tell texts apart, nothing of what they say.
func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:8])
}

// maxShown is the longest text, in bytes, that leaves the process in a ledger row. Names and ids are shorter; what is
// longer may be content.
const maxShown = 128

// shown returns s as it may be shown: as it is, or its hash if it is longer than maxShown.
func shown(s string) string {
	if len(s) > maxShown {
		return hashText(s)
	}
	return s
}
