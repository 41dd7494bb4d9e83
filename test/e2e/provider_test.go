//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// waitFor is how long the provider thinks when it is told to "wait": longer than the policy's settle time.
const waitFor = 1500 * time.Millisecond

// reply is what the provider answers, whatever the API and whether streamed or not.
type reply struct {
	text   string // empty: a call of the tool "weather"
	finish string // of the chat API
	input  int    // usage, tokens
	output int
}

// startProvider serves the two OpenAI APIs, chat completions and responses, at the returned base URL. The last
// user message is the script:
//
//	answer   a short text
//	tool     a call of the tool, and a text once its result is there
//	costly   a text with 60,000 tokens of usage
//	filter   a text cut by the content filter
//	wait     a text, after waitFor
//	fail     status 500
func startProvider(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", serveChat)
	mux.HandleFunc("POST /v1/responses", serveResponses)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL + "/v1"
}

// turn is one entry of a conversation in either API.
type turn struct {
	Role    string          `json:"role"`
	Type    string          `json:"type"`
	Content json.RawMessage `json:"content"`
}

// script finds what to do: the words of the last user message, and whether a tool has answered since.
func script(turns []turn) (word string, toolDone bool) {
	for _, m := range turns {
		switch {
		case m.Role == "user":
			// Content is a string, or parts with a text each; the words are unique, so the JSON will do.
			word, toolDone = string(m.Content), false
		case m.Role == "tool", m.Type == "function_call_output":
			toolDone = true
		}
	}
	return word, toolDone
}

// answer plays the script. It returns false once it has refused the request itself.
func answer(w http.ResponseWriter, r *http.Request, turns []turn) (reply, bool) {
	word, toolDone := script(turns)
	usual := reply{text: "It is mild.", finish: "stop", input: 210, output: 14}
	switch {
	case strings.Contains(word, "fail"):
		http.Error(w, `{"error":{"message":"the server had an error","type":"server_error"}}`, http.StatusInternalServerError)
		return reply{}, false
	case strings.Contains(word, "costly"):
		usual.input, usual.output = 59_000, 1_000
	case strings.Contains(word, "filter"):
		usual.finish = "content_filter"
	case strings.Contains(word, "tool") && !toolDone:
		usual.text, usual.finish = "", "tool_calls"
	case strings.Contains(word, "wait"):
		select {
		case <-time.After(waitFor):
		case <-r.Context().Done():
			return reply{}, false
		}
	}
	return usual, true
}

// writeJSON answers with a whole document.
func writeJSON(w http.ResponseWriter, doc any) {
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone is no matter of the provider's.
	_ = json.NewEncoder(w).Encode(doc)
}

// events writes server-sent events.
type events struct{ w http.ResponseWriter }

func startEvents(w http.ResponseWriter) events {
	w.Header().Set("Content-Type", "text/event-stream")
	return events{w}
}

// send writes one event; name is empty in the chat API.
func (e events) send(name string, doc any) {
	if name != "" {
		fmt.Fprintf(e.w, "event: %s\n", name)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err) // the documents are literals of this package
	}
	fmt.Fprintf(e.w, "data: %s\n\n", text)
	if f, ok := e.w.(http.Flusher); ok {
		f.Flush()
	}
}
