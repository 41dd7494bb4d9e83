package price_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/price"
)

// TestDocs reads every example of the manual and looks for every key in it.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/prices.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(text)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatchIndex(manual, -1)
	if got := strings.Count(manual, "```") / 2; got != len(examples) || got == 0 {
		t.Errorf("found %d examples in YAML and %d blocks of code", len(examples), got)
	}
	for _, at := range examples {
		if _, err := price.BuiltIn().With("example", []byte(manual[at[2]:at[3]])); err != nil {
			t.Errorf("the example after line %d: %v", strings.Count(manual[:at[2]], "\n"), err)
		}
	}
	rows := strings.Join(regexp.MustCompile("(?m)^\\| `.*?` \\|").FindAllString(manual, -1), "\n")
	for _, key := range []string{
		"providers", "models", "replace", "match", "provider", "as", "prices", "batch", "service_tiers",
		"equals", "starts_with", "ends_with", "contains", "regex", "or", "and", "not",
		"input", "output", "cache_read", "cache_write", "reasoning", "per_1000_requests", "from", "between",
	} {
		if !strings.Contains(rows, "`"+key+"`") {
			t.Errorf("the key %s has no row", key)
		}
	}
}
