package agent

import (
	"math"
	"slices"

	"github.com/tailwise/tailwise/internal/otlp"
)

// maxValues is how many distinct values of one attribute key facts remember: the lowest, by kind and value, so that
// the order of arrival does not matter.
const maxValues = 16

// AttrStats is what facts know of one attribute key over the spans of a trace. What stands on a resource or scope
// counts for each of its spans, and what stands on a span's events for the span.
type AttrStats struct {
	Count    int64   // spans that have the key
	NumN     int64   // finite numbers among its values, text like "12" included
	Sum      float64 // of the numbers, as Min and Max; of no meaning when NumN is 0
	Min, Max float64
	Values   []Value // distinct and sorted, at most 16; shared with the facts, not to be changed
	More     bool    // there were more distinct values than Values holds
}

// attrFold gathers an AttrStats.
type attrFold struct {
	count, numN int64
	min, max    float64
	sum         exactSum
	values      []Value
	more        bool
}

func (f *attrFold) reset() {
	*f = attrFold{sum: f.sum[:0], values: slices.Delete(f.values, 0, len(f.values))}
}

// add counts one value. The span itself is counted by the caller, as it may have the key in several places.
func (f *attrFold) add(a *otlp.Attr, body []byte, in *Interner) {
	if n, ok := numberOf(a, body); ok {
		if f.numN == 0 {
			f.min, f.max = n, n
		}
		f.min, f.max = min(f.min, n), max(f.max, n)
		f.sum = f.sum.add(n)
		f.numN++
	}
	if a.Type == otlp.ValueArray {
		otlp.EachElement(body, a.Val, func(e otlp.Attr) { f.keep(&e, body, in) })
		return
	}
	f.keep(a, body, in)
}

// keep remembers a value if it is among the lowest.
func (f *attrFold) keep(a *otlp.Attr, body []byte, in *Interner) {
	v, ok := valueOf(a, body, in)
	if !ok {
		return
	}
	at, found := slices.BinarySearchFunc(f.values, v, compareValues)
	if found {
		return
	}
	if len(f.values) == maxValues {
		f.more = true
		if at == maxValues {
			return
		}
		f.values = slices.Delete(f.values, maxValues-1, maxValues)
	}
	f.values = slices.Insert(f.values, at, v)
}

func (f *attrFold) stats() AttrStats {
	return AttrStats{
		Count: f.count, NumN: f.numN, Sum: f.sum.value(), Min: f.min, Max: f.max, Values: f.values, More: f.more,
	}
}

// exactSum is a sum without rounding error: floats that do not overlap, the smallest first, which together are the
// exact sum (Shewchuk, Adaptive precision floating-point arithmetic, 1997). A plain float64 sum depends on the order
// of its terms, and spans arrive in any order. One or two floats is the rule.
type exactSum []float64

// sumLimit cuts terms so that no sum of them overflows.
const sumLimit = 1e290

func (s exactSum) add(x float64) exactSum {
	x = max(-sumLimit, min(sumLimit, x))
	n := 0
	for _, y := range s {
		if math.Abs(x) < math.Abs(y) {
			x, y = y, x
		}
		high := x + y
		if low := y - (high - x); low != 0 {
			s[n] = low
			n++
		}
		x = high
	}
	return append(s[:n], x)
}

// value rounds the sum, once.
func (s exactSum) value() float64 {
	n := len(s)
	if n == 0 {
		return 0
	}
	sum, low := s[n-1], 0.0
	for n--; n > 0 && low == 0; n-- {
		x := sum
		sum = x + s[n-1]
		low = s[n-1] - (sum - x)
	}
	// The sum lies halfway between two floats, and what is left decides which is nearer.
	if n > 0 && (low < 0 && s[n-1] < 0 || low > 0 && s[n-1] > 0) {
		twice := low * 2
		if x := sum + twice; x-sum == twice {
			sum = x
		}
	}
	return sum + 0 // minus zero is zero
}
