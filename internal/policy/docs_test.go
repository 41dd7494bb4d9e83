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

// TestDocs_TailSampling compiles the examples of the page on tail_sampling, and looks for every type of policy in it.
func TestDocs_TailSampling(t *testing.T) {
	text, err := os.ReadFile("../../docs/tail-sampling-compat.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) == 0 {
		t.Error("there are no examples")
	}
	for _, m := range examples {
		if p, err := policy.Compile("example", m[1]); err != nil || len(p.Warnings()) > 0 {
			t.Errorf("got %v, want no fault and no warning in\n%s", err, m[1])
		}
	}
	_, err = policy.Compile("p", []byte("policies: [{name: a, type: none_such_at_all}]"))
	_, types, found := strings.Cut(fmt.Sprint(err), "known are ")
	if !found {
		t.Fatalf("got %v, want the known types", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(types, ")"), ", ") {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the type %s is not on the page", name)
		}
	}
}

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
	for _, key := range []string{"retention", "calibrate", "rules", "policies", "otherwise", "name", "when", "keep", "sample", "drop", "limit", "by", "scope"} {
		if !strings.Contains(manual, "| `"+key+"` |") {
			t.Errorf("the key %s has no row", key)
		}
	}
}
