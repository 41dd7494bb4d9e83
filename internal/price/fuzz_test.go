package price_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/price"
)

// FuzzWith reads any file: it is refused with faults that have a place in it, or prices calls.
func FuzzWith(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("replace: true\nmodels: [{match: &a [b, {not: *a}], prices: [{from: 2026-01-01, input: 1}]}]"))
	f.Add([]byte("providers: {a: '*'}\nmodels: [{match: {regex: '^a.*$'}, as: openai/gpt-4o}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := price.BuiltIn().With("p.yaml", text)
		if err != nil {
			var faults price.Errors
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("got %T %v, want Errors", err, err)
			}
			lines := 1 + strings.Count(string(text), "\n") + strings.Count(string(text), "\r")
			for _, fault := range faults {
				if fault.Line < 1 || fault.Line > lines+1 || fault.Column < 1 || fault.What == "" {
					t.Fatalf("got a fault at %d:%d of %d lines: %q", fault.Line, fault.Column, lines, fault.What)
				}
			}
			return
		}
		for _, model := range []string{"in-house", "gpt-4o", "b"} {
			call := price.Call{Provider: "azure", Model: model, Usage: price.Usage{Input: 1 << 20, CacheRead: 10, Output: 5}, Batch: true}
			if usd, ok := table.Cost(call); usd < 0 || !ok && usd != 0 {
				t.Fatalf("%s: got $%v, %v", model, usd, ok)
			}
		}
	})
}

// FuzzMatch looks any names up, twice: what is remembered is what was found, in any case of letters.
func FuzzMatch(f *testing.F) {
	f.Add("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
	f.Add("", "litellm/openai/gpt-4o@x")
	f.Add("openai.chat", "models/models/")
	f.Add("gateway", "arn:aws:/")
	f.Fuzz(func(t *testing.T, provider, model string) {
		first, ok := price.BuiltIn().Match(provider, model)
		again, okAgain := price.BuiltIn().Match(provider, model)
		if first != again || ok != okAgain {
			t.Fatalf("got %q, then %q", first, again)
		}
		if len(provider)+len(model) > 128 {
			return // a name may be too long in one case of letters only
		}
		if lower, _ := price.BuiltIn().Match(strings.ToLower(provider), strings.ToLower(model)); lower != first {
			t.Fatalf("got %q, and %q in lower case", first, lower)
		}
	})
}
