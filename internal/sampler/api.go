package sampler

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/policy"
)

// TraceView is what is known of one decided trace, as JSON.
type TraceView struct {
	TraceID       string          `json:"trace_id"`
	Session       string          `json:"session"`
	Verdict       string          `json:"verdict"` // keep, drop, or open: waits for it
	Rules         []string        `json:"rules"`
	Retention     string          `json:"retention,omitempty"`
	Probability   float64         `json:"probability"`
	PolicyVersion string          `json:"policy_version"`
	DecidedAt     time.Time       `json:"decided_at"` // zero while open
	Start         time.Time       `json:"start"`
	Exported      *time.Time      `json:"exported"`          // when the backend answered; null: not, or not kept
	Refused       string          `json:"refused,omitempty"` // why the backend refused for good
	Facts         json.RawMessage `json:"facts"`
}

// TracesView is one page of decided traces, newest first.
type TracesView struct {
	Traces []TraceView `json:"traces"`
	Next   string      `json:"next"` // give it as after= for the next page; empty: no more
}

// PolicyView is the policy in force.
type PolicyView struct {
	File    string     `json:"file"`
	Version string     `json:"version"`
	From    time.Time  `json:"from"`
	Text    string     `json:"text"`
	Rules   []RuleView `json:"rules"`
}

// RuleView is one rule, rendered for people.
type RuleView struct {
	Name string `json:"name"`
	When string `json:"when,omitempty"`
	Does string `json:"does"`
}

// RetryRequest names traces that the backend refused and that shall be sent again; none means all.
type RetryRequest struct {
	Traces []string `json:"traces"`
}

// RetryView says how many traces are on their way again.
type RetryView struct {
	Retried int `json:"retried"`
}

// errBadRequest marks what the caller of the API can mend.
var errBadRequest = errors.New("bad request")

// API returns the handler of the JSON API under /api/v1, by which the commands speak to the engine.
func (e *Engine) API() http.Handler {
	mux := http.NewServeMux()
	serve(e, mux, "GET /api/v1/status", func(r *http.Request) (any, error) { return e.Status(r.Context()), nil })
	serve(e, mux, "GET /api/v1/traces", func(r *http.Request) (any, error) { return e.tracesView(r) })
	serve(e, mux, "GET /api/v1/traces/{id}", func(r *http.Request) (any, error) { return e.traceView(r) })
	serve(e, mux, "GET /api/v1/policy", func(*http.Request) (any, error) { return e.policyView(), nil })
	serve(e, mux, "GET /api/v1/health/instrumentation", func(r *http.Request) (any, error) {
		return e.doctor.Report(r.URL.Query().Get("service"), e.clock.Now()), nil
	})
	serve(e, mux, "POST /api/v1/export/retry", func(r *http.Request) (any, error) { return e.retryView(r) })
	return mux
}

// serve answers a pattern with what do returns, as JSON, or with its error as {"error": "..."}.
func serve(e *Engine, mux *http.ServeMux, pattern string, do func(*http.Request) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		view, err := do(r)
		code := http.StatusOK
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			code = http.StatusNotFound
		case errors.Is(err, errBadRequest):
			code = http.StatusBadRequest
		case err != nil:
			code = http.StatusInternalServerError
			e.logger.Error("answer the API", zap.String("path", r.URL.Path), zap.Error(err))
		}
		if err != nil {
			view = map[string]string{"error": err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(view) // the client has gone; there is nobody to tell
	})
}

func (e *Engine) tracesView(r *http.Request) (TracesView, error) {
	q, err := e.query(r)
	if err != nil {
		return TracesView{}, err
	}
	rows, err := e.ledger.Traces(r.Context(), q)
	if err != nil {
		return TracesView{}, err
	}
	view := TracesView{Traces: make([]TraceView, 0, len(rows))}
	for i := range rows {
		view.Traces = append(view.Traces, viewOf(&rows[i]))
	}
	if limit := q.Limit; len(rows) == limit {
		view.Next = encodeCursor(rows[limit-1].Cursor())
	}
	return view, nil
}

// query reads what the caller asks for: since and until as a duration back from now or an RFC 3339 time, verdict,
// rule, session, limit, after.
func (e *Engine) query(r *http.Request) (q ledger.Query, err error) {
	form := r.URL.Query()
	now := e.clock.Now()
	q.Rule, q.Session, q.Limit = form.Get("rule"), form.Get("session"), ledger.DefaultLimit
	var faults []error
	fault := func(key string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%w: %s: %w", errBadRequest, key, err))
		}
	}
	q.Since, err = parseWhen(form.Get("since"), now)
	fault("since", err)
	q.Until, err = parseWhen(form.Get("until"), now)
	fault("until", err)
	if v := form.Get("verdict"); v != "" {
		q.Verdict, err = ledger.ParseVerdict(v)
		fault("verdict", err)
	}
	if v := form.Get("limit"); v != "" {
		q.Limit, err = strconv.Atoi(v)
		fault("limit", err)
		q.Limit = min(max(q.Limit, 1), ledger.MaxLimit)
	}
	if v := form.Get("after"); v != "" {
		q.After, err = decodeCursor(v)
		fault("after", err)
	}
	return q, errors.Join(faults...)
}

