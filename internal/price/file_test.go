package price_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/price"
)

const example = `
providers:
  corp-gateway: openai
  Front-Door: "*"
models:
  - match: llama-3.3-70b
    provider: vllm
    prices: {input: 0.2, output: 0.6}
  - match: {starts_with: prod-gpt}
    provider: azure
    as: openai/gpt-4o
  - match: [in-house, {regex: '^in-house-\d+b$'}, {and: [{contains: house}, {not: {ends_with: -free}}]}]
    prices:
      - input: 10
        cache_read: 1
        cache_write: 12.5
        output: {base: 20, above: {1000: 40, 100: 30}}
        reasoning: 50
        per_1000_requests: 5
      - {from: 2026-06-01, input: 1, output: 2}
      - {between: 22:00-06:00, input: 0.5, output: 1}
    batch: {input: 4}
    service_tiers:
      priority: {output: 200}
`

func with(t testing.TB, text string) *price.Table {
	t.Helper()
	table, err := price.BuiltIn().With("conf/prices.yaml", []byte(text))
	if err != nil {
		t.Fatalf("read prices: %v", err)
	}
	return table
}

func TestWith_FindsTheUsersPricesFirst(t *testing.T) {
	table := with(t, example)
	for _, c := range []struct{ provider, model, want string }{
		{"vllm", "llama-3.3-70b", "prices.yaml:6"},
		{"vllm", "Llama-3.3-70B@rev2", "prices.yaml:6"},
		{"ollama", "llama-3.3-70b", ""},
		{"", "llama-3.3-70b", ""},
		{"azure.ai.openai", "prod-gpt-eu", "openai/gpt-4o"},
		{"openai", "prod-gpt-eu", ""},
		{"corp-gateway", "gpt-4o-mini", "openai/gpt-4o-mini"},
		{"front-door", "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"},
		{"anyone", "in-house-70b", "prices.yaml:12"},
		{"", "in-house", "prices.yaml:12"},
		{"", "house", "prices.yaml:12"},
		{"", "house-free", ""},
		{"openai", "gpt-4o", "openai/gpt-4o"},
	} {
		got, ok := table.Match(c.provider, c.model)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("provider %q, model %q: got %q, want %q", c.provider, c.model, got, c.want)
		}
	}
	if _, ok := price.BuiltIn().Match("vllm", "llama-3.3-70b"); ok {
		t.Error("the table that prices were laid upon has changed")
	}
}

func TestWith_CountsEveryPrice(t *testing.T) {
	table := with(t, example)
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	million := func(c price.Call) price.Call {
		c.Model = "in-house"
		if c.Usage == (price.Usage{}) {
			c.Usage = price.Usage{Input: 1_000_000, CacheRead: 200_000, CacheWrite: 300_000, Output: 1_000_000, Reasoning: 100_000}
		}
		return c
	}
	for _, c := range []struct {
		name string
		call price.Call
		want int64 // nanodollars
	}{
		{"every count", price.Call{At: noon}, 5e9 + 0.2e9 + 3.75e9 + 36e9 + 5e9 + 5e6},
		{"nothing but the request", price.Call{At: noon, Usage: price.Usage{Output: 0, Input: 1}}, 10_000 + 5e6},
		{"input at a step", price.Call{At: noon, Usage: price.Usage{Input: 100, Output: 1000}}, 1e6 + 20e6 + 5e6},
		{"input above a step", price.Call{At: noon, Usage: price.Usage{Input: 101, Output: 1000}}, 1.01e6 + 30e6 + 5e6},
		{"input above two", price.Call{At: noon, Usage: price.Usage{Input: 1001, Output: 1000}}, 10.01e6 + 40e6 + 5e6},
		{"after the change, with cached input at the price of input", price.Call{At: noon.AddDate(0, 6, 0)}, 1e9 + 2e9},
		{"the day of the change", price.Call{At: time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)}, 1e9 + 2e9},
		{"the evening before it", price.Call{At: time.Date(2026, 5, 31, 21, 59, 59, 0, time.UTC)}, 5e9 + 0.2e9 + 3.75e9 + 36e9 + 5e9 + 5e6},
		{"in another zone, the evening before it in UTC", price.Call{At: time.Date(2026, 6, 1, 3, 59, 59, 0, time.FixedZone("", 6*3600))}, 5e9 + 0.2e9 + 3.75e9 + 36e9 + 5e9 + 5e6},
		{"at night", price.Call{At: noon.Add(10 * time.Hour)}, 0.5e9 + 1e9},
		{"before the night ends", price.Call{At: noon.Add(18*time.Hour - 1)}, 0.5e9 + 1e9},
		{"without a time", price.Call{}, 1e9 + 2e9},
		{"batch", price.Call{At: noon, Batch: true}, 2e9 + 0.2e9 + 3.75e9 + 36e9 + 5e9 + 5e6},
		{"priority", price.Call{At: noon, ServiceTier: "priority"}, 5e9 + 0.2e9 + 3.75e9 + 180e9 + 5e9 + 5e6},
		{"a tier without prices", price.Call{At: noon, ServiceTier: "gold"}, 5e9 + 0.2e9 + 3.75e9 + 36e9 + 5e9 + 5e6},
	} {
		got, ok := table.CostNanos(million(c.call))
		if !ok || got != c.want {
			t.Errorf("%s: got %d nanodollars, %v, want %d", c.name, got, ok, c.want)
		}
	}
}

