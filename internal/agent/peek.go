package agent

import (
	"bytes"

	"github.com/tailwise/tailwise/internal/otlp"
)

// peekBytes is how much of an answer is looked through for why it ended. The rest is never read.
const peekBytes = 8 << 10

// peek looks into a model's answer for what some libraries write nowhere else: that the model refused, and why it
// stopped. Nothing of the answer is kept.
func (r *reading) peek(said reasons) reasons {
	a := r.attr(roleResult)
	if a == nil || a.Type != otlp.ValueString || said&^reasonStop != 0 {
		return said
	}
	answer := cut(a.Val.In(r.body), peekBytes)
	if refused(answer) {
		said |= reasonRefusal
	}
	if said&reasonStop != 0 {
		return said
	}
	for _, name := range [...]string{"finish_reason", "stop_reason"} {
		if word := memberOf(answer, name); len(word) > 0 {
			return said | r.reason(word)
		}
	}
	if memberOf(answer, "incomplete_details") == nil && bytes.Contains(answer, []byte(`"incomplete"`)) {
		return said | reasonLength
	}
	if word := memberOf(answer, "status"); len(word) > 0 {
		return said | r.reason(word)&^reasonUnknown
	}
	return said
}

// refused tells whether there is a text under "refusal", or a part of type refusal.
func refused(answer []byte) bool {
	const name = `"refusal"`
	for {
		at := bytes.Index(answer, []byte(name))
		if at < 0 {
			return false
		}
		before := bytes.TrimRight(answer[:at], " \t\r\n")
		answer = answer[at+len(name):]
		if value, is := afterColon(answer); is && len(value) > 1 && value[0] == '"' && value[1] != '"' {
			return true
		} else if !is && bytes.HasSuffix(before, []byte(":")) {
			key := bytes.TrimRight(before[:len(before)-1], " \t\r\n")
			return bytes.HasSuffix(key, []byte(`"type"`))
		}
	}
}

// memberOf returns the first text that stands under a name, whatever object it is in. Names in quoted JSON are others,
// as their quotes are escaped.
func memberOf(text []byte, name string) []byte {
	value, _ := nextMember(text, name)
	return value
}

// nextMember returns the first text that stands under a name, and what follows it; nil at the end.
func nextMember(text []byte, name string) (value, rest []byte) {
	for {
		at := bytes.Index(text, []byte(name))
		if at < 0 {
			return nil, nil
		}
		quoted := at > 0 && text[at-1] == '"'
		text = text[at+len(name):]
		if !quoted || len(text) == 0 || text[0] != '"' {
			continue
		}
		if value, is := afterColon(text[1:]); is && len(value) > 0 && value[0] == '"' {
			word, rest, _ := bytes.Cut(value[1:], []byte(`"`))
			return word, rest
		}
	}
}

// afterColon returns what follows a colon, and whether text starts with one.
func afterColon(text []byte) ([]byte, bool) {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != ':' {
		return nil, false
	}
	return bytes.TrimLeft(text[1:], " \t\r\n"), true
}
