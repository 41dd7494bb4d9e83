package spelling_test

import (
	"testing"

	"github.com/tailwise/tailwise/internal/spelling"
)

func TestHint(t *testing.T) {
	known := []string{"latency", "rate_limiting", "and", "trace_state", "trace_flags"}
	for word, want := range map[string]string{
		"latncy":       `did you mean "latency"?`,
		"latecny":      `did you mean "latency"?`, // swapped
		"ratelimiting": `did you mean "rate_limiting"?`,
		"trace_stat":   `did you mean "trace_state"?`,
		"adn":          `did you mean "and"?`,
		"":             "",
		"something":    "",
	} {
		if got := spelling.Hint(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
