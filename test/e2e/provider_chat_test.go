//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// object is a JSON object.
type object = map[string]any

type chatRequest struct {
	Model    string `json:"model"`
	Stream   bool   `json:"stream"`
	Messages []turn `json:"messages"`
}

// serveChat is the chat completions API.
func serveChat(w http.ResponseWriter, r *http.Request) {
	var req chatRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, `{"error":{"message":"no JSON"}}`, http.StatusBadRequest)
		return
	}
	reply, ok := answer(w, r, req.Messages)
	switch {
	case !ok:
	case req.Stream:
		streamChat(w, req.Model, reply)
	default:
		writeJSON(w, object{
			"id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000, "model": req.Model,
			"choices": []any{object{"index": 0, "message": chatMessage(reply), "finish_reason": reply.finish}},
			"usage":   chatUsage(reply),
		})
	}
}

func chatUsage(r reply) object {
	return object{"prompt_tokens": r.input, "completion_tokens": r.output, "total_tokens": r.input + r.output}
}

func chatMessage(r reply) object {
	message := object{"role": "assistant", "content": r.text}
	if r.text == "" {
		message["content"] = nil
		message["tool_calls"] = []any{chatCall()}
	}
	return message
}

func chatCall() object {
	return object{
		"id": "call_1", "type": "function",
		"function": object{"name": "weather", "arguments": `{"city":"Paris"}`},
	}
}

// streamChat sends the answer a word at a time, then the usage.
func streamChat(w http.ResponseWriter, model string, r reply) {
	out := startEvents(w)
	chunk := func(choices []any, usage any) {
		out.send("", object{
			"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": model,
			"choices": choices, "usage": usage,
		})
	}
	delta := func(d object, finish any) {
		chunk([]any{object{"index": 0, "delta": d, "finish_reason": finish}}, nil)
	}
	delta(object{"role": "assistant", "content": ""}, nil)
	for word := range strings.FieldsSeq(r.text) {
		delta(object{"content": word + " "}, nil)
	}
	if r.text == "" {
		call := chatCall()
		call["index"] = 0
		delta(object{"tool_calls": []any{call}}, nil)
	}
	delta(object{}, r.finish)
	chunk([]any{}, chatUsage(r))
	fmt.Fprint(w, "data: [DONE]\n\n")
}
