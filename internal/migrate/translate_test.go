package migrate

import (
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

func stringIs(key string, invert bool, values ...string) tailsampling.Policy {
	return tailsampling.Policy{Name: "s", Type: tailsampling.StringAttribute,
		StringAttribute: tailsampling.StringAttributeConfig{Key: key, Values: values, InvertMatch: invert}}
}

func matching(key string, values ...string) tailsampling.Policy {
	return tailsampling.Policy{Name: "r", Type: tailsampling.StringAttribute,
		StringAttribute: tailsampling.StringAttributeConfig{Key: key, Values: values, EnabledRegexMatching: true}}
}

func between(key string, low, high int64) tailsampling.Policy {
	return tailsampling.Policy{Name: "n", Type: tailsampling.NumericAttribute,
		NumericAttribute: tailsampling.NumericAttributeConfig{Key: key, MinValue: low, MaxValue: high}}
}

func boolIs(key string, value bool) tailsampling.Policy {
	return tailsampling.Policy{Name: "b", Type: tailsampling.BooleanAttribute,
		BooleanAttribute: tailsampling.BooleanAttributeConfig{Key: key, Value: value}}
}

func counting(low, high int32) tailsampling.Policy {
	return tailsampling.Policy{Name: "c", Type: tailsampling.SpanCount, SpanCount: tailsampling.SpanCountConfig{MinSpans: low, MaxSpans: high}}
}

func longer(ms, upper int64) tailsampling.Policy {
	return tailsampling.Policy{Name: "l", Type: tailsampling.Latency, Latency: tailsampling.LatencyConfig{ThresholdMs: ms, UpperThresholdMs: upper}}
}

func withStatus(codes ...string) tailsampling.Policy {
	return tailsampling.Policy{Name: "e", Type: tailsampling.StatusCode, StatusCode: tailsampling.StatusCodeConfig{StatusCodes: codes}}
}

func both(policies ...tailsampling.Policy) tailsampling.Policy {
	return tailsampling.Policy{Name: "a", Type: tailsampling.And, And: tailsampling.AndConfig{Policies: policies}}
}

func dropping(policies ...tailsampling.Policy) tailsampling.Policy {
	return tailsampling.Policy{Name: "d", Type: tailsampling.Drop, Drop: tailsampling.DropConfig{Policies: policies}}
}

func inverse(p tailsampling.Policy) tailsampling.Policy {
	return tailsampling.Policy{Name: "x", Type: tailsampling.Not, Not: tailsampling.NotConfig{Policy: &p}}
}

func ofType(t tailsampling.Type) tailsampling.Policy { return tailsampling.Policy{Name: "t", Type: t} }

func TestTranslate(t *testing.T) {
	for _, tc := range []struct {
		policy tailsampling.Policy
		want   string // the condition; "always"; "never"
		unless int    // how many kinds of odd traces it decides otherwise
	}{
		{ofType(tailsampling.AlwaysSample), "always", 0},
		{counting(3, 0), "spans >= 3", 0},
		{counting(0, 9), "spans <= 9", 0},
		{counting(3, 9), "spans >= 3 && spans <= 9", 0},
		{counting(0, 0), "always", 0},
		{counting(5, 4), "never", 0},
		{inverse(counting(3, 9)), "spans < 3 || spans > 9", 0},
		{both(counting(2, 0), inverse(counting(3, 9))), "spans >= 2 && (spans < 3 || spans > 9)", 0},
		{both(inverse(counting(3, 9))), "spans < 3 || spans > 9", 0},
		{both(ofType(tailsampling.AlwaysSample), inverse(counting(3, 9))), "(spans < 3 || spans > 9)", 0},
		{both(), "always", 0},
		{both(counting(2, 0), inverse(ofType(tailsampling.AlwaysSample))), "never", 0},
		{longer(5000, 0), `duration >= duration("5001ms")`, 1},
		{longer(-1, 0), "always", 1},
		{withStatus("ERROR", "ERROR"), "errors > 0", 1},
		{withStatus("UNSET", "OK"), "errors < spans", 2},
		{withStatus("UNSET", "OK", "ERROR"), "always", 1},
		{stringIs("k", false, "a"), `attr_any("k", "a")`, 2},
		{stringIs("k", false, `a"`, "", "b"), `attr_any("k").exists(v, v in ["a\"", "b"])`, 2},
		{stringIs("k", false, ""), "never", 0},
		{stringIs("k", true), "always", 0},
		{stringIs("k", true, "a"), `!attr_has("k") || !attr_any("k", "a")`, 2},
		{inverse(stringIs("k", true, "a")), `attr_any("k", "a")`, 2},
		{matching("k", "^a$"), `attr_any("k").exists(v, type(v) == string && v.matches("^a$"))`, 3},
		{matching("k", "a+", "b"), `attr_any("k").exists(v, type(v) == string && (v.matches("a+") || v.matches("b")))`, 3},
		{between("k", 400, 499), `attr_any("k").exists(v, type(v) == int && v >= 400 && v <= 499)`, 2},
		{between("k", 0, 100), `attr_any("k").exists(v, type(v) != int || v <= 100)`, 2},
		{between("k", -5, 0), `attr_any("k").exists(v, type(v) != int || v >= -5)`, 2},
		{between("k", -9223372036854775808, -1), `attr_any("k").exists(v, type(v) == int && v >= -9223372036854775808 && v <= -1)`, 2},
		{boolIs("k", true), `attr_any("k", true)`, 1},
		{boolIs("k", false), `attr_any("k").exists(v, v != true)`, 2},
		{dropping(boolIs("k", true), counting(0, 2)), `attr_any("k", true) && spans <= 2`, 1},
		{tailsampling.Policy{Type: tailsampling.Probabilistic, Probabilistic: tailsampling.ProbabilisticConfig{SamplingPercentage: 100}}, "always", 0},
	} {
		c, err := translate(&tc.policy)
		got := c.yes.text
		switch {
		case err != nil:
			t.Errorf("%+v: %v", tc.policy, err)
			continue
		case c.always():
			got = "always"
		case c.never():
			got = "never"
		}
		if got != tc.want || len(c.unless) != tc.unless {
			t.Errorf("%s: got %s unless %q, want %s and %d exceptions", tc.policy.Type, got, c.unless, tc.want, tc.unless)
		}
		for _, term := range []term{c.yes, c.no} {
			if term.text != "" {
				compiles(t, term.text)
			}
		}
	}
}

func compiles(t *testing.T, when string) {
	t.Helper()
	text, err := encode(mapping(word("rules"), sequence(mapping(word("name"), word("r"), word("when"), word(when), word("keep"), yes()))))
	if err == nil {
		_, err = policy.Compile("policy.yaml", text)
	}
	if err != nil {
		t.Errorf("compile %s: %v", when, err)
	}
}

func TestTranslate_SaysWhyNot(t *testing.T) {
	for _, tc := range []struct {
		policy tailsampling.Policy
		want   string
	}{
		{longer(1, 2), "order in which spans arrive"},
		{withStatus("OK"), "not OK from UNSET"},
		{between("k", 0, 0), "no bounds"},
		{matching("k", "a*"), "empty text"},
		{stringIs("k", false, strings.Repeat("x", 1025)), "by its hash"},
		{tailsampling.Policy{Type: tailsampling.Probabilistic, Probabilistic: tailsampling.ProbabilisticConfig{SamplingPercentage: 10}}, "another coin"},
		{ofType(tailsampling.RateLimiting), "spans a second"},
		{ofType(tailsampling.BytesLimiting), "bytes a second"},
		{ofType(tailsampling.Composite), "shares a rate"},
		{ofType(tailsampling.TraceState), "tracestate"},
		{ofType(tailsampling.TraceFlags), "flags"},
		{ofType(tailsampling.OTTLCondition), "one span at a time"},
		{both(counting(1, 2), ofType(tailsampling.TraceFlags)), "trace_flags in it: no fact tells the flags"},
		{inverse(ofType(tailsampling.TraceFlags)), "flags"},
	} {
		if c, err := translate(&tc.policy); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %q, %v, want an error with %q", tc.policy.Type, c.yes.text, err, tc.want)
		}
	}
}

