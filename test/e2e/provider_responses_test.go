//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
)

type responsesRequest struct {
	Model  string `json:"model"`
	Stream bool   `json:"stream"`
	Input  []turn `json:"input"`
}

// serveResponses is the responses API.
func serveResponses(w http.ResponseWriter, r *http.Request) {
	var req responsesRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, `{"error":{"message":"no JSON"}}`, http.StatusBadRequest)
		return
	}
	reply, ok := answer(w, r, req.Input)
	switch {
	case !ok:
	case req.Stream:
		streamResponse(w, req.Model, reply)
	default:
		writeJSON(w, response(req.Model, reply, "completed"))
	}
}

func response(model string, r reply, status string) object {
	return object{
		"id": "resp_1", "object": "response", "created_at": 1_760_000_000, "model": model, "status": status,
		"output": []any{outputItem(r)}, "tools": []any{}, "tool_choice": "auto", "parallel_tool_calls": true,
		"error": nil, "incomplete_details": nil, "instructions": nil, "metadata": object{},
		"temperature": 1.0, "top_p": 1.0,
		"usage": object{
			"input_tokens": r.input, "output_tokens": r.output, "total_tokens": r.input + r.output,
			"input_tokens_details":  object{"cached_tokens": 0},
			"output_tokens_details": object{"reasoning_tokens": 0},
		},
	}
}

func outputItem(r reply) object {
	if r.text == "" {
		return object{
			"id": "fc_1", "type": "function_call", "status": "completed",
			"call_id": "call_1", "name": "weather", "arguments": `{"city":"Paris"}`,
		}
	}
	return object{
		"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
		"content": []any{object{"type": "output_text", "text": r.text, "annotations": []any{}}},
	}
}

// streamResponse sends a text a word at a time between the events that frame it.
func streamResponse(w http.ResponseWriter, model string, r reply) {
	out := startEvents(w)
	sequence := 0
	send := func(name string, doc object) {
		doc["type"], doc["sequence_number"] = name, sequence
		sequence++
		out.send(name, doc)
	}
	send("response.created", object{"response": response(model, r, "in_progress")})
	send("response.output_item.added", object{"output_index": 0, "item": outputItem(r)})
	for word := range strings.FieldsSeq(r.text) {
		send("response.output_text.delta", object{
			"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": word + " ", "logprobs": []any{},
		})
	}
	send("response.output_item.done", object{"output_index": 0, "item": outputItem(r)})
	send("response.completed", object{"response": response(model, r, "completed")})
}
