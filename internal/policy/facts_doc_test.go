package policy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/policy"
)

// TestFactsDocs compiles the example of every fact on its page.
func TestFactsDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(line), " |"), " | ")
		if len(cells) != 6 || !strings.HasPrefix(cells[0], "| `") {
			continue
		}
		examples++
		when := strings.ReplaceAll(strings.Trim(cells[5], "`"), `\|`, "|")
		text := "rules:\n  - name: example\n    when: >-\n      " + when + "\n    keep: true\n"
		if _, err := policy.Compile("facts.md", []byte(text)); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	if examples == 0 {
		t.Error("found no examples")
	}
}
