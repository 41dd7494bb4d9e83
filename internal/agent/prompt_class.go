package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/tailwise/tailwise/internal/otlp"
)

// classify hashes the system's instructions and the names of the tools of the earliest call to a model: traces of one
// class come from the same prompt, whatever was asked. Only the call that is the earliest so far is read.
func (r *reading) classify() {
	class := &r.facts.promptClass
	at := rankOf(classSpan, r.span)
	if r.kind != SpanLLM || !class.wants(at) {
		return
	}
	instructions, tools := r.instructions(), r.toolset()
	if len(instructions) == 0 && len(tools) == 0 {
		return
	}
	hash := sha256.New()
	hash.Write(instructions)
	for _, name := range tools {
		hash.Write([]byte{0})
		hash.Write(name)
	}
	class.offer(at, hex.AppendEncode(nil, hash.Sum(nil)[:8]), r.in)
}

// instructions returns the system's instructions as they were written: under a key of their own, or as the first
// message of the input.
func (r *reading) instructions() []byte {
	if a := r.attr(roleSystem); a != nil {
		return a.Val.In(r.body)
	}
	first, content := r.text(roleFirstRole), r.attr(roleFirstContent)
	if string(first) == "system" && content != nil {
		return content.Val.In(r.body)
	}
	if a := r.attr(roleArguments); a != nil && a.Type == otlp.ValueString {
		return firstSystem(a.Val.In(r.body))
	}
	return nil
}

// firstSystem returns the first object of the first array in a JSON text, if it is a message of the system.
func firstSystem(text []byte) []byte {
	const near = 1 << 10 // bytes in which a list of messages begins
	at := bytes.IndexByte(cut(text, near), '[')
	if at < 0 {
		return nil
	}
	list := bytes.TrimLeft(text[at+1:], " \t\r\n")
	switch string(memberOf(cut(list, near), "role")) {
	case "user", "assistant", "tool":
		return nil // which is nearly always said at once
	}
	message := firstObject(cut(list, promptBytes))
	switch string(memberOf(message, "role")) {
	case "system", "developer":
		return message
	}
	return nil
}

// firstObject returns the JSON object that text starts with; nil if it starts with none or does not end.
func firstObject(text []byte) []byte {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[:i+1]
			}
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
		if depth == 0 {
			return nil
		}
	}
	return nil
}

// promptBytes is the longest first message that is read.
const promptBytes = 64 << 10

// toolsetBytes is how much of the tools' definitions is looked through for names.
const toolsetBytes = 64 << 10

// toolset returns the names of the tools that the model may ask for, sorted and without duplicates.
func (r *reading) toolset() (names [][]byte) {
	a := r.attr(roleToolset)
	if a == nil {
		return nil
	}
	if a.Type == otlp.ValueArray {
		otlp.EachElement(r.body, a.Val, func(e otlp.Attr) {
			if e.Type == otlp.ValueString {
				names = append(names, memberOf(cut(e.Val.In(r.body), toolsetBytes), "name"))
			}
		})
	} else if a.Type == otlp.ValueString {
		names = namesIn(cut(a.Val.In(r.body), toolsetBytes))
	}
	slices.SortFunc(names, bytes.Compare)
	return slices.CompactFunc(names, bytes.Equal)
}

// namesIn returns every text that stands under "name".
func namesIn(text []byte) (names [][]byte) {
	for {
		name, rest := nextMember(text, "name")
		if len(name) == 0 {
			return names
		}
		names, text = append(names, name), rest
	}
}
