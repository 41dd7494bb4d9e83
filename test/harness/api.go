//go:build e2e

package harness

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// API speaks to a running tailwise by HTTP.
type API struct {
	Addr string // host:port
}

// Trace is one row of the API: a decided trace.
type Trace struct {
	ID            string          `json:"trace_id"`
	Session       string          `json:"session"`
	Verdict       string          `json:"verdict"` // "keep" or "drop"
	Rules         []string        `json:"rules"`
	Probability   float64         `json:"probability"`
	PolicyVersion string          `json:"policy_version"`
	DecidedAt     time.Time       `json:"decided_at"`
	Exported      json.RawMessage `json:"exported"` // null or absent until the backend has answered
	Facts         json.RawMessage `json:"facts"`
	State         string          `json:"state"` // of a single trace only
}

// IsExported tells whether the backend has answered for the trace.
func (t Trace) IsExported() bool {
	switch string(t.Exported) {
	case "", "null", "false", `""`:
		return false
	}
	return true
}

// Traces reads all decided traces, newest first, page by page.
func (a API) Traces(query url.Values) ([]Trace, error) {
	var all []Trace
	q := url.Values{"limit": {"1000"}}
	for k, v := range query {
		q[k] = v
	}
	for {
		var page struct {
			Traces []Trace `json:"traces"`
			Next   string  `json:"next"`
		}
		if err := a.get("/api/v1/traces?"+q.Encode(), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Traces...)
		if page.Next == "" {
			return all, nil
		}
		q.Set("after", page.Next)
	}
}

// Trace reads one trace.
func (a API) Trace(id string) (Trace, error) {
	var row Trace
	err := a.get("/api/v1/traces/"+id, &row)
	return row, err
}

// Status reads the program's counters.
func (a API) Status() (map[string]any, error) {
	var status map[string]any
	err := a.get("/api/v1/status", &status)
	return status, err
}

func (a API) get(path string, into any) error {
	client := http.Client{Timeout: 20 * time.Second}
	resp, err := client.Get("http://" + a.Addr + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: status %s", path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	return nil
}
