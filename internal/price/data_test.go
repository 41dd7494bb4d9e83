package price

import (
	"strings"
	"testing"
	"time"
)

// TestBuiltIn_ReadsAsItIs also stands for the panic that BuiltIn would end in.
func TestBuiltIn_ReadsAsItIs(t *testing.T) {
	table, err := decode(data)
	if err != nil {
		t.Fatalf("read prices.json: %v", err)
	}
	if _, err := time.Parse(time.DateOnly, table.Date()); err != nil {
		t.Errorf("got date %q, want a day", table.Date())
	}
	models := 0
	for _, v := range table.vendors {
		models += len(v.models)
		for _, id := range v.fallback {
			if table.byID[id] == nil {
				t.Errorf("%s falls back to %q, which is not there", v.id, id)
			}
		}
		for _, e := range v.models {
			for i, p := range e.prices {
				if p.otherUnits && p.rates[input].known {
					t.Errorf("%s: prices %d are in other units, and in tokens", e.name, i)
				}
			}
		}
	}
	if models < 2000 {
		t.Errorf("got %d models, want at least 2000", models)
	}
}

func TestVendorNames_LeadSomewhere(t *testing.T) {
	for name, id := range vendorNames {
		if BuiltIn().byID[id] == nil && id != anyVendor && id != "" {
			t.Errorf("%q means %q, which is not there", name, id)
		}
		if name != strings.ToLower(name) {
			t.Errorf("%q is never met: names are compared in lower case", name)
		}
	}
}

func TestDecode_Faults(t *testing.T) {
	for _, c := range []struct{ name, model string }{
		{"no match", `{"id":"m","prices":{"input":1}}`},
		{"no prices", `{"id":"m","match":"m"}`},
		{"two clauses", `{"id":"m","match":{"equals":"m","contains":"m"},"prices":{"input":1}}`},
		{"an unknown clause", `{"id":"m","match":{"like":"m"},"prices":{"input":1}}`},
		{"lookahead", `{"id":"m","match":{"regex":"^(?!a)"},"prices":{"input":1}}`},
		{"an unknown price", `{"id":"m","match":"m","prices":{"input_mtok":1}}`},
		{"an unknown tiered price", `{"id":"m","match":"m","prices":{"input":{"above":{"1":2}}}}`},
		{"a price in words", `{"id":"m","match":"m","prices":{"input":"one"}}`},
		{"a negative price", `{"id":"m","match":"m","prices":{"input":-1}}`},
		{"no day", `{"id":"m","match":"m","prices":[{"from":"2026","input":1}]}`},
		{"no time", `{"id":"m","match":"m","prices":[{"between":"25:00-26:00","input":1}]}`},
	} {
		if _, err := decode([]byte(`{"providers":[{"id":"p","models":[` + c.model + `]}]}`)); err == nil {
			t.Errorf("%s: got no error", c.name)
		}
	}
}

func TestForms(t *testing.T) {
	for _, c := range []struct {
		model string
		want  string
	}{
		{"gpt-4o", "gpt-4o"},
		{"gpt-4o-2024-08-06", "gpt-4o-2024-08-06 gpt-4o"},
		{"us.anthropic.claude-9-20300101-v1:0", "us.anthropic.claude-9-20300101-v1:0 us.anthropic.claude-9-20300101 us.anthropic.claude-9 " +
			"anthropic.claude-9-20300101-v1:0 anthropic.claude-9-20300101 anthropic.claude-9 claude-9-20300101-v1:0 claude-9-20300101 claude-9"},
		{"projects/p/locations/l/publishers/google/models/gemini-9@001", "projects/p/locations/l/publishers/google/models/gemini-9@001 " +
			"projects/p/locations/l/publishers/google/models/gemini-9 gemini-9@001 gemini-9"},
		{"openai/gpt-9:free", "openai/gpt-9:free gpt-9:free"},
		{"someone/gpt-9", "someone/gpt-9"},
		{"sagemaker/gpt-9", "sagemaker/gpt-9"},
	} {
		if got := strings.Join(BuiltIn().forms(c.model), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.model, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"date":"2026-01-01","providers":[{"id":"p","sells":{"contains":"m"},"models":[{"id":"m","match":["m",{"not":{"regex":"a"}}],` +
		`"prices":[{"input":{"base":1,"above":{"5":2.5}}},{"between":"22:00-01:00","other_units":true}],"batch":{"input":1}}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if table, err := decode(text); err == nil {
			table.Cost(Call{Model: "m", Usage: Usage{Input: 10}, Batch: true})
		}
	})
}

// BenchmarkFind measures a name that was not looked up before.
func BenchmarkFind(b *testing.B) {
	for _, c := range []struct{ name, provider, model string }{
		{"by provider", "openai", "gpt-4o-2024-08-06"},
		{"in the largest list", "openrouter", "z-ai/glm-5"},
		{"unpriced", "openrouter", "us.anthropic.never-heard-of-2026-01-31-v1:0"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				BuiltIn().find(c.provider, c.model)
			}
		})
	}
}

// BenchmarkDecode measures what the first call of BuiltIn takes.
func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
