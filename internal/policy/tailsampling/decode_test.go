package tailsampling

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// yamlOf parses YAML, of which the first value under policies: is returned.
func yamlOf(t testing.TB, text string) *yaml.Node {
	t.Helper()
	var top yaml.Node
	if err := yaml.Unmarshal([]byte(text), &top); err != nil {
		t.Fatalf("parse: %v\n%s", err, text)
	}
	for i, n := range top.Content[0].Content {
		if n.Value == "policies" {
			return top.Content[0].Content[i+1]
		}
	}
	t.Fatalf("no policies: in\n%s", text)
	return nil
}

// show renders notes one a line.
func show(list []Note) string {
	SortNotes(list)
	var lines []string
	for _, n := range list {
		line := fmt.Sprintf("%d:%d: %s", n.At.Line, n.At.Column, n.What)
		if n.Warning {
			line = "warning " + line
		}
		if n.Hint != "" {
			line += " (hint: " + n.Hint + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// load decodes and compiles. The Set is nil where there are faults.
func load(t testing.TB, text string) (*Set, []Note) {
	t.Helper()
	cfg, notes := Decode(yamlOf(t, text))
	if Broken(notes) {
		return nil, notes
	}
	set, more := Compile(cfg)
	return set, append(notes, more...)
}

const (
	plainList = "known are always_sample, latency, numeric_attribute, probabilistic, status_code, string_attribute, rate_limiting, " +
		"bytes_limiting, span_count, trace_state, boolean_attribute, ottl_condition, trace_flags"
)

// TestLoad_Faults is every way to get policies wrong, with what is said about it.
func TestLoad_Faults(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no list", "policies: {}", "1:11: policies must be a list"},
		{"a policy that is none", "policies: [5]", "1:12: policies[0] must be a mapping of keys to values\n1:12: policies[0]: the policy has no name\n1:12: policies[0]: the policy has no type (hint: " + plainList + ", and, not, drop, composite)"},
		{"no name", "policies: [{type: always_sample}]", "1:12: policies[0]: the policy has no name"},
		{"an empty name", "policies: [{name: '', type: always_sample}]", "1:12: policies[0]: the policy has no name"},
		{"two of a name", "policies: [{name: a, type: always_sample}, {name: a, type: always_sample}]", `1:51: policies[1]: there are two policies named "a"`},
		{"no type", "policies: [{name: a}]", "1:12: policies[0]: the policy has no type (hint: " + plainList + ", and, not, drop, composite)"},
		{"an unknown type", "policies: [{name: a, type: latencey}]", `1:28: policies[0]: unknown policy type "latencey" (hint: did you mean "latency"?)`},
		{"a type far from any", "policies: [{name: a, type: my_extension/one}]", `1:28: policies[0]: unknown policy type "my_extension/one" (hint: ` + plainList + ", and, not, drop, composite)"},
		{"an unknown key", "policies: [{name: a, type: always_sample, tipe: 1}]", `1:43: policies[0]: unknown key "tipe" (hint: did you mean "type"?)`},
		{"a misspelt block", "policies: [{name: a, type: latency, latancy: {threshold_ms: 5}}]",
			`warning 1:12: policies[0]: the policy has no latency block, so all its values are empty` + "\n" +
				`1:37: policies[0]: unknown key "latancy" (hint: did you mean "latency"?)`},
		{"an unknown key of a block", "policies: [{name: a, type: latency, latency: {treshold_ms: 5}}]", `1:47: policies[0].latency: unknown key "treshold_ms" (hint: did you mean "threshold_ms"?)`},
		{"an unknown key far from any", "policies: [{name: a, type: latency, latency: {x: 5}}]", `1:47: policies[0].latency: unknown key "x" (hint: known are threshold_ms, upper_threshold_ms)`},
		{"twice", "policies:\n- {name: a, name: b, type: always_sample}", `2:13: policies[0]: "name" stands twice`},
		{"a key that is no word", "policies: [{[a]: 1, name: a, type: always_sample}]", "1:13: policies[0]: a key must be a word"},
		{"a block that is none", "policies: [{name: a, type: latency, latency: 5}]", "1:46: policies[0].latency must be a mapping of keys to values"},
		{"a text for a number", "policies: [{name: a, type: latency, latency: {threshold_ms: 5s}}]", "1:61: policies[0].latency.threshold_ms must be a number"},
		{"a list for a number", "policies: [{name: a, type: latency, latency: {threshold_ms: [5]}}]", "1:61: policies[0].latency.threshold_ms must be a number"},
		{"a number for a text", "policies: [{name: 5, type: always_sample}]", "1:12: policies[0]: the policy has no name\n1:19: policies[0].name must be a text (hint: write it in quotes)"},
		{"a text for a boolean", "policies: [{name: a, type: boolean_attribute, boolean_attribute: {key: k, value: yes}}]", "1:82: policies[0].boolean_attribute.value must be true or false"},
		{"numbers for texts", "policies: [{name: a, type: string_attribute, string_attribute: {key: k, values: [200]}}]", "1:82: policies[0].string_attribute.values[0] must be a text (hint: write it in quotes)"},
		{"a number for a list", "policies: [{name: a, type: string_attribute, string_attribute: {key: k, values: 200}}]", "1:81: policies[0].string_attribute.values must be a list of texts"},
		{"an unknown code", "policies: [{name: a, type: status_code, status_code: {status_codes: [OK, EROR]}}]", `1:74: policies[0].status_code.status_codes[1]: unknown status code "EROR" (hint: known are UNSET, OK, ERROR)`},
		{"a code in lower case", "policies: [{name: a, type: status_code, status_code: {status_codes: error}}]", `1:69: policies[0].status_code.status_codes[0]: unknown status code "error" (hint: known are UNSET, OK, ERROR)`},
		{"no codes", "policies: [{name: a, type: status_code, status_code: {}}]", "1:12: policies[0]: status_code has no status_codes (hint: known are UNSET, OK, ERROR)"},
		{"a bad regex", "policies:\n- name: a\n  type: string_attribute\n  string_attribute: {key: k, enabled_regex_matching: true, values: [a, 'b(']}",
			"4:72: policies[0].string_attribute.values[1]: error parsing regexp: missing closing ): `b(`"},
		{"no bounds", "policies: [{name: a, type: numeric_attribute, numeric_attribute: {key: k}}]", "1:12: policies[0]: numeric_attribute has neither min_value nor max_value (hint: a bound of 0 counts as none)"},
		{"not a number of percent", "policies: [{name: a, type: probabilistic, probabilistic: {sampling_percentage: .nan}}]", "1:80: policies[0].probabilistic.sampling_percentage is not a number"},
		{"an unknown error mode", "policies: [{name: a, type: ottl_condition, ottl_condition: {error_mode: ignored, span: ['true']}}]", `1:73: policies[0].ottl_condition.error_mode: unknown error mode "ignored" (hint: did you mean "ignore"?)`},
		{"no conditions", "policies: [{name: a, type: ottl_condition, ottl_condition: {error_mode: ignore}}]", "1:12: policies[0]: ottl_condition has no conditions"},
		{"and in and", "policies: [{name: a, type: and, and: {and_sub_policy: [{name: b, type: and, and: {}}]}}]",
			"1:72: policies[0].and.and_sub_policy[0]: a policy in and or drop cannot be of type and (hint: " + plainList + ", not)\n" +
				"1:77: policies[0].and.and_sub_policy[0]: a policy in and or drop cannot be of type and (hint: " + plainList + ", not)"},
		{"not of and", "policies: [{name: a, type: not, not: {not_sub_policy: {name: b, type: and}}}]",
			"1:71: policies[0].not.not_sub_policy: a policy in not cannot be of type and (hint: " + plainList + ")"},
		{"not of nothing", "policies: [{name: a, type: not, not: {}}]", "1:12: policies[0]: not has no not_sub_policy"},
		{"composite in and", "policies: [{name: a, type: and, and: {and_sub_policy: [{name: b, type: composite}]}}]",
			"1:72: policies[0].and.and_sub_policy[0]: a policy in and or drop cannot be of type composite (hint: " + plainList + ", not)"},
		{"deep in a composite", "policies: [{name: a, type: composite, composite: {composite_sub_policy: [{name: b, type: and, and: {and_sub_policy: [{name: c, type: latency, latency: {up: 1}}]}}]}}]",
			`1:153: policies[0].composite.composite_sub_policy[0].and.and_sub_policy[0].latency: unknown key "up" (hint: known are threshold_ms, upper_threshold_ms)`},
		{"a merge of nothing", "policies: [{<<: 5, name: a, type: always_sample}]", "1:17: policies[0]: << needs a mapping"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, notes := load(t, tt.text)
			if set != nil {
				t.Error("it was accepted")
			}
			if got := show(notes); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestLoad_Endless: aliases make much of little, up to a bound.
func TestLoad_Endless(t *testing.T) {
	for name, text := range map[string]string{
		"a list": "values: &v [" + strings.Repeat("a, ", 2000) + "]\npolicies: [" +
			strings.Repeat("{name: a, type: string_attribute, string_attribute: {values: *v}}, ", 600) + "]",
		"merges": "a: &a {<<: {}}\nb: &b {<<: [" + strings.Repeat("*a, ", 1000) + "]}\nc: &c {<<: [" + strings.Repeat("*b, ", 1000) + "]}\n" +
			"policies: [{<<: *c}]",
	} {
		set, notes := load(t, text)
		if want := "there are more than 1000000 elements, aliases followed"; set != nil || strings.Count(show(notes), want) != 1 {
			t.Errorf("%s: got %.300s, want once %q", name, show(notes), want)
		}
	}
}

// TestLoad_TooMuchToObserve: a walk can look for so many keys, and a fold remember so many things.
func TestLoad_TooMuchToObserve(t *testing.T) {
	for name, condition := range map[string]string{"keys": "'attributes[\"%d\"] == 1'", "conditions": "'kind == %d'"} {
		var text strings.Builder
		text.WriteString("policies: [{name: a, type: ottl_condition, ottl_condition: {span: [")
		for i := range maxKeys + 1 {
			fmt.Fprintf(&text, condition+", ", i)
		}
		text.WriteString("]}}]")
		if set, notes := load(t, text.String()); set != nil || !strings.Contains(show(notes), "can be observed") {
			t.Errorf("%s: got %.300s, want it refused", name, show(notes))
		}
	}
}

func TestLoad_OTTLFaultNamesTheCondition(t *testing.T) {
	_, notes := load(t, `policies:
- name: a
  type: ottl_condition
  ottl_condition:
    span:
      - 'name == "x"'
      - 'nmae == "x"'
    spanevent:
      - 'IsRootSpan()'
`)
	text := show(notes)
	for _, want := range []string{"7:9: policies[0].ottl_condition.span[1]: ", `"nmae"`, "9:9: policies[0].ottl_condition.spanevent[0]: ", "IsRootSpan"} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwithout %q", text, want)
		}
	}
	if strings.Count(text, "\n") != 1 {
		t.Errorf("got %d lines, want one for each condition:\n%s", strings.Count(text, "\n")+1, text)
	}
}

// TestLoad_Odd is what the processor accepts and hardly anybody means: accepted, with a warning of it.
func TestLoad_Odd(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"none", "policies: []", "warning 0:0: policies: there are none, so nothing is sampled"},
		{"null", "policies:", "warning 0:0: policies: there are none, so nothing is sampled"},
		{"types in a block of another type", "policies: [{name: a, type: trace_flags, and: {and_sub_policy: [{name: b}, {type: x}]}}]", "warning 1:41: policies[0]: and has no effect on a policy of type trace_flags"},
		{"a block of another type", "policies: [{name: a, type: trace_flags, latency: {threshold_ms: 1}}]", "warning 1:41: policies[0]: latency has no effect on a policy of type trace_flags"},
		{"a fraction", "policies: [{name: a, type: latency, latency: {threshold_ms: 5.7}}]", "warning 1:61: policies[0].latency.threshold_ms becomes 5, as it has to be a whole number of 64 bits"},
		{"too large", "policies: [{name: a, type: span_count, span_count: {min_spans: 4294967298}}]", "warning 1:64: policies[0].span_count.min_spans becomes 2, as it has to be a whole number of 32 bits"},
		{"latency below zero", "policies: [{name: a, type: latency, latency: {threshold_ms: -1}}]", "warning 1:61: policies[0].latency.threshold_ms is below zero, so every trace lasts longer"},
		{"latency upside down", "policies: [{name: a, type: latency, latency: {threshold_ms: 5, upper_threshold_ms: 5}}]", "warning 1:84: policies[0].latency.upper_threshold_ms is not above threshold_ms, so no trace is sampled"},
		{"a bound of zero", "policies: [{name: a, type: numeric_attribute, numeric_attribute: {key: k, min_value: 0, max_value: 5}}]", "warning 1:86: policies[0].numeric_attribute.min_value is zero, which counts as no bound"},
		{"bounds upside down", "policies: [{name: a, type: numeric_attribute, numeric_attribute: {key: k, min_value: 6, max_value: 5}}]", "warning 1:86: policies[0].numeric_attribute.min_value is above max_value, so no value matches"},
		{"over 100 %", "policies: [{name: a, type: probabilistic, probabilistic: {sampling_percentage: 101}}]", "warning 1:80: policies[0].probabilistic.sampling_percentage is over 100, which counts as 100"},
		{"no percentage", "policies: [{name: a, type: probabilistic, probabilistic: {sampling_percentage: -1}}]", "warning 1:80: policies[0].probabilistic.sampling_percentage is not above zero, so nothing is sampled"},
		{"no key, no values", "policies: [{name: a, type: string_attribute, string_attribute: {}}]", "warning 1:64: policies[0].string_attribute.key is empty, which is the key of hardly any attribute\nwarning 1:64: policies[0].string_attribute.values is empty, so no value matches"},
		{"an empty value", "policies: [{name: a, type: string_attribute, string_attribute: {key: k, values: [v, '']}}]", "warning 1:85: policies[0].string_attribute.values[1] is empty, which no value is compared with"},
		{"a long state", "policies: [{name: a, type: trace_state, trace_state: {key: k, values: [" + strings.Repeat("v", 255) + "]}}]", "warning 1:72: policies[0].trace_state.values[0] is too long for a tracestate, so it is left out"},
		{"no rate", "policies: [{name: a, type: rate_limiting, rate_limiting: {spans_per_second: 0}}]", "warning 1:77: policies[0].rate_limiting.spans_per_second is zero, so nothing is sampled"},
		{"a rate below zero", "policies: [{name: a, type: bytes_limiting, bytes_limiting: {bytes_per_second: -5}}]", "warning 1:79: policies[0].bytes_limiting.bytes_per_second is below zero"},
		{"counts upside down", "policies: [{name: a, type: span_count, span_count: {min_spans: 5, max_spans: 2}}]", "warning 1:64: policies[0].span_count.min_spans is above max_spans, so nothing is sampled"},
		{"an empty and", "policies: [{name: a, type: and, and: {and_sub_policy: []}}]", "warning 1:55: policies[0].and.and_sub_policy is empty, so every trace is sampled"},
		{"an empty drop", "policies: [{name: a, type: drop, drop: {}}]", "warning 1:40: policies[0].drop.drop_sub_policy is empty, so every trace is dropped"},
		{"another order", "policies: [{name: a, type: composite, composite: {max_total_spans_per_second: 5, policy_order: [b, a], composite_sub_policy: [{name: a, type: always_sample}, {name: b, type: always_sample}]}}]",
			"warning 1:96: policies[0].composite.policy_order is another order than that of composite_sub_policy, which is the one that counts"},
		{"an unknown share", "policies: [{name: a, type: composite, composite: {max_total_spans_per_second: 5, composite_sub_policy: [{name: a, type: always_sample}], rate_allocation: [{policy: b, percent: 5}]}}]",
			"warning 1:156: policies[0].composite.rate_allocation[0] is for a policy that composite_sub_policy has not"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, notes := load(t, tt.text)
			if set == nil {
				t.Error("it was refused")
			}
			if got := show(notes); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestDecode_AsWritten reads every key of every type.
func TestDecode_AsWritten(t *testing.T) {
	cfg, notes := Decode(yamlOf(t, `
shared: &shared {key: k, invert_match: true}
policies:
- {name: a, type: string_attribute, string_attribute: {<<: *shared, values: "x,y", enabled_regex_matching: true, cache_max_size: 5, invert_match: false}}
- {name: b, type: not, not: {not_sub_policy: {name: c, type: numeric_attribute, numeric_attribute: {<<: [*shared], min_value: 1, max_value: 0x10}}}}
- {name: d, type: ottl_condition, ottl_condition: {error_mode: IGNORE, span: [a], spanevent: [b]}}
- {name: e, type: composite, composite: {max_total_spans_per_second: 1_000, policy_order: [f], composite_sub_policy: [{name: f, type: and, and: {and_sub_policy: [{name: g, type: trace_flags}]}}], rate_allocation: [{policy: f, percent: 50}]}}
- {name: h, type: probabilistic, probabilistic: {hash_salt: s, sampling_percentage: 5}, latency: }
`))
	if len(notes) != 1 || !notes[0].Warning {
		t.Fatalf("got notes\n%s\nwant a warning of the unused latency", show(notes))
	}
	p := cfg.Policies
	for i := range p {
		p[i].At, p[i].places = Place{}, nil
	}
	p[1].Not.Policy.At, p[1].Not.Policy.places = Place{}, nil
	p[3].Composite.Policies[0].At, p[3].Composite.Policies[0].places = Place{}, nil
	p[3].Composite.Policies[0].And.Policies[0].At, p[3].Composite.Policies[0].And.Policies[0].places = Place{}, nil
	want := []Policy{
		{Name: "a", Type: StringAttribute, StringAttribute: StringAttributeConfig{Key: "k", Values: []string{"x", "y"}, EnabledRegexMatching: true, CacheMaxSize: 5}},
		{Name: "b", Type: Not, Not: NotConfig{Policy: &Policy{Name: "c", Type: NumericAttribute, NumericAttribute: NumericAttributeConfig{Key: "k", MinValue: 1, MaxValue: 16, InvertMatch: true}}}},
		{Name: "d", Type: OTTLCondition, OTTLCondition: OTTLConditionConfig{ErrorMode: IgnoreError, SpanConditions: []string{"a"}, SpanEventConditions: []string{"b"}}},
		{Name: "e", Type: Composite, Composite: CompositeConfig{MaxTotalSpansPerSecond: 1000, PolicyOrder: []string{"f"},
			Policies:       []Policy{{Name: "f", Type: And, And: AndConfig{Policies: []Policy{{Name: "g", Type: TraceFlags}}}}},
			RateAllocation: []RateAllocation{{Policy: "f", Percent: 50}}}},
		{Name: "h", Type: Probabilistic, Probabilistic: ProbabilisticConfig{HashSalt: "s", SamplingPercentage: 5}},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got\n%+v\nwant\n%+v", p, want)
	}
}

// FuzzLoad: whatever is written, loading ends, says something of all that it refuses, and what it accepts decides.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"policies: [{name: a, type: latency, latency: {threshold_ms: 5}}]",
		"policies:\n- &a {name: a, type: and, and: {and_sub_policy: [{name: b, type: not, not: {not_sub_policy: {type: trace_flags}}}]}}\n- <<: *a\n  name: c",
		"policies: [{name: a, type: ottl_condition, ottl_condition: {span: ['name == \"x\" and not (attributes[\"k\"] >= 5)'], spanevent: ['true']}}]",
		"policies: [{name: a, type: composite, composite: {max_total_spans_per_second: 5, composite_sub_policy: [{type: rate_limiting}]}}]",
		"policies: [{name: a, type: string_attribute, string_attribute: {key: k, values: [a, b], enabled_regex_matching: true}}]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var top yaml.Node
		if yaml.Unmarshal([]byte(text), &top) != nil || len(top.Content) == 0 || len(top.Content[0].Content) < 2 {
			return
		}
		cfg, notes := Decode(resolve(top.Content[0].Content[1]))
		if Broken(notes) {
			return
		}
		set, notes := Compile(cfg)
		if (set == nil) != Broken(notes) {
			t.Fatalf("got a set: %v, with notes\n%s", set != nil, show(notes))
		}
		if set != nil {
			in := Input{Fold: new(Fold)}
			set.Explain(&in, set.NewState(nil), noon)
			set.Decide(&in, set.NewState(nil), noon)
		}
	})
}