// parseWhen reads "90m", "36h" or "7d" as that long before now, anything else as an RFC 3339 time; empty is zero.
func parseWhen(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil {
			return now.Add(-time.Duration(n * 24 * float64(time.Hour))), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q is neither a duration such as 1h or 7d nor a time such as 2026-01-31T12:00:00Z", s)
	}
	return t, nil
}

func encodeCursor(c ledger.Cursor) string {
	return strconv.FormatInt(c.DecidedAt.UnixNano(), 36) + "-" + hex.EncodeToString(c.Trace[:])
}

func decodeCursor(s string) (c ledger.Cursor, err error) {
	at, id, ok := strings.Cut(s, "-")
	nanos, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil {
		return c, errors.New("is not a cursor of this API")
	}
	c.DecidedAt = time.Unix(0, nanos).UTC()
	trace, err := parseTraceID(id)
	c.Trace = trace
	return c, err
}

func parseTraceID(s string) (id otlp.TraceID, err error) {
	decoded, err := hex.DecodeString(s)
	if err != nil || copy(id[:], decoded) != len(id) || len(decoded) != len(id) {
		return id, fmt.Errorf("%w: %q is not a trace id: want 32 hexadecimal digits", errBadRequest, s)
	}
	return id, nil
}

func (e *Engine) traceView(r *http.Request) (TraceView, error) {
	id, err := parseTraceID(r.PathValue("id"))
	if err != nil {
		return TraceView{}, err
	}
	rows, err := e.ledger.Trace(r.Context(), id)
	if errors.Is(err, ledger.ErrNotFound) {
		if view := e.peek(r.Context(), id); view != nil {
			return *view, nil
		}
	}
	if err != nil {
		return TraceView{}, fmt.Errorf("trace %x: %w", id, err)
	}
	return viewOf(&rows[0]), nil
}

func viewOf(row *ledger.Row) TraceView {
	v := TraceView{
		TraceID: hex.EncodeToString(row.Trace[:]), Session: row.Session, Verdict: row.Verdict.String(), Rules: row.Rules,
		Retention: row.Retention, Probability: row.Probability, PolicyVersion: row.PolicyVersion,
		DecidedAt: row.DecidedAt, Start: row.Start, Facts: row.Facts,
	}
	if v.Rules == nil {
		v.Rules = []string{}
	}
	if x := row.Exported; x != nil {
		if v.Refused = x.Refused; v.Refused == "" {
			v.Exported = &x.At
		}
	}
	return v
}

func (e *Engine) policyView() PolicyView {
	f := e.policy.Load()
	view := PolicyView{File: f.file, Version: f.policy.Version(), From: f.from, Text: string(f.policy.Text())}
	for _, rule := range f.policy.Rules() {
		view.Rules = append(view.Rules, RuleView{Name: rule.Name, When: rule.When, Does: does(&rule)})
	}
	return view
}

// does says in a few words what a rule does with what it matches.
func does(r *policy.Rule) string {
	words := r.Verb.String()
	if r.Verb == policy.Sample {
		words += fmt.Sprintf(" %g%%", 100*r.Probability)
	}
	if r.Retention != "" && r.Retention != policy.DefaultRetention {
		words += " as " + r.Retention
	}
	if r.Limit != "" {
		words += ", at most " + r.Limit
	}
	return words
}

func (e *Engine) retryView(r *http.Request) (RetryView, error) {
	var request RetryRequest
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&request); err != nil {
		return RetryView{}, fmt.Errorf("%w: body: %w", errBadRequest, err)
	}
	var ids []otlp.TraceID
	for _, s := range request.Traces {
		id, err := parseTraceID(s)
		if err != nil {
			return RetryView{}, err
		}
		ids = append(ids, id)
	}
	return RetryView{Retried: e.retry(r.Context(), ids)}, nil
}

// retry hands traces that were set aside over again.
func (e *Engine) retry(ctx context.Context, ids []otlp.TraceID) (retried int) {
	for _, s := range e.shards {
		n := make(chan int, 1)
		if !e.send(ctx, s, retryMessage{ids, n}) {
			return retried
		}
		select {
		case got := <-n:
			retried += got
		case <-e.stopped:
			return retried
		}
	}
	return retried
}
