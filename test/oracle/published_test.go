package oracle

import (
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"gopkg.in/yaml.v3"
)

const processorModule = "github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"

// published returns the configurations that the processor is published with: its file and the examples of its README.
func published(t *testing.T) map[string]object {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", processorModule).Output()
	if err != nil {
		t.Fatalf("find the processor: %v", err)
	}
	dir := strings.TrimSpace(string(out))
	file, err := os.ReadFile(filepath.Join(dir, "testdata", "tail_sampling_config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]object{"tail_sampling_config.yaml": section(t, file)}
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(readme, -1) {
		if o := section(t, m[1]); o["policies"] != nil {
			title, _, _ := strings.Cut(string(m[1]), "policies")
			all["README: "+strings.Join(strings.Fields(title), " ")] = o
		}
	}
	if len(all) < 4 {
		t.Fatalf("got %d configurations with policies, want the file and three examples at least", len(all))
	}
	return all
}

// section returns what stands under tail_sampling.
func section(t *testing.T, text []byte) object {
	t.Helper()
	var top object
	if err := yaml.Unmarshal(text, &top); err != nil {
		t.Fatalf("read an example: %v\n%s", err, text)
	}
	if inner, ok := top["processors"].(object); ok {
		top = inner
	}
	o, _ := top["tail_sampling"].(object)
	return o
}

// TestPublished: the configurations that the processor is published with load and decide the same, whole and policy by
// policy.
func TestPublished(t *testing.T) {
	for name, config := range published(t) {
		t.Run(name, func(t *testing.T) {
			if mend(config) {
				if _, err := startProcessor(object{"policies": []any{spoiltExample}}); err == nil {
					t.Error("the processor accepts the example that it refused: it need not be mended any more")
				}
			}
			agreePublished(t, config, config["policies"])
			policies, _ := config["policies"].([]any)
			for _, p := range policies {
				agreePublished(t, config, []any{p})
			}
		})
	}
}

// spoiltExample is the last policy of the README's practical example, which the processor itself refuses: its block is
// that of another type, with a key that this type has not.
var spoiltExample = object{"name": "p", "type": "drop", "drop": object{"drop_sub_policy": []any{
	object{"name": "q", "type": "boolean_attribute", "string_attribute": object{"key": "app.do_not_sample", "value": true}},
}}}

// mend makes of the example what it means, if config holds it.
func mend(config object) (mended bool) {
	policies, _ := config["policies"].([]any)
	for _, p := range policies {
		drop, _ := p.(object)["drop"].(object)
		subs, _ := drop["drop_sub_policy"].([]any)
		for _, sub := range subs {
			o, _ := sub.(object)
			if block := o["string_attribute"]; o["type"] == "boolean_attribute" && block != nil {
				o["boolean_attribute"], mended = block, true
				delete(o, "string_attribute")
			}
		}
	}
	return mended
}

func agreePublished(t *testing.T, config object, policies any) {
	t.Helper()
	one := maps.Clone(config)
	one["decision_wait"], one["num_traces"], one["policies"] = "1s", 1000, policies
	delete(one, "decision_cache")
	var score score
	synctest.Test(t, func(t *testing.T) {
		maker := newTraceMaker(rand.New(rand.NewPCG(*seed, 3)))
		maker.keys = []string{
			"key1", "key2", "key3", "key4", "service.name", "http.route", "app.force_sample", "app.do_not_sample", "url.path",
			"test_attr_key_1", "test_attr_key_2", "http.status_code",
		}
		maker.texts = []string{
			"value1", "value2", "val", "service-1", "list", "/live", "/v1/name/one", "/health", "test_attr_val_1", "exception", "checkout", "",
		}
		agreeInTurn(t, render(t, one), false, maker, 100, &score)
	})
	if score.refused > 0 || score.compared == 0 {
		t.Errorf("got %+v, want it accepted", score)
	}
}
