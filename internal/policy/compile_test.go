package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/policy"
)

// oneRule makes a policy whose rule has these lines besides its name.
func oneRule(lines ...string) string {
	return "rules:\n  - name: r\n    " + strings.Join(lines, "\n    ") + "\n"
}

// TestCompile_Faults is every way to get a policy wrong, with what is said about it.
func TestCompile_Faults(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", `p:1:1: the file is empty: there are no rules`},
		{"only a comment", "# later\n", `p:1:1: the file is empty: there are no rules`},
		{"not YAML", "rules:\n  - name: [\n", `p:2:1: not YAML: did not find expected node content`},
		{"not UTF-8", "rules:\n  - name: a\xff\n", `p:2:12: not UTF-8 (hint: save the file as UTF-8)`},
		{"two documents", "rules: [{name: a, keep: true}]\n---\nrules: []\n", `p:2:1: a second document; a policy file holds one`},
		{"not a mapping", "- a\n", "p:1:1: a policy must be a mapping of keys to values\np:1:1: there are no rules"},
		{"no rules", "calibrate: 7d\n", `p:1:1: there are no rules`},
		{"empty rules", "rules: []\n", `p:1:1: there are 0 rules; from 1 to 250 are possible`},
		{"rules without a list", "rules: {name: a}\n", `p:1:1: rules must be a list`},
		{"a rule that is none", "rules: [keep]\n", `p:1:9: a rule must be a mapping of keys to values`},

		{"unknown key", "rulez: []\nrules: [{name: a, keep: true}]\n", `p:1:1: unknown key "rulez" in a policy (hint: did you mean "rules"?)`},
		{"unknown key far from any", "xyzzy: 1\nrules: [{name: a, keep: true}]\n",
			`p:1:1: unknown key "xyzzy" in a policy (hint: known are retention, calibrate, rules, policies, otherwise)`},
		{"unknown key of a rule", oneRule("whne: errors > 0", "keep: true"), `p:3:5: unknown key "whne" in a rule (hint: did you mean "when"?)`},
		{"unknown key of otherwise", "rules: [{name: a, keep: true}]\notherwise: {dorp: true, keep: true}\n",
			`p:2:13: unknown key "dorp" in otherwise (hint: did you mean "drop"?)`},
		{"twice", oneRule("keep: true", "keep: true"), `p:4:5: "keep" stands twice in a rule`},
		{"no value", oneRule("keep:"), `p:3:10: "keep" needs a value`},
		{"a list for a word", oneRule("keep: [a]"), `p:3:11: "keep" needs a value`},

		{"a policy and a rule of one name", "policies: [{name: a, type: always_sample}]\nrules: [{name: a, keep: true}]\n",
			`p:1:12: there is a rule and a policy named "a"`},
		{"a policy of no type", "policies:\n  - name: a\n    type: allways_sample\n",
			`p:3:11: policies[0]: unknown policy type "allways_sample" (hint: did you mean "always_sample"?)`},
		{"hold", oneRule("hold: 72h"),
			`p:3:5: hold belongs to the hold, which keeps undecided traces on disk and which this build lacks (hint: use drop, keep or sample)`},
		{"otherwise hold", "rules: [{name: a, keep: true}]\notherwise:\n  hold: 72h\n",
			`p:3:3: hold belongs to the hold, which keeps undecided traces on disk and which this build lacks (hint: use drop, keep or sample)`},
		{"scope session", oneRule("keep: true", "scope: session"),
			`p:4:5: scope: session keeps whole sessions, which belongs to the hold, which this build lacks`},
		{"no scope", oneRule("keep: true", "scope: world"), `p:4:12: "world" is no scope (hint: write trace)`},

		{"no name", "rules:\n  - keep: true\n", `p:2:5: a rule has no name`},
		{"a bad name", "rules:\n  - name: a b\n    keep: true\n",
			`p:2:11: "a b" is no name for a rule (hint: names are made of letters, digits, and the signs - _ . and have at most 100 characters)`},
		{"a reserved name", "rules:\n  - name: otherwise\n    keep: true\n",
			`p:2:11: a rule cannot be named "otherwise", as verdicts use that name`},
		{"two of a name", "rules:\n  - {name: a, keep: true}\n  - {name: a, keep: true}\n", `p:3:12: there are two rules named "a"`},

		{"no verb", oneRule("when: errors > 0"), `p:2:5: rule r does not say what to do (hint: add keep, sample or drop)`},
		{"drop and keep", oneRule("when: errors > 0", "keep: true", "drop: true"), `p:5:5: rule r drops and keeps at once`},
		{"drop false", oneRule("when: errors > 0", "drop: false"),
			`p:4:11: drop: false means nothing (hint: leave drop out, or write drop: true)`},
		{"drop everything", oneRule("drop: true"), `p:2:5: rule r drops everything (hint: say which traces, with when)`},
		{"empty otherwise", "rules: [{name: a, keep: true}]\notherwise: {}\n",
			`p:2:1: otherwise does not say what to do (hint: add keep, sample or drop)`},

		{"an unknown class", "retention: {debug: 7d}\n" + oneRule("keep: debgu"), `p:4:11: "debgu" is not among the retention classes (hint: did you mean "debug"?)`},
		{"a class far from any", "retention: {debug: 7d}\n" + oneRule("keep: forever"),
			`p:4:11: "forever" is not among the retention classes (hint: known are debug, default, and true for default)`},
		{"a bad length", "retention: {debug: 7 days, gone: 0d, long: 9999999999d}\n" + oneRule("keep: true"),
			"p:1:20: debug: \"7 days\" is no length of time such as 72h, 7d or 90d\n" +
				"p:1:34: gone: \"0d\" is no length of time such as 72h, 7d or 90d\n" +
				"p:1:44: long: \"9999999999d\" is no length of time such as 72h, 7d or 90d"},
		{"a bad calibrate", "calibrate: soon\n" + oneRule("keep: true"), `p:1:12: calibrate: "soon" is no length of time such as 72h, 7d or 90d`},
		{"a bad percentage", oneRule("sample: 5 percent"), `p:3:13: "5 percent" is no probability above 0 and up to 100% (hint: write 5% or 0.05)`},
		{"a percentage without its sign", oneRule("sample: 5"), `p:3:13: "5" is no probability above 0 and up to 100% (hint: write 5% or 0.05)`},
		{"nothing of it", oneRule("sample: 0%"), `p:3:13: "0%" is no probability above 0 and up to 100% (hint: write 5% or 0.05)`},
		{"not a number of it", oneRule("sample: NaN"), `p:3:13: "NaN" is no probability above 0 and up to 100% (hint: write 5% or 0.05)`},
		{"a bad limit", oneRule("keep: true", "limit: 50"), `p:4:12: "50" is no limit such as 50/s, 100/m or 1000/h`},
		{"a limit on chance", oneRule("sample: 5%", "limit: 50/s"), `p:4:5: limit belongs to a rule that keeps for cause`},
		{"a coin for nothing", oneRule("keep: true", "by: trace"),
			`p:4:5: by belongs to a rule with sample or limit, as others leave nothing to chance`},
		{"a coin by what", oneRule("sample: 5%", "by: user"), `p:4:9: "user" is nothing to toss a coin by (hint: write trace or session)`},

		{"several at once", "rules:\n  - name: a\n    when: errrors > 0\n  - name: a\n    sample: 500%\n",
			"p:2:5: rule a does not say what to do (hint: add keep, sample or drop)\n" +
				"p:3:11: unknown fact \"errrors\" (hint: did you mean \"errors\"?)\n" +
				"p:4:11: there are two rules named \"a\"\n" +
				`p:5:13: "500%" is no probability above 0 and up to 100% (hint: write 5% or 0.05)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := policy.Compile("p", []byte(test.text))
			if err == nil {
				t.Fatalf("compiled, want\n%s", test.want)
			}
			if got := err.Error(); got != test.want || p != nil {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			var one *policy.Error
			if !errors.As(err, &one) || one.File != "p" || one.Line < 1 || one.Column < 1 {
				t.Errorf("got %#v, want an error with its place", one)
			}
		})
	}
}

// TestCompile_WhenFaults is every way to get a condition wrong. Columns count from the start of the condition.
func TestCompile_WhenFaults(t *testing.T) {
	const lacks = ", which this build lacks"
	tests := []struct{ when, want string }{
		{`errrors > 0`, `1: unknown fact "errrors" (hint: did you mean "errors"?)`},
		{`spans > 1 && root.nam == "x"`, `14: unknown fact "root.nam" (hint: did you mean "root.name"?)`},
		{`tokens.totl > 1`, `1: unknown fact "tokens.totl" (hint: did you mean "tokens.total"?)`},
		{`http.status_code == 500`, `1: unknown fact "http.status_code" (hint: attributes of spans are read with attr_any, attr_min and the like)`},
		{`models.exists(m, n == "x")`, `18: unknown fact "n" (hint: attributes of spans are read with attr_any, attr_min and the like)`},
		{`session.cost.usd > 0.5`, `1: session.cost.usd belongs to sessions held together` + lacks},
		{`rank.duration > 0.99`, `1: rank.duration belongs to ranks against an agent's own traffic` + lacks},
		{`ratio.tokens > 3.0`, `1: ratio.tokens belongs to ratios to an agent's own traffic` + lacks},
		{`refusals > 0`, `1: unknown fact "refusals" (hint: did you mean "refusal"?)`},
		{`errors > 0 || loops > 0`, `15: loops belongs to tool loops` + lacks},
		{`loops > 0`, `1: loops belongs to tool loops` + lacks},
		{`feedback.min < 0`, `1: feedback.min belongs to feedback` + lacks},
		{`score.relevance < 0.5`, `1: score.relevance belongs to evaluations` + lacks},
		{`drift.refusals > 2`, `1: drift.refusals belongs to drift` + lacks},
		{`judge("relevance") < 0.5`, `1: judge() belongs to judges` + lacks},

		{`foo(1)`, `1: unknown function "foo"`},
		{`root.name.contans("x")`, `11: unknown function "contans" (hint: did you mean "contains"?)`},
		{`has(root.name)`, `1: has() does not apply to facts (hint: write known(...))`},
		{`attr_min(root.name) < 1`, `10: the key of attr_min must be a literal text, as it has to be known before the spans come`},
		{`attr_min("a" + "b") < 1`, `14: the key of attr_min must be a literal text, as it has to be known before the spans come`},
		{`attr_min("") < 1`, `10: the key of attr_min must have from 1 to 256 bytes`},
		{`attr_min() < 1`, `1: attr_min takes the key of an attribute, such as attr_min("retrieval.top_score")`},
		{`attr_min("a", "b") < 1`, `1: attr_min takes the key of an attribute, such as attr_min("retrieval.top_score")`},

		{`duration > 30`, `10: found no matching overload for '_>_' applied to '(duration, int)' (hint: compare durations with durations, as in duration > duration("30s"))`},
		{`root.name > 3`, `11: found no matching overload for '_>_' applied to '(string, int)'`},
		{`errors == "0"`, `8: found no matching overload for '_==_' applied to '(int, string)' (hint: both sides must be of one type)`},
		{`models == "gpt"`, `8: found no matching overload for '_==_' applied to '(list(string), string)' (hint: both sides must be of one type)`},
		{`errors`, `1: the condition is of type int, where a yes or no is needed (hint: compare it with something)`},
		{`errors > 0 &&`, `14: the condition ends too early`},
		{`errors > 0 & spans > 1`, `12: token recognition error at: '& '`},
		{`root.name.matches("(")`, "1: the condition cannot be planned: error parsing regexp: missing closing ): `(`"},
		{`models.all(a, models.all(b, models.all(c, a + b != c)))`, `1: the condition could take too long for one trace (hint: nest fewer exists, all and map)`},
		{strings.Repeat("(", 100) + `known(user)` + strings.Repeat(")", 100), `1: expression recursion limit exceeded: 40`},
	}
	for _, test := range tests {
		_, err := policy.Compile("p", []byte(oneRule("when: >-\n      "+test.when, "keep: true")))
		if err == nil {
			t.Errorf("%s: compiled, want %s", test.when, test.want)
			continue
		}
		var fault *policy.Error
		if !errors.As(err, &fault) {
			t.Fatalf("%s: got %v, want a policy.Error", test.when, err)
		}
		got := fmt.Sprintf("%d: %s", fault.Column-6, fault.What)
		if fault.Hint != "" {
			got += " (hint: " + fault.Hint + ")"
		}
		if got != test.want || fault.Line != 4 {
			t.Errorf("%s:\n got line %d, column %s\nwant line 4, column %s", test.when, fault.Line, got, test.want)
		}
	}
}

