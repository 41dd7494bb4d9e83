package price_test

import (
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/price"
)

func BenchmarkTable_Cost(b *testing.B) {
	usage := price.Usage{Input: 12_000, CacheRead: 8_000, Output: 700, Reasoning: 300}
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		call price.Call
	}{
		{"plain", price.Call{Provider: "openai", Model: "gpt-4o-2024-08-06", At: at, Usage: usage}},
		{"history and steps", price.Call{Provider: "gcp.gemini", Model: "gemini-2.5-pro", At: at, Usage: usage}},
		{"batch", price.Call{Provider: "anthropic", Model: "claude-sonnet-4-5", At: at, Usage: usage, Batch: true}},
		{"unpriced", price.Call{Provider: "acme", Model: "never-heard-of", At: at, Usage: usage}},
	} {
		b.Run(c.name, func(b *testing.B) {
			table := price.BuiltIn()
			b.ReportAllocs()
			for b.Loop() {
				table.CostNanos(c.call)
			}
		})
	}
}
