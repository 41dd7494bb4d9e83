package policy_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/policy"
)

// TestDocs compiles every example of the manual and looks for every fact in it.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(text)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatchIndex(manual, -1)
	if got := strings.Count(manual, "```") / 2; got != len(examples) || got == 0 {
		t.Errorf("found %d examples in YAML and %d blocks of code", len(examples), got)
	}
	for _, at := range examples {
		line := strings.Count(manual[:at[2]], "\n")
		if _, err := policy.Compile("example", []byte(manual[at[2]:at[3]])); err != nil {
			t.Errorf("the example after line %d: %v", line, err)
		}
	}
	for _, info := range agent.Known() {
		row := fmt.Sprintf("| `%s` | %v | ", info.Name, info.Type)
		at := strings.Index(manual, row)
		if at < 0 {
			t.Errorf("no row that starts with %s", row)
			continue
		}
		doc, _, _ := strings.Cut(manual[at+len(row):], " |\n")
		if got := strings.ReplaceAll(doc, "`", ""); got != info.Doc {
			t.Errorf("%s: the manual says %q, the program %q", info.Name, got, info.Doc)
		}
	}
	for _, function := range []string{"attr_has", "attr_count", "attr_min", "attr_max", "attr_sum", "attr_any", "known"} {
		if !strings.Contains(manual, "`"+function+"(") {
			t.Errorf("%s is not explained", function)
		}
	}
	for _, key := range []string{"retention", "calibrate", "rules", "otherwise", "name", "when", "keep", "sample", "drop", "limit", "by", "scope"} {
		if !strings.Contains(manual, "| `"+key+"` |") {
			t.Errorf("the key %s has no row", key)
		}
	}
}
