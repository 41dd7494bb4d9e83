package doctor

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
)

// TestDocs_ListEveryFinding: docs/operating.md has a row that speaks of each finding, and there is a way to mend each.
func TestDocs_ListEveryFinding(t *testing.T) {
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"invalid-value", "many-values"}
	for _, r := range rules {
		ids = append(ids, r.id)
	}
	for _, id := range ids {
		listed := false
		for line := range strings.Lines(string(text)) {
			listed = listed || strings.HasPrefix(line, "| `") && strings.Contains(line, "`"+id+"`")
		}
		if !listed {
			t.Errorf("docs/operating.md: no row speaks of %s", id)
		}
		if fixFor(id, agent.DialectNone) == "" {
			t.Errorf("%s: nothing says how it is mended", id)
		}
	}
	for id := range fixes {
		if slices.Contains(ids, id) {
			continue
		}
		t.Errorf("fixes: %s: there is no such finding", id)
	}
}
