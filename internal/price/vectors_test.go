package price_test

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/price"
)

// vector is a call, and what the package that the price data comes from computes for it.
type vector struct {
	Provider, Model string
	At              time.Time
	Usage           [5]int64
	Batch           bool
	Tier            string
	USD             string
	Unpriced        bool
}

func (v vector) call() price.Call {
	return price.Call{
		Provider: v.Provider, Model: v.Model, At: v.At, Batch: v.Batch, ServiceTier: v.Tier,
		Usage: price.Usage{Input: v.Usage[0], CacheRead: v.Usage[1], CacheWrite: v.Usage[2], Output: v.Usage[3], Reasoning: v.Usage[4]},
	}
}

func vectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("read vectors: %v", err)
	}
	if len(file.Cases) < 300 {
		t.Fatalf("got %d vectors, want at least 300", len(file.Cases))
	}
	return file.Cases
}

// TestCost_AgreesWithGenaiPrices holds every vector to within half a nanodollar, and a part in 10^9 for prices that the
// data gives with more decimals than we keep.
func TestCost_AgreesWithGenaiPrices(t *testing.T) {
	table := price.BuiltIn()
	for _, v := range vectors(t) {
		usd, ok := table.Cost(v.call())
		nanos, okNanos := table.CostNanos(v.call())
		if ok != !v.Unpriced || okNanos != ok {
			name, _ := table.Match(v.Provider, v.Model)
			t.Errorf("%+v: got priced %v and %v (as %q), want %v", v, ok, okNanos, name, !v.Unpriced)
			continue
		}
		if v.Unpriced {
			continue
		}
		want, good := new(big.Float).SetString(v.USD)
		if !good {
			t.Fatalf("vector %+v: no number", v)
		}
		wantUSD, _ := want.Float64()
		if math.Abs(usd-wantUSD) > wantUSD*1e-9 {
			name, _ := table.Match(v.Provider, v.Model)
			t.Errorf("%+v: got $%v (as %q), want $%v", v, usd, name, wantUSD)
		}
		if math.Abs(float64(nanos)-wantUSD*1e9) > 0.5000001+wantUSD {
			t.Errorf("%+v: got %d nanodollars, want %v", v, nanos, wantUSD*1e9)
		}
	}
}
