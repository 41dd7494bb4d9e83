package agent

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestExactSum compares with sums in 3000 bits, and with itself in another order.
func TestExactSum(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 2))
		var terms []float64
		for range 1 + r.IntN(60) {
			x := (r.Float64() - 0.5) * []float64{1, 1e-9, 1e17, 1e200, 1e-300}[r.IntN(5)]
			terms = append(terms, x)
			if r.IntN(3) == 0 {
				terms = append(terms, -x)
			}
		}
		exact := new(big.Float).SetPrec(3000)
		for _, x := range terms {
			exact.Add(exact, new(big.Float).SetFloat64(x))
		}
		want, _ := exact.Float64()
		for range 3 {
			var s exactSum
			for _, x := range terms {
				s = s.add(x)
			}
			if got := s.value(); got != want {
				t.Fatalf("seed %d: got %v, want %v", seed, got, want)
			}
			r.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
		}
	}
}

// TestExactSum_Halves has sums that lie halfway between two floats but for a last term.
func TestExactSum_Halves(t *testing.T) {
	for _, test := range []struct {
		terms []float64
		want  float64
	}{
		{[]float64{1 << 53, 1, 1e-20}, 1<<53 + 2},
		{[]float64{1 << 53, 1}, 1 << 53},
		{[]float64{1 << 53, 1, -1e-20}, 1 << 53},
		{[]float64{1e308, 1e308}, 2 * sumLimit},
		{[]float64{0.1, 0.2, 0.3, -0.3, -0.2, -0.1}, 0},
	} {
		var s exactSum
		for _, x := range test.terms {
			s = s.add(x)
		}
		if got := s.value(); got != test.want {
			t.Errorf("sum of %v: got %v, want %v", test.terms, got, test.want)
		}
	}
}

// TestInterner_Bound floods an interner and asks for a name now and then.
func TestInterner_Bound(t *testing.T) {
	var in Interner
	first := in.text([]byte("agents"))
	for i := range 20 * generationN {
		in.text(fmt.Appendf(nil, "GET /users/%d", i))
		if i%100 == 0 {
			in.text([]byte("agents"))
		}
	}
	if n := len(in.young) + len(in.old); n > 2*generationN {
		t.Errorf("got %d texts, want at most %d", n, 2*generationN)
	}
	name := []byte("agents")
	if allocs := testing.AllocsPerRun(10, func() { first = in.text(name) }); allocs != 0 || first != "agents" {
		t.Errorf("a name that keeps coming: got %q with %v allocations, want agents with none", first, allocs)
	}
}

// TestTables_Sound holds the tables to what NewPlan relies on.
func TestTables_Sound(t *testing.T) {
	roles := make(map[string]role)
	for _, table := range tables {
		if table.source == "" || tableOf[table.dialect] != table {
			t.Errorf("%v: has no source, or another table speaks for it", table.dialect)
		}
		for i := range table.rows {
			r := &table.rows[i]
			if as, seen := roles[r.key]; seen && as != r.role {
				t.Errorf("%s: means different things in two tables", r.key)
			}
			roles[r.key] = r.role
			if (r.role == roleNone) != (r.members != nil) || r.role == roleKind && r.words == nil {
				t.Errorf("%v: %s: has no role, or no words to know a kind by", table.dialect, r.key)
			}
			for word := range r.words {
				if word != strings.ToLower(word) || strings.Contains(word, " ") {
					t.Errorf("%v: %s: %q is not one word in lower case", table.dialect, r.key, word)
				}
			}
		}
	}
}
