package agent_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
)

// TestDocs looks for every fact, as the program describes it, and for nothing else in the page on facts.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, info := range agent.Known() {
		known[info.Name] = true
		rows := 0
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(line, " | ")
			if len(cells) == 6 && cells[0] == "| `"+info.Name+"`" && cells[1] == info.Type.String() && cells[3] == info.Doc && cells[4] != "" {
				rows++
			}
		}
		if rows != 1 {
			t.Errorf("%s: got %d rows %q, want one", info.Name, rows, fmt.Sprintf("| `%s` | %v | unit | %s | ...", info.Name, info.Type, info.Doc))
		}
	}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, " | "); len(cells) == 6 && strings.HasPrefix(cells[0], "| `") && !known[strings.Trim(cells[0], "| `")] {
			t.Errorf("the page has a row for %s, which is no fact", cells[0])
		}
	}
}
