package ledger

import (
	"math"
	"strings"
	"time"
	"unicode"
)

// nanos returns t as nanoseconds since 1970. The zero time is the smallest number, which instant turns back, so that
// "no time" survives the store and sorts first; times out of range become its ends.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(minTime):
		return math.MinInt64
	case t.After(maxTime):
		return math.MaxInt64
	}
	return t.UnixNano()
}

var (
	minTime = time.Unix(0, math.MinInt64)
	maxTime = time.Unix(0, math.MaxInt64)
)

// instant is the inverse of nanos, in UTC.
func instant(n int64) time.Time {
	if n == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// day counts days in UTC since 1970-01-01.
type day int32

const dayNanos = int64(24 * time.Hour)

// dayOf returns the day that an instant, as nanos gives it, falls on.
func dayOf(n int64) day {
	d := n / dayNanos
	if n%dayNanos < 0 {
		d--
	}
	return day(d)
}

// start returns the first instant of the day, the smallest there is for the first day of all.
func (d day) start() int64 {
	if d <= dayOf(math.MinInt64) {
		return math.MinInt64
	}
	return int64(d) * dayNanos
}

// end returns the first instant after the day, the largest there is for the last day of all.
func (d day) end() int64 {
	if d >= dayOf(math.MaxInt64) {
		return math.MaxInt64
	}
	return int64(d+1) * dayNanos
}

// String returns the day as 2026-11-20.
func (d day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// hourOf counts hours since 1970.
func hourOf(n int64) int64 {
	h := n / int64(time.Hour)
	if n%int64(time.Hour) < 0 {
		h--
	}
	return h
}

// ruleMark stands before and after each name in a row's rules, so that one substring search finds a name.
const ruleMark = "\x1f"

// packRules returns the names as one text, "" for none: 1F errors 1F slow 1F.
func packRules(names []string) string {
	var b strings.Builder
	for _, name := range names {
		if b.Len() == 0 {
			b.WriteString(ruleMark)
		}
		b.WriteString(cleanName(name))
		b.WriteString(ruleMark)
	}
	return b.String()
}

// cleanName makes every control character a space, so that none can be taken for a mark.
func cleanName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
}

// unpackRules is the inverse of packRules, nil for none.
func unpackRules(text string) []string {
	if len(text) < 2*len(ruleMark) {
		return nil
	}
	return strings.Split(text[len(ruleMark):len(text)-len(ruleMark)], ruleMark)
}

// limitOf returns the rows that a query with this limit may return.
func limitOf(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// span returns the instants that q asks for: from, and before until.
func (q *Query) span() (from, until int64) {
	from, until = nanos(q.Since), math.MaxInt64
	if !q.Until.IsZero() {
		until = nanos(q.Until)
	}
	return from, until
}
