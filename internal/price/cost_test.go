package price_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/price"
)

func TestUsage_Valid(t *testing.T) {
	for _, c := range []struct {
		usage price.Usage
		want  bool
	}{
		{price.Usage{}, true},
		{price.Usage{Input: 10, CacheRead: 4, CacheWrite: 6, Output: 3, Reasoning: 3}, true},
		{price.Usage{Input: 10, CacheRead: 5, CacheWrite: 6}, false},
		{price.Usage{Input: 10, CacheRead: 11}, false},
		{price.Usage{Output: 3, Reasoning: 4}, false},
		{price.Usage{Input: -1}, false},
		{price.Usage{Output: -1, Reasoning: -1}, false},
		{price.Usage{Input: math.MaxInt64, CacheRead: math.MaxInt64, CacheWrite: math.MaxInt64}, false},
		{price.Usage{Input: 1, CacheRead: 2, CacheWrite: -1}, false},
	} {
		if got := c.usage.Valid(); got != c.want {
			t.Errorf("%+v: got valid %v, want %v", c.usage, got, c.want)
		}
		if _, ok := price.BuiltIn().Cost(price.Call{Model: "gpt-4o", Usage: c.usage}); ok != c.want {
			t.Errorf("cost of %+v: got known %v, want %v", c.usage, ok, c.want)
		}
	}
}

func TestCost_AbsurdCountsHaveNone(t *testing.T) {
	for _, c := range []struct {
		output int64
		want   bool
	}{{math.MaxInt64, false}, {math.MaxInt64 / 10_000, true}} { // 0.9e15 tokens at $10 a million
		call := price.Call{Model: "gpt-4o", Usage: price.Usage{Output: c.output}}
		nanos, ok := price.BuiltIn().CostNanos(call)
		usd, okUSD := price.BuiltIn().Cost(call)
		if ok != c.want || okUSD != c.want || nanos < 0 || usd < 0 {
			t.Errorf("%d tokens: got %d nanodollars, %v, and $%v, %v; want known %v", c.output, nanos, ok, usd, okUSD, c.want)
		}
	}
}

func TestCostNanos_RoundsToTheNearest(t *testing.T) {
	table := with(t, "models: [{match: m, prices: {input: 0.0004999, output: 0.0005}}]")
	for _, c := range []struct {
		usage price.Usage
		want  int64
	}{{price.Usage{Input: 1}, 0}, {price.Usage{Output: 1}, 1}, {price.Usage{Input: 1, Output: 1}, 1}, {price.Usage{Output: 3}, 2}} {
		if got, ok := table.CostNanos(price.Call{Model: "m", Usage: c.usage}); !ok || got != c.want {
			t.Errorf("%+v: got %d nanodollars, %v, want %d", c.usage, got, ok, c.want)
		}
	}
}

// TestCost_MoreTokensCostNoLess adds tokens of each kind to every vector's call, by itself and with the count that includes it.
func TestCost_MoreTokensCostNoLess(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	table := price.BuiltIn()
	for _, v := range vectors(t) {
		call := v.call()
		before, ok := table.CostNanos(call)
		if !ok {
			continue
		}
		more := dice.Int64N(1_000_000)
		for _, kind := range []struct {
			name string
			add  func(u *price.Usage)
		}{
			{"input", func(u *price.Usage) { u.Input += more }},
			{"cache read", func(u *price.Usage) { u.Input += more; u.CacheRead += more }},
			{"cache write", func(u *price.Usage) { u.Input += more; u.CacheWrite += more }},
			{"output", func(u *price.Usage) { u.Output += more }},
			{"reasoning", func(u *price.Usage) { u.Output += more; u.Reasoning += more }},
		} {
			grown := call
			kind.add(&grown.Usage)
			after, ok := table.CostNanos(grown)
			if !ok || after < before {
				t.Errorf("%+v: got %d nanodollars, %v with %d more of %s, want at least %d", call, after, ok, more, kind.name, before)
			}
		}
	}
}

func TestCost_AllocatesNothingWhenWarm(t *testing.T) {
	table := price.BuiltIn()
	for _, call := range []price.Call{
		{Provider: "openai", Model: "gpt-4o"},
		{Provider: "openai", Model: "my-deployment", RequestModel: "gpt-4o-mini", Batch: true, At: time.Unix(1_790_000_000, 0)},
		{Provider: "openai", Model: "gpt-5.6-sol", ServiceTier: "fast", Usage: price.Usage{Input: 300_000}},
		{Provider: "acme", Model: "never-heard-of"},
	} {
		table.Cost(call)
		if got := testing.AllocsPerRun(100, func() { table.Cost(call); table.CostNanos(call) }); got != 0 {
			t.Errorf("%+v: got %v allocations, want 0", call, got)
		}
	}
}

// TestMatch_KeepsNoTextOfTheCaller overwrites the memory that a name stood in.
func TestMatch_KeepsNoTextOfTheCaller(t *testing.T) {
	table := with(t, "models: [{match: aaaa, prices: {input: 1}}]")
	memory := []byte("aaaa")
	if _, ok := table.Match("", unsafeString(memory)); !ok {
		t.Fatal("got no match for aaaa")
	}
	copy(memory, "bbbb")
	if got, ok := table.Match("", "bbbb"); ok {
		t.Errorf("got %q for bbbb, want none", got)
	}
	if _, ok := table.Match("", "aaaa"); !ok {
		t.Error("got no match for aaaa after its memory was used again")
	}
}

// TestMatch_MadeUpNames goes past the bound of what is remembered.
func TestMatch_MadeUpNames(t *testing.T) {
	table := with(t, "models: [{match: {ends_with: '9'}, prices: {input: 1}}]")
	name := make([]byte, 8)
	for i := range 10_000 {
		for j := range name {
			name[j] = "0123456789"[i/pow10(j)%10]
		}
		if _, ok := table.Match("", string(name)+string(name[0])); ok != (name[0] == '9') {
			t.Fatalf("name %s: got priced %v", name, ok)
		}
	}
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// TestTable_ConcurrentUse is for the race detector, and holds that all callers get the same.
func TestTable_ConcurrentUse(t *testing.T) {
	table := with(t, example)
	calls := vectors(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, v := range calls {
				got, ok := table.CostNanos(v.call())
				if want, wantOK := price.BuiltIn().CostNanos(v.call()); got != want || ok != wantOK {
					t.Errorf("%+v: got %d nanodollars, %v, want %d, %v", v, got, ok, want, wantOK)
				}
			}
		})
	}
	all.Wait()
}
