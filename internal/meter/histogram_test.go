package meter

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBucketOf holds the table to the definition: bucket i is (base^i, base^(i+1)].
func TestBucketOf(t *testing.T) {
	check := func(v float64) {
		i := bucketOf(v)
		low, high := math.Exp2(float64(i)/octave), math.Exp2(float64(i+1)/octave)
		if v <= low*(1-1e-15) || v > high*(1+1e-15) {
			t.Errorf("%g: got bucket %d, which is (%g, %g]", v, i, low, high)
		}
	}
	for i := -200; i < 200; i++ {
		exact := math.Exp2(float64(i))
		if got, want := bucketOf(exact), int32(i*octave-1); got != want {
			t.Errorf("%g, a power of two: got bucket %d, want %d, as bounds belong to the bucket below", exact, got, want)
		}
		check(exact * 1.01)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		check(math.Exp2(rng.Float64()*80 - 40))
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for _, seconds := range []float64{1, 0.001, 100, 0, -5, 1e300, 1} {
		h.add(seconds)
	}
	var inBuckets uint64
	for _, n := range h.buckets {
		inBuckets += n
	}
	if h.count != 7 || h.zeros != 2 || inBuckets != 5 {
		t.Errorf("counts: got %d, %d zeros, %d in buckets, want 7, 2 and 5", h.count, h.zeros, inBuckets)
	}
	if h.min != 0 || h.max != longest || h.sum != longest+102.001 {
		t.Errorf("extremes: got %g to %g, sum %g", h.min, h.max, h.sum)
	}
	if most := 50 * octave; len(h.buckets) > most {
		t.Errorf("buckets: got %d, want at most %d", len(h.buckets), most)
	}
	if at := bucketOf(1) - h.offset; h.buckets[at] != 2 {
		t.Errorf("the bucket of a second: got %d, want 2", h.buckets[at])
	}
}