func TestWith_Replace(t *testing.T) {
	table := with(t, "replace: true\nmodels:\n  - {match: gpt-4o, provider: openai, prices: {input: 1, output: 2}}\n")
	for _, c := range []struct {
		provider, model string
		want            bool
	}{{"openai", "gpt-4o", true}, {"OpenAI.chat", "gpt-4o", true}, {"openai", "gpt-4o-mini", false}, {"", "claude-sonnet-4-5", false}} {
		if _, ok := table.Match(c.provider, c.model); ok != c.want {
			t.Errorf("%s, %s: got priced %v, want %v", c.provider, c.model, ok, c.want)
		}
	}
}

func TestWith_TheLatestFileIsFirst(t *testing.T) {
	first := with(t, "models: [{match: m, prices: {input: 1}}, {match: n, prices: {input: 5}}]")
	both, err := first.With("more.yaml", []byte("models: [{match: m, prices: {input: 2}}]"))
	if err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]float64{"m": 2, "n": 5} {
		if got, _ := both.Cost(price.Call{Model: model, Usage: price.Usage{Input: 1_000_000}}); got != want {
			t.Errorf("model %s: got $%v, want $%v", model, got, want)
		}
	}
	if got := both.Date(); got != price.BuiltIn().Date() {
		t.Errorf("got date %q, want the built-in prices' %q", got, price.BuiltIn().Date())
	}
}

