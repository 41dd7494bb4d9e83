package meter

import "math"

// scale makes eight buckets of an octave, each 9 % wider than the one before, so that a quantile is told to 4.5 %.
// One scale for all: durations lie within a few octaves, and series of one scale need not be brought to each other.
const (
	scale   = 3
	octave  = 1 << scale
	least   = 1e-6       // seconds; what is shorter counts as zero
	longest = 14 * 86400 // seconds; what is longer counts as this
)

// histogram is an exponential histogram of seconds.
type histogram struct {
	count, zeros uint64
	sum          float64
	min, max     float64
	offset       int32    // index of the first bucket
	buckets      []uint64 // bucket i holds (base^i, base^(i+1)], base being 2^(1/octave)
}

// bounds are the upper bounds of the buckets of one octave, as fractions that math.Frexp gives.
var bounds = func() (b [octave + 1]float64) {
	for j := range b {
		b[j] = math.Exp2(float64(j)/octave - 1)
	}
	return b
}()

// bucketOf returns the index of the bucket that a positive number falls into.
func bucketOf(v float64) int32 {
	fraction, exponent := math.Frexp(v)
	low, high := 0, octave
	for low < high {
		if middle := (low + high) / 2; fraction <= bounds[middle] {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return int32((exponent-1)*octave + low - 1)
}

func (h *histogram) add(seconds float64) {
	seconds = min(max(seconds, 0), longest)
	if h.count == 0 || seconds < h.min {
		h.min = seconds
	}
	h.max = max(h.max, seconds)
	h.count++
	h.sum += seconds
	if seconds < least {
		h.zeros++
		return
	}
	h.bucket(bucketOf(seconds))
}

// bucket counts one in the bucket of that index, making room for it. There are at most as many as fit between least
// and longest.
func (h *histogram) bucket(at int32) {
	switch {
	case len(h.buckets) == 0:
		h.offset, h.buckets = at, make([]uint64, 1, octave)
	case at < h.offset:
		grown := make([]uint64, len(h.buckets)+int(h.offset-at))
		copy(grown[h.offset-at:], h.buckets)
		h.offset, h.buckets = at, grown
	}
	for int(at-h.offset) >= len(h.buckets) {
		h.buckets = append(h.buckets, 0)
	}
	h.buckets[at-h.offset]++
}
