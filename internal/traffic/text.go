package traffic

import (
	"math/rand/v2"
	"time"
)

// appendText appends exactly n bytes of words and sentences, which need no escaping in JSON.
func appendText(dst []byte, rng *rand.Rand, n int) []byte {
	end := len(dst) + max(n, 0)
	for len(dst) < end {
		// Two draws from one word of randomness; the product leans towards the front, where the frequent words are.
		r := rng.Uint64()
		i := int(uint32(r)) % len(words) * (int(uint32(r>>32)) % len(words)) / len(words)
		dst = append(dst, words[i]...)
		if r>>60 == 0 {
			dst = append(dst, '.')
		}
		dst = append(dst, ' ')
	}
	return dst[:end]
}

const hexDigits = "0123456789abcdef"

// randomHex returns n random hexadecimal digits.
func randomHex(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = hexDigits[rng.IntN(16)]
	}
	return string(b)
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// intBetween draws from the range r, both ends included.
func intBetween(rng *rand.Rand, r [2]int) int { return r[0] + rng.IntN(r[1]-r[0]+1) }

func between(rng *rand.Rand, r [2]time.Duration) time.Duration {
	return r[0] + time.Duration(rng.Int64N(int64(r[1]-r[0])+1))
}

// skewed draws a positive factor with mean 1, mostly below it and now and then far above, as lengths of texts are.
func skewed(rng *rand.Rand) float64 { return 0.3 + 0.7*min(rng.ExpFloat64(), 6)/0.9975212 }