// TestCompile_Places has the same fault, an unknown fact, in every style of scalar that YAML knows.
func TestCompile_Places(t *testing.T) {
	for name, text := range map[string]string{
		"plain":         "rules:\n- name: r\n  when: errors > 0 && oops > 1\n  keep: true\n",
		"single quoted": "rules:\n- name: r\n  when: 'root.name == ''x'' && oops > 1'\n  keep: true\n",
		"double quoted": "rules:\n- name: r\n  when: \"root.name == \\\"\\u0041\\t\\\" && oops > 1\"\n  keep: true\n",
		"literal":       "rules:\n- name: r\n  when: |\n    errors > 0 &&\n      spans > 1 &&\n      oops > 1\n  keep: true\n",
		"folded":        "rules:\n- name: r\n  keep: true\n  when: >-\n    errors > 0 &&\n    spans > 1 &&\n\n    oops > 1\n",
		"plain lines":   "rules:\n- name: r\n  when: errors > 0 &&\n    spans > 1 && oops > 1\n  keep: true\n",
		"quoted lines":  "rules:\n- name: r\n  when: \"errors > 0 \\\n    && oops > 1\"\n  keep: true\n",
		"flow":          "rules: [{name: r, keep: true, when: oops > 1}]\n",
		"not ASCII":     "rules:\n- name: r\n  when: root.name == \"größe\" || oops > 1\n  keep: true\n",
		"alias":         "rules:\n- name: r\n  when: &c oops > 1\n  keep: true\n- name: s\n  when: *c\n  keep: true\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Compile("p", []byte(text))
			var fault *policy.Error
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a policy.Error", err)
			}
			line := strings.Split(text, "\n")[fault.Line-1]
			if rest := string([]rune(line)[fault.Column-1:]); !strings.HasPrefix(rest, "oops") && name != "alias" {
				t.Errorf("got line %d, column %d, where stands %q; want oops", fault.Line, fault.Column, rest)
			} else if name == "alias" && fault.Line != 3 {
				t.Errorf("got line %d, want 3", fault.Line)
			}
		})
	}
}

