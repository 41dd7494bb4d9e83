package price

import (
	"cmp"
	"errors"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// slot is what a price is for.
type slot int

const (
	input slot = iota
	cacheRead
	cacheWrite
	output
	reasoning
	requests
	slots
)

// slotNames is how files name the slots. All are in dollars per million tokens, but the last.
var slotNames = [slots]string{"input", "cache_read", "cache_write", "output", "reasoning", "per_1000_requests"}

// digits is how many decimals of its unit a price has.
func (s slot) digits() int {
	if s == requests {
		return 12
	}
	return 9
}

// femto is a price of one token or request: 1e-15 dollars. A price of 1e-9 dollars per million tokens is one.
type femto uint64

// maxPrice is the highest price of a file, in whole dollars of its unit. It keeps sums within 128 bits.
const maxPrice = 1_000_000

// rate is what one token or request costs, by how long the input is.
type rate struct {
	known bool
	base  femto
	steps []step // ascending
}

// step is the price of every token of a call whose input has more than above tokens.
type step struct {
	above int64
	price femto
}

// at returns the price for a call with so many input tokens.
func (r *rate) at(inputTokens int64) femto {
	for i := len(r.steps) - 1; i >= 0; i-- {
		if inputTokens > r.steps[i].above {
			return r.steps[i].price
		}
	}
	return r.base
}

func (r *rate) sort() {
	slices.SortFunc(r.steps, func(a, b step) int { return cmp.Compare(a.above, b.above) })
}

// rates is a set of prices.
type rates [slots]rate

// dated is a set of prices and when it holds.
type dated struct {
	from    time.Time // the zero time: ever since
	between span      // of each day
	// otherUnits says that the model is priced in what spans do not count, such as hours of audio.
	otherUnits bool
	rates      rates
}

// holds tells whether the prices hold at that time.
func (d *dated) holds(at time.Time) bool {
	if at.IsZero() {
		return !d.between.set
	}
	return !at.Before(d.from) && d.between.holds(at)
}

// span is a part of each day, in seconds since midnight UTC. It may go past midnight. The zero span is all day.
type span struct {
	set        bool
	start, end int
}

func (s span) holds(at time.Time) bool {
	if !s.set {
		return true
	}
	hour, minute, second := at.UTC().Clock()
	now := hour*3600 + minute*60 + second
	if s.end < s.start {
		return now >= s.start || now < s.end
	}
	return s.start <= now && now < s.end
}

// parseSpan reads "16:30-00:30".
func parseSpan(text string) (span, error) {
	start, end, ok := strings.Cut(text, "-")
	if !ok {
		return span{}, errors.New(`not two times of day, such as "16:30-00:30"`)
	}
	from, err1 := time.Parse("15:04", strings.TrimSpace(start))
	to, err2 := time.Parse("15:04", strings.TrimSpace(end))
	if errors.Join(err1, err2) != nil {
		return span{}, errors.New(`not two times of day, such as "16:30-00:30"`)
	}
	seconds := func(t time.Time) int { return t.Hour()*3600 + t.Minute()*60 }
	return span{set: true, start: seconds(from), end: seconds(to)}, nil
}

// parseDate reads "2026-01-31", which starts at midnight UTC.
func parseDate(text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, errors.New("not a date, such as 2026-01-31")
	}
	return t, nil
}

// parsePrice reads a decimal number of dollars exactly. digits is how many decimals it may have.
func parsePrice(text string, digits int) (femto, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, errors.New("not a price: a number of dollars, such as 2.5")
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > digits {
		return 0, errors.New("a price with too many decimals")
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > len("1000000") {
		return 0, errors.New("a price above a million dollars")
	}
	var value, unit femto = 0, 1
	for range digits {
		unit *= 10
	}
	for _, c := range whole + fraction + strings.Repeat("0", digits-len(fraction)) {
		value = value*10 + femto(c-'0')
	}
	if value > maxPrice*unit {
		return 0, errors.New("a price above a million dollars")
	}
	return value, nil
}

// sum is an amount of femtodollars, in 128 bits. With prices of at most maxPrice dollars, no sum over the slots of a
// call overflows it.
type sum struct{ hi, lo uint64 }

// add adds count times price.
func (s *sum) add(price femto, count int64) {
	hi, lo := bits.Mul64(uint64(price), uint64(count))
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi += hi + carry
}

// femtoPerNano is how many femtodollars a nanodollar has.
const femtoPerNano = 1_000_000

// nanos returns the amount in nanodollars, rounded to the nearest, half up. ok is false above nine billion dollars.
func (s sum) nanos() (n int64, ok bool) {
	lo, carry := bits.Add64(s.lo, femtoPerNano/2, 0)
	hi := s.hi + carry
	if hi >= femtoPerNano {
		return 0, false
	}
	quotient, _ := bits.Div64(hi, lo, femtoPerNano)
	return int64(quotient), quotient <= 1<<63-1
}

// usd returns the amount in dollars.
func (s sum) usd() float64 {
	return (float64(s.hi)*(1<<64) + float64(s.lo)) / 1e15
}
