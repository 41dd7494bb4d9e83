package agent

import (
	"bytes"

	"github.com/tailwise/tailwise/internal/otlp"
)

// reasons is a bit per reason why models stopped.
type reasons uint16

const (
	reasonStop reasons = 1 << iota
	reasonLength
	reasonToolCall
	reasonFilter
	reasonError
	reasonCancelled
	reasonUnknown
	// reasonRefusal says that the model itself refused. Its canonical reason is content_filter.
	reasonRefusal
)

// reasonNames are the canonical names, in the order of their letters, as facts are sorted.
var reasonNames = []struct {
	name string
	bit  reasons
}{
	{"cancelled", reasonCancelled}, {"content_filter", reasonFilter}, {"error", reasonError}, {"length", reasonLength},
	{"stop", reasonStop}, {"tool_call", reasonToolCall}, {"unknown", reasonUnknown},
}

// reasonOf is the canonical map, by what libraries write in lower case, with hyphens as underscores.
var reasonOf = map[string]reasons{
	"stop": reasonStop, "end_turn": reasonStop, "stop_sequence": reasonStop, "complete": reasonStop, "completed": reasonStop,
	"eos": reasonStop, "finish_reason_stop": reasonStop, "pause_turn": reasonStop,

	"length": reasonLength, "max_tokens": reasonLength, "max_output_tokens": reasonLength, "incomplete": reasonLength,
	"model_context_window_exceeded": reasonLength, "model_length": reasonLength,

	"tool_calls": reasonToolCall, "tool_call": reasonToolCall, "tool_use": reasonToolCall, "function_call": reasonToolCall,

	"content_filter": reasonFilter, "content_filtered": reasonFilter, "safety": reasonFilter, "recitation": reasonFilter,
	"blocklist": reasonFilter, "prohibited_content": reasonFilter, "spii": reasonFilter, "guardrail_intervened": reasonFilter,
	"image_safety": reasonFilter, "refusal": reasonFilter | reasonRefusal,

	"error": reasonError, "failed": reasonError, "malformed_function_call": reasonError,

	"cancelled": reasonCancelled, "canceled": reasonCancelled, "abort": reasonCancelled, "aborted": reasonCancelled,
}

// reasonsOf reads a word, a list of words joined by commas, a JSON array of words, or an array.
func (r *reading) reasonsOf(a *otlp.Attr) (all reasons) {
	if a.Type == otlp.ValueArray {
		otlp.EachElement(r.body, a.Val, func(e otlp.Attr) {
			if e.Type == otlp.ValueString {
				all |= r.reason(e.Val.In(r.body))
			}
		})
		return all
	}
	list := bytes.Trim(textOf(a, r.body, r.scratch[:]), "[] \t\r\n")
	for len(list) > 0 {
		word, rest, _ := bytes.Cut(list, []byte(","))
		all |= r.reason(word)
		list = rest
	}
	return all
}

// reason reads one word.
func (r *reading) reason(word []byte) reasons {
	word = bytes.Trim(word, "\" \t\r\n\\")
	if len(word) == 0 {
		return 0
	}
	if dot := bytes.LastIndexByte(word, '.'); dot >= 0 {
		word = word[dot+1:] // FinishReason.STOP
	}
	if known := reasonOf[string(lower(word, r.word[:], '-', '_'))]; known != 0 {
		return known
	}
	return reasonUnknown
}

// lower writes word in lower case into scratch, with one byte put for another. It is empty if there is no room.
func lower(word, scratch []byte, from, to byte) []byte {
	if len(word) > len(scratch) {
		return nil
	}
	for i, c := range word {
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == from:
			c = to
		}
		scratch[i] = c
	}
	return scratch[:len(word)]
}

// names returns the canonical names of what is in s, sorted. They are not to be changed.
func (s reasons) names() []string { return reasonLists[s&(reasonRefusal-1)] }

// reasonLists is every set of canonical names.
var reasonLists = func() (lists [reasonRefusal][]string) {
	for set := range reasonRefusal {
		for _, n := range reasonNames {
			if set&n.bit != 0 {
				lists[set] = append(lists[set], n.name)
			}
		}
	}
	return lists
}()
