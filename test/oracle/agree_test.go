package oracle

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

var (
	decisions = flag.Int("decisions", 200_000, "decisions to compare in TestAgree")
	seed      = flag.Uint64("seed", 1, "seed of what is generated")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sortedKeys(o object) []string {
	var names []string
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestAgree compares decisions of generated policies over generated traces. Run it with -seed and -decisions to look
// elsewhere and longer.
func TestAgree(t *testing.T) {
	const tracesN = 250
	var score score
	for round := uint64(0); score.compared < *decisions; round++ {
		r := rand.New(rand.NewPCG(*seed, round))
		m := policyMaker{Rand: r}
		first := chance(r, 0.2)
		text := render(t, object{"policies": m.config(), "num_traces": 10 * tracesN, "sample_on_first_match": first})
		maker := newTraceMaker(r)
		ids := make([]traceID, tracesN)
		for i := range ids {
			ids[i] = maker.id()
		}
		agree(t, text, first, maker.requests(ids, 6), &score)
		if t.Failed() {
			t.Fatalf("round %d; again with -seed %d -decisions %d", round, *seed, score.compared+tracesN)
		}
	}
	t.Logf("%+v", score)
	for word, n := range map[string]int{"sampled": score.sampled, "not sampled": score.notSampled, "dropped": score.dropped} {
		if n < score.compared/50 {
			t.Errorf("of %d traces %d were %s, which is too few to tell anything", score.compared, n, word)
		}
	}
	if score.refused > score.configurations/5 {
		t.Errorf("of %d configurations %d were refused by both, which leaves too few", score.configurations, score.refused)
	}
}

// score counts what was compared.
type score struct {
	configurations, refused      int // refused: by both
	compared                     int // decisions
	sampled, notSampled, dropped int
	decoded                      int // traces whose spans a policy asked for
}

func (s *score) count(got said) {
	s.compared++
	switch got.decision {
	case "sampled":
		s.sampled++
	case "dropped":
		s.dropped++
	default:
		s.notSampled++
	}
}

func render(tb testing.TB, config object) []byte {
	tb.Helper()
	text, err := yaml.Marshal(config)
	if err != nil {
		tb.Fatalf("write the configuration: %v", err)
	}
	return text
}

// agree compares the decisions of one configuration.
func agree(t *testing.T, text []byte, first bool, bodies [][]byte, into *score) {
	t.Helper()
	into.configurations++
	upstream, err := startProcessor(asMap(t, text))
	o, notes := read(t, text, first)
	if (err == nil) != (o != nil) {
		t.Errorf("accepted: got %v (%v), want %v (%v)\n%s", o != nil, faults(notes), err == nil, err, text)
	}
	if err != nil {
		into.refused++
		return
	}
	for _, body := range bodies {
		upstream.consume(t, body)
	}
	upstream.finish(t)
	if o == nil {
		return
	}
	for _, body := range bodies {
		o.consume(t, body)
	}
	if len(upstream.said) != len(o.folds) {
		t.Errorf("traces: got %d, want %d", len(o.folds), len(upstream.said))
	}
	for _, id := range o.order {
		want := upstream.said[id]
		got, _ := o.decide(t, id, time.Unix(0, 0))
		into.count(got)
		if got.decision != want.decision || first && got.policy != want.policy {
			t.Errorf("trace %x: got %v, want %v\n%s%s", id, got, want, text, describe(o, id))
			return
		}
	}
	into.decoded += o.decoded
}

func faults(notes []tailsampling.Note) string {
	var lines []string
	for _, n := range notes {
		if !n.Warning {
			lines = append(lines, n.What)
		}
	}
	return strings.Join(lines, "; ")
}
