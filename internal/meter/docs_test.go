package meter

import (
	"os"
	"strings"
	"testing"
)

// TestDocs_ListEveryMetric holds the table of docs/metrics.md to what is rendered, one row for each metric, in order of
// its kind, unit and attributes.
func TestDocs_ListEveryMetric(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) == 7 && strings.HasPrefix(cells[1], " `tailwise.") {
			documented[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[2]) + "|" + strings.TrimSpace(cells[3]) + "|" + strings.TrimSpace(cells[4])
		}
	}
	want := map[string]string{"tailwise.overflow": "sum|{measurement}|" + keyMetrics}
	for _, a := range append(abouts[:], usersAbout) {
		for _, c := range a.counters {
			keys := a.keys
			if c.key != "" {
				keys = append(keys[:len(keys):len(keys)], c.key)
			}
			want[c.name] = "sum|" + c.unit + "|" + strings.Join(keys, ", ")
		}
		if a.timed != "" {
			want[a.timed] = "exponential histogram|s|" + strings.Join(a.keys, ", ")
		}
	}
	for name, row := range want {
		if documented[name] != row {
			t.Errorf("docs/metrics.md: %s: got %q, want %q", name, documented[name], row)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/metrics.md: %s: there is no such metric", name)
	}
}