func TestWith_Faults(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "p.yaml:1:1: the file is empty: there are no prices"},
		{"not YAML", "models: [\n", "p.yaml:1:1: not YAML: did not find expected node content"},
		{"not UTF-8", "\xff", "p.yaml:1:1: not UTF-8 (hint: save the file as UTF-8)"},
		{"two documents", "replace: true\n---\nreplace: true\n", "p.yaml:2:1: a second document; a price file holds one"},
		{"a list", "- a\n", "p.yaml:1:1: a price file must be a mapping of keys to values"},
		{"a key that is near", "model: []\n", `p.yaml:1:1: unknown key "model" in a price file (hint: did you mean "models"?)`},
		{"a key that is not", "x: []\n", `p.yaml:1:1: unknown key "x" in a price file (hint: known are replace, providers, models)`},
		{"a key twice", "replace: true\nreplace: false\n", `p.yaml:2:1: "replace" stands twice in a price file`},
		{"replace", "replace: maybe\n", "p.yaml:1:10: replace must be true or false"},
		{"provider", "providers: {corp: opnai}\n", `p.yaml:1:19: unknown provider "opnai" (hint: did you mean "openai"?)`},
		{"models", "models: {match: m}\n", `p.yaml:1:9: models must be a list (hint: start each with "- ")`},
		{"no match", "models: [{prices: {input: 1}}]\n", `p.yaml:1:10: a model without match (hint: say which names it is for, as "match: gpt-4o")`},
		{"no prices", "models: [{match: m}]\n", `p.yaml:1:10: a model without prices (hint: give it prices, or say "as: openai/gpt-4o")`},
		{"as and prices", "models: [{match: m, as: openai/gpt-4o, prices: {input: 1}}]\n", "p.yaml:1:25: a model has as, or prices of its own, not both"},
		{"as nobody", "models: [{match: m, as: gpt-4o}]\n", `p.yaml:1:25: "gpt-4o" is not of the form "provider/model"`},
		{"as unknown", "models: [{match: m, as: openai/gpt-0}]\n", `p.yaml:1:25: no price is known for "gpt-0" of openai`},
		{"as unknown provider", "models: [{match: m, as: opnai/gpt-4o}]\n", `p.yaml:1:25: unknown provider "opnai" (hint: did you mean "openai"?)`},
		{"a free model", "models: [{match: m, prices: {}}]\n", "p.yaml:1:29: a set of prices without a price (hint: a free model has input: 0 and output: 0)"},
		{"a part without its whole", "models: [{match: m, prices: {cache_read: 1, output: 1}}]\n", "p.yaml:1:29: cache_read has a price, and input has none"},
		{"a price's name", "models: [{match: m, prices: {imput: 1}}]\n", `p.yaml:1:30: unknown key "imput" in prices (hint: did you mean "input"?)`},
		{"not a price", "models: [{match: m, prices: {input: $1}}]\n", "p.yaml:1:37: input: not a price: a number of dollars, such as 2.5"},
		{"a negative price", "models: [{match: m, prices: {input: -1}}]\n", "p.yaml:1:37: input: not a price: a number of dollars, such as 2.5"},
		{"an exponent", "models: [{match: m, prices: {input: 1e99}}]\n", "p.yaml:1:37: input: not a price: a number of dollars, such as 2.5"},
		{"too fine", "models: [{match: m, prices: {input: 0.0000000001}}]\n", "p.yaml:1:37: input: a price with too many decimals"},
		{"too dear", "models: [{match: m, prices: {input: 1000000.1}}]\n", "p.yaml:1:37: input: a price above a million dollars"},
		{"a list for a price", "models: [{match: m, prices: {input: [1]}}]\n", "p.yaml:1:37: input must be a number of dollars, such as 2.5"},
		{"no base", "models: [{match: m, prices: {input: {above: {5: 1}}}}]\n", "p.yaml:1:37: input has no base price"},
		{"above what", "models: [{match: m, prices: {input: {base: 1, above: {5k: 1}}}}]\n", `p.yaml:1:55: "5k" is not a number of input tokens, such as 200000`},
		{"from", "models: [{match: m, prices: {input: 1, from: May}}]\n", "p.yaml:1:46: from: not a date, such as 2026-01-31"},
		{"between", "models: [{match: m, prices: {input: 1, between: night}}]\n", `p.yaml:1:49: between: not two times of day, such as "16:30-00:30"`},
		{"an empty match", "models: [{match: {}, prices: {input: 1}}]\n", "p.yaml:1:18: an empty match"},
		{"an empty list", "models: [{match: [], prices: {input: 1}}]\n", "p.yaml:1:18: an empty list in a match"},
		{"two clauses", "models: [{match: {contains: a, not: b}, prices: {input: 1}}]\n", "p.yaml:1:32: a second key in one match (hint: list them under and, or under or)"},
		{"a clause's name", "models: [{match: {contain: a}, prices: {input: 1}}]\n", `p.yaml:1:19: unknown key "contain" in a match (hint: did you mean "contains"?)`},
		{"a pattern", "models: [{match: {regex: '('}, prices: {input: 1}}]\n", "p.yaml:1:26: not a regular expression: error parsing regexp: missing closing ): `(` (hint: it is compared with the name in lower case, and has RE2's syntax)"},
		{"a match in itself", "models: [{match: &a [*a], prices: {input: 1}}]\n", "p.yaml:1:18: match clauses stand more than 16 deep in each other"},
		{"two faults, in order", "models:\n  - match: m\n    prices: {inpt: 1}\nprovider: {}\n", "p.yaml:3:14: unknown key \"inpt\" in prices (hint: did you mean \"input\"?)\np.yaml:4:1: unknown key \"provider\" in a price file (hint: did you mean \"providers\"?)"},
	} {
		_, err := price.BuiltIn().With("p.yaml", []byte(c.text))
		if err == nil {
			t.Errorf("%s: got no error, want %q", c.name, c.want)
			continue
		}
		if got := err.Error(); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
		if fault := (*price.Error)(nil); !errors.As(err, &fault) || fault.File != "p.yaml" {
			t.Errorf("%s: got %T, want Errors of the file", c.name, err)
		}
	}
}

// TestWith_ManyNamesForMuch gives a file of a few lines that stands for 10^9 clauses.
func TestWith_ManyNamesForMuch(t *testing.T) {
	var text strings.Builder
	text.WriteString("models:\n  - {match: &a0 [x], prices: {input: 1}}\n")
	last := "a0"
	for _, name := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"} {
		text.WriteString("  - {match: &" + name + " [" + strings.Repeat("*"+last+", ", 9) + "*" + last + "], prices: {input: 1}}\n")
		last = name
	}
	_, err := price.BuiltIn().With("p.yaml", []byte(text.String()))
	if err == nil || !strings.Contains(err.Error(), "the file stands for more than 200000 values") {
		t.Errorf("got %v, want that the file stands for too much", err)
	}
}
