// Package ledger keeps one row per decided trace: what was decided, when, by which rules of which policy, on what
// facts, and whether the backend has taken it. It is an index applied from a log: losing it loses look-up and
// history, never evidence, and applying the log again from any earlier position leads to the same rows.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotFound says that the ledger holds no such trace or policy.
	ErrNotFound = errors.New("not in the ledger")
	// ErrDamaged says that the file is not a sound ledger: torn, overwritten, or something else's. Set it aside
	// and start anew; the log fills what it still holds.
	ErrDamaged = errors.New("damaged ledger")
	// ErrNewer says that a newer version of the program wrote the file. It is left as it is.
	ErrNewer = errors.New("ledger written by a newer version")
)

// TraceID is the 16 bytes of an OTLP trace id.
type TraceID = [16]byte

// Verdict is what was decided of a trace. Its numbers are on disk and never change.
type Verdict uint8

// The verdicts; zero is none.
const (
	Keep Verdict = 1
	Drop Verdict = 2
	Hold Verdict = 3
)

// String returns the verdict as people write it, "verdict(7)" for an unknown one.
func (v Verdict) String() string {
	switch v {
	case Keep:
		return "keep"
	case Drop:
		return "drop"
	case Hold:
		return "hold"
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// ParseVerdict is the inverse of String for known verdicts.
func ParseVerdict(s string) (Verdict, error) {
	for _, v := range []Verdict{Keep, Drop, Hold} {
		if s == v.String() {
			return v, nil
		}
	}
	return 0, fmt.Errorf("unknown verdict %q: want keep, drop or hold", s)
}

// Row is one decision on one trace. Trace and DecidedAt together name it: a trace whose spans go on after its
// verdict can be decided again.
//
// Times are kept to the nanosecond, between the years 1678 and 2262, and come back in UTC.
type Row struct {
	Trace     TraceID
	Session   string // "" = none known
	DecidedAt time.Time
	Start     time.Time // of the earliest span
	Duration  time.Duration
	SpansN    int

	Verdict       Verdict
	Rules         []string // names of all rules that matched; control characters in them become spaces
	Retention     string   // retention class, "" for a drop
	Probability   float64  // with which chance kept it; 1 for kept for cause
	PolicyVersion string

	Facts json.RawMessage // as its writer rendered them; nil = none

	Exported *Export // filled on reading, ignored by Apply; nil = the backend has not answered
}

// Export says that the backend has answered for a trace, through a position of the log.
type Export struct {
	Trace     TraceID
	DecidedAt time.Time // of the row that it belongs to
	At        time.Time
	Through   uint64 // spans before this log position are covered
	Refused   string // why the backend refused for good; "" = it accepted
}

// PolicyUse says that a policy is in force from a moment on, until the next one.
type PolicyUse struct {
	Version   string // hash of the text
	Text      []byte
	From      time.Time
	Calibrate time.Duration // how long its ranks only learn
}

// Batch is a contiguous piece of the log, as the ledger sees it.
type Batch struct {
	Through  uint64 // log position after the last entry
	Rows     []Row
	Exports  []Export // in log order; one without its row is ignored
	Policies []PolicyUse
}

// DefaultLimit and MaxLimit bound the rows that one Query returns.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// Query chooses rows. Its zero value asks for the newest DefaultLimit rows.
type Query struct {
	Since   time.Time // decided at or after; zero = no bound
	Until   time.Time // decided before; zero = no bound
	Verdict Verdict   // 0 = any
	Rule    string    // among Row.Rules; "" = any
	Session string    // "" = any
	Limit   int       // rows; 0 = DefaultLimit, at most MaxLimit
	After   Cursor    // the last row of the page before; zero = from the newest
}

// Cursor is a place in the order that Traces returns rows in. It stays good when rows come and go.
type Cursor struct {
	DecidedAt time.Time
	Trace     TraceID
}

// Cursor returns the place just behind r.
func (r *Row) Cursor() Cursor { return Cursor{DecidedAt: r.DecidedAt, Trace: r.Trace} }

// Counts sums up rows.
type Counts struct {
	Verdicts map[Verdict]int64
	Rules    map[string]int64 // rows by each rule that matched; one row counts under each of its rules
}

// Store keeps the ledger. All its methods are safe for concurrent use; one Apply runs at a time, and readers neither
// wait for it nor see half of it. The store keeps no slice that it is given, and the caller owns what it gets.
// No call is retried inside; every call is safe to repeat.
//
// Rows are ordered newest first: by DecidedAt, and by trace id among equals, both falling.
type Store interface {
	// Apply adds a batch, whole or not at all. A batch at or before Applied changes nothing; of one that reaches
	// over it, rows that are there already stay as they are, and a later export takes the place of an earlier one.
	// When it returns the batch survives the end of the process, but not loss of power: see Checkpoint.
	Apply(ctx context.Context, b Batch) error
	// Applied returns Through of the last batch, 0 for none.
	Applied(ctx context.Context) (uint64, error)
	// Checkpoint makes all that was applied survive loss of power, and returns Applied as of then. The log before
	// that position is not needed any more.
	Checkpoint(ctx context.Context) (uint64, error)
	// Synced returns what the last Checkpoint returned, by this process or the one before.
	Synced(ctx context.Context) (uint64, error)

	// Trace returns all rows of a trace, newest first, or ErrNotFound.
	Trace(ctx context.Context, id TraceID) ([]Row, error)
	// Traces returns the rows that q asks for, newest first; none is no error.
	Traces(ctx context.Context, q Query) ([]Row, error)
	// Verdicts calls fn for every row decided at or after since, newest first, until fn returns false. Rows that
	// are applied meanwhile may be missing. No transaction is open while fn runs.
	Verdicts(ctx context.Context, since time.Time, fn func(TraceID, Verdict) bool) error
	// Counts sums up the rows decided at or after since.
	Counts(ctx context.Context, since time.Time) (Counts, error)

	// PolicyUses returns every use, newest first.
	PolicyUses(ctx context.Context) ([]PolicyUse, error)
	// Policy returns the newest use of a version, or ErrNotFound.
	Policy(ctx context.Context, version string) (PolicyUse, error)

	// Expire drops whole days (of DecidedAt, in UTC) that ended at or before before, then the oldest until Bytes is
	// at most maxBytes (0 = no bound), but never today or later. It returns the dropped days, oldest first, as
	// 2026-11-20; with an error, those that are gone nevertheless.
	Expire(ctx context.Context, before time.Time, maxBytes int64) (days []string, err error)
	// Bytes returns the space taken.
	Bytes(ctx context.Context) (int64, error)
	// Close waits for calls in flight and closes the store. What was applied stays applied.
	Close() error
}