func TestCompile(t *testing.T) {
	text := `
calibrate: 2w
retention: {debug: 7d, audit: forever, default: 90d}
otherwise: {sample: 1%}
rules:
  - name: errors
    when: errors > 0 && attr_any("b.key", "x") || attr_min("a.key") < 1 || attr_has("b.key")
    keep: debug
    limit: 100/m
    by: trace
  - {name: some, sample: 0.25, keep: audit, scope: trace}
  - {name: none, when: root.name == "probe", drop: true}
`
	p := compile(t, text)
	if got := string(p.Text()); got != text {
		t.Errorf("text: got %q", got)
	}
	if got := fmt.Sprint(p.Attrs()); got != "[a.key b.key]" {
		t.Errorf("attrs: got %s, want [a.key b.key]", got)
	}
	if got := p.Calibrate(); got != 14*24*time.Hour {
		t.Errorf("calibrate: got %v, want two weeks", got)
	}
	var got []string
	for _, r := range p.Rules() {
		got = append(got, fmt.Sprintf("%d %s %v when %t class %q p %v limit %q by trace %t",
			r.Line, r.Name, r.Verb, r.When != "", r.Retention, r.Probability, r.Limit, r.ByTrace))
	}
	want := []string{
		`6 errors keep when true class "debug" p 0 limit "100/m" by trace true`,
		`11 some sample when false class "audit" p 0.25 limit "" by trace false`,
		`12 none drop when true class "" p 0 limit "" by trace false`,
		`4 otherwise sample when false class "default" p 0.01 limit "" by trace false`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestCompile_Version names a policy by its content alone.
func TestCompile_Version(t *testing.T) {
	a, b := compile(t, "rules: [{name: a, keep: true}]"), compile(t, "rules: [{name: b, keep: true}]")
	if a.Version() == b.Version() || a.Version() != compile(t, string(a.Text())).Version() {
		t.Errorf("got versions %s and %s, want two, and the same again for the same text", a.Version(), b.Version())
	}
	if got, want := a.Version(), "sha256:6e0705c3d5b4"; got != want {
		t.Errorf("version: got %s, want %s", got, want)
	}
}

// TestBuiltIn decides a few traces as a new user's program does.
func TestBuiltIn(t *testing.T) {
	p := compile(t, string(policy.BuiltIn()))
	for name, test := range map[string]struct {
		spans []span
		want  string
	}{
		"an error":   {failed, "keep debug 1 [errors]"},
		"slow":       {[]span{{name: "run", length: 31 * time.Second}}, "keep debug 1 [slow]"},
		"in time":    {[]span{{name: "run", length: 30 * time.Second}}, "drop 0.1 [baseline]"},
		"many words": {[]span{{name: "run", attrs: attrs{"gen_ai.usage.output_tokens": 50001}}}, "keep debug 1 [costly]"},
		"healthy":    {healthy, "drop 0.1 [baseline]"},
	} {
		v := decideOne(t, p, policy.Input{Facts: facts(t, p, test.spans...), TraceID: traceID(0.5)})
		if got := show(v); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// FuzzCompile compiles whatever comes. What is accepted must decide, and be the same when compiled again.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(policy.BuiltIn()))
	f.Add([]byte(rules(`name: a, when: 'attr_any("k").exists(v, v == 3) && known(session)', keep: week, limit: 5/m, by: trace`, `name: b, sample: 5%`)))
	f.Add([]byte("rules:\n- name: r\n  when: >\n    errors > 0 &&\n\n    oops\n  keep: &a true\notherwise: {keep: *a}\n"))
	f.Add([]byte("rules: [{name: r, when: \"\\x41 \\\n  && 1\", keep: ~}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Compile("fuzz", text)
		if err != nil {
			var list policy.Errors
			if !errors.As(err, &list) || len(list) == 0 || p != nil {
				t.Fatalf("got policy %v and %v, want only Errors", p, err)
			}
			return
		}
		again, err := policy.Compile("again", p.Text())
		if err != nil || again.Version() != p.Version() || len(again.Rules()) != len(p.Rules()) {
			t.Fatalf("compiled again: got %v, want the same policy", err)
		}
		v := p.Decide(batch(0.5), policy.NewState(p, noon), noon, noon)[0]
		if v.Keep != (v.Retention != "") || len(v.Rules) == 0 || v.Probability < 0 || v.Probability > 1 {
			t.Fatalf("got verdict %+v, want reasons, a class if kept, and a probability", v)
		}
	})
}