func TestTranslations_StayTogetherWithLimits(t *testing.T) {
	limit := tailsampling.Policy{Name: "limit", Type: tailsampling.RateLimiting}
	all := tailsampling.Policy{Name: "all", Type: tailsampling.AlwaysSample}
	for _, tc := range []struct {
		name  string
		cfg   tailsampling.Config
		stays []bool
	}{
		{"drops do", tailsampling.Config{Policies: []tailsampling.Policy{counting(1, 2), dropping(counting(5, 0)), limit}}, []bool{false, true, true}},
		{"what comes first does, where the first match ends it", tailsampling.Config{SampleOnFirstMatch: true,
			Policies: []tailsampling.Policy{counting(2, 2), both(limit), all}}, []bool{true, true, false}},
		{"nothing does without a limit", tailsampling.Config{SampleOnFirstMatch: true,
			Policies: []tailsampling.Policy{counting(2, 2), dropping(counting(5, 0)), ofType(tailsampling.TraceFlags)}}, []bool{false, false, true}},
	} {
		for i, got := range translations(&tc.cfg, true) {
			if got.Needs != tc.stays[i] {
				t.Errorf("%s: policy %d: got rule %q (%s), want it to stay: %v", tc.name, i, got.Rule, got.Why, tc.stays[i])
			}
		}
	}
}

func TestTranslations_Names(t *testing.T) {
	cfg := tailsampling.Config{}
	for _, name := range []string{"ok", "a b", "a-b", "otherwise", "ä/ö", "a&b"} {
		cfg.Policies = append(cfg.Policies, tailsampling.Policy{Name: name, Type: tailsampling.AlwaysSample})
	}
	want := []string{"ok", "a-b-2", "a-b", "otherwise-2", "---", "a-b-3"}
	for i, got := range translations(&cfg, false) {
		if got.Rule != want[i] {
			t.Errorf("rule of policy %q: got %q, want %q", got.Policy, got.Rule, want[i])
		}
	}
}
