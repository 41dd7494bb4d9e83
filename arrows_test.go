// Package tailwise holds the tests of the repository's own rules.
package tailwise

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tailwise/tailwise/"

// mayImport says which rooms a room may import, besides the libraries. The arrows point down only: see docs/design.md.
var mayImport = map[string][]string{
	"internal/otlp":                {},
	"internal/durable":             {},
	"internal/traffic":             {},
	"internal/inflate":             {},
	"internal/agent":               {"internal/otlp", "internal/price"},
	"internal/fault":               {},
	"internal/price":               {"internal/fault", "internal/spelling"},
	"internal/policy":              {"internal/agent", "internal/fault", "internal/otlp", "internal/spelling", "internal/policy/tailsampling"},
	"internal/spelling":            {},
	"internal/policy/tailsampling": {"internal/otlp", "internal/spelling"},
	"internal/explain":             {"internal/otlp", "internal/agent", "internal/policy", "internal/policy/tailsampling"},
	"internal/migrate":             {"internal/policy", "internal/spelling", "internal/policy/tailsampling"},
	"internal/wal":                 {"internal/durable"},
	"internal/ledger":              {},
	"internal/ledger/ledgertest":   {"internal/ledger"},
	"internal/vault":               {"internal/durable"},
	"internal/vault/buckettest":    {"internal/vault"},
	"internal/meter":               {"internal/agent"},
	"internal/doctor":              {"internal/agent", "internal/otlp"},
	"internal/sampler":             {"internal/otlp", "internal/agent", "internal/doctor", "internal/meter", "internal/policy", "internal/policy/tailsampling", "internal/wal", "internal/durable", "internal/ledger"},
	"collector/internal/bytesize":  {},
	"collector/internal/engine":    {"internal/sampler", "internal/otlp"},
	"collector/extension":          {"collector/internal/engine", "collector/internal/bytesize", "internal/agent", "internal/policy", "internal/price", "internal/sampler"},
	"collector/receiver":           {"collector/internal/engine", "internal/sampler", "internal/otlp", "internal/inflate"},
	"collector/processor":          {"collector/internal/engine"},
	"collector/exporter":           {"collector/internal/bytesize", "internal/durable"},
	"collector/connector/routing":  {},
	"collector/distribution":       {"collector/extension", "collector/receiver", "collector/processor", "collector/exporter", "collector/connector/routing"},
	"cmd/tailwise":                 {"collector/distribution", "collector/extension", "internal/doctor", "internal/explain", "internal/migrate", "internal/policy", "internal/price", "internal/sampler", "internal/traffic"},
}

func TestArrowsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		room, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok || strings.HasPrefix(room, "test/") {
			continue
		}
		allowed, known := mayImport[room]
		if !known {
			t.Errorf("package %s: not in the table of rooms: say there what it may import, and in docs/design.md what it keeps", room)
			continue
		}
		for _, imported := range p.Imports {
			if target, ours := strings.CutPrefix(imported, module); ours && !slices.Contains(allowed, target) {
				t.Errorf("%s imports %s, against the arrows; allowed: %v", room, target, allowed)
			}
		}
	}
}

func TestEveryPackageSaysWhatItKeeps(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("package %s: has no package comment", p.ImportPath)
		}
	}
}

type pkg struct {
	ImportPath string
	Doc        string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list names no packages")
	}
	return all
}
