package policy_test

import (
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/policy"
)

var (
	healthy = []span{{name: "run", length: time.Second, attrs: attrs{"gen_ai.operation.name": "invoke_agent"}}}
	failed  = []span{{name: "run", err: true, length: time.Second}}
	probe   = []span{{name: "healthcheck", err: true}}
)

// TestDecide is what a policy means: rules, a trace, and where its coin falls, then the verdict.
func TestDecide(t *testing.T) {
	const (
		errors   = `name: errors, when: errors > 0, keep: week`
		probes   = `name: probes, when: root.name == "healthcheck", drop: true`
		baseline = `name: baseline, sample: 25%, keep: week`
	)
	tests := []struct {
		name  string
		rules []string
		spans []span
		coin  float64
		state string // tracestate
		want  string
	}{
		{name: "kept for cause", rules: []string{errors}, spans: failed, want: "keep week 1 [errors]"},
		{name: "no cause", rules: []string{errors}, spans: healthy, want: "drop 0 [otherwise]"},
		{name: "the built-in class", rules: []string{`name: all, keep: true`}, spans: healthy, want: "keep default 1 [all]"},
		{name: "a drop vetoes", rules: []string{errors, baseline, probes}, spans: probe, coin: 0.99, want: "drop 0 [probes]"},
		{name: "every drop that matches", rules: []string{probes, `name: bad, when: errors > 0, drop: true`}, spans: probe,
			want: "drop 0 [probes bad]"},
		{name: "the longest class, every name", rules: []string{errors, `name: all, keep: month`, `name: some, keep: week`}, spans: failed,
			want: "keep month 1 [errors all some]"},
		{name: "forever is longest", rules: []string{`name: a, keep: ever`, `name: b, keep: month`}, spans: failed, want: "keep ever 1 [a b]"},
		{name: "classes as long as each other", rules: []string{`name: a, keep: week`, `name: b, keep: also-week`}, spans: failed,
			want: "keep also-week 1 [a b]"},

		{name: "sampled", rules: []string{baseline}, spans: healthy, coin: 0.75, want: "keep week 0.25 th:c [baseline]"},
		{name: "not sampled", rules: []string{baseline}, spans: healthy, coin: 0.74, want: "drop 0.25 [baseline]"},
		{name: "all of them", rules: []string{`name: s, sample: 100%`}, spans: healthy, want: "keep default 1 th:0 [s]"},
		{name: "the largest probability counts", rules: []string{baseline, `name: half, sample: 0.5, keep: month`}, spans: healthy, coin: 0.6,
			want: "keep month 0.5 th:8 [half]"},
		{name: "each whose coin falls", rules: []string{baseline, `name: half, sample: 0.5`}, spans: healthy, coin: 0.8,
			want: "keep default 0.5 th:8 [baseline half]"},
		{name: "lost to all", rules: []string{baseline, `name: half, sample: 0.5`}, spans: healthy, coin: 0.4, want: "drop 0.5 [baseline half]"},
		{name: "a sample that does not match", rules: []string{`name: s, when: errors > 0, sample: 50%`}, spans: healthy, coin: 0.9,
			want: "drop 0 [otherwise]"},
		{name: "cause and chance", rules: []string{errors, baseline}, spans: failed, coin: 0.9, want: "keep week 1 [errors baseline]"},
		{name: "cause without chance", rules: []string{errors, baseline}, spans: failed, coin: 0.1, want: "keep week 1 [errors]"},

		{name: "otherwise keep", rules: []string{errors, `otherwise: {keep: month}`}, spans: healthy, want: "keep month 1 [otherwise]"},
		{name: "otherwise keep leaves nothing to chance", rules: []string{baseline, `otherwise: {keep: month}`}, spans: healthy, coin: 0.9,
			want: "keep week 1 [baseline]"},
		{name: "otherwise sample", rules: []string{errors, `otherwise: {sample: 50%, keep: month}`}, spans: healthy, coin: 0.5,
			want: "keep month 0.5 th:8 [otherwise]"},
		{name: "otherwise not sampled", rules: []string{errors, `otherwise: {sample: 50%}`}, spans: healthy, coin: 0.4, want: "drop 0.5 [otherwise]"},
		{name: "otherwise samples more than a rule", rules: []string{baseline, `otherwise: {sample: 50%}`}, spans: healthy, coin: 0.6,
			want: "keep default 0.5 th:8 [otherwise]"},
		{name: "a rule samples more than otherwise", rules: []string{baseline, `otherwise: {sample: 10%}`}, spans: healthy, coin: 0.8,
			want: "keep week 0.25 th:c [baseline]"},
		{name: "otherwise after a cause", rules: []string{errors, `otherwise: {sample: 50%, keep: ever}`}, spans: failed, coin: 0.9,
			want: "keep week 1 [errors]"},
		{name: "otherwise after a drop", rules: []string{probes, `otherwise: {keep: month}`}, spans: probe, want: "drop 0 [probes]"},

		{name: "rv is the coin", rules: []string{baseline}, spans: healthy, coin: 0.9, state: "ot=rv:10000000000000", want: "drop 0.25 [baseline]"},
		{name: "rv that keeps", rules: []string{baseline}, spans: healthy, state: "x=y,ot=rv:d0000000000000", want: "keep week 0.25 th:c [baseline]"},
		{name: "a stricter th stays", rules: []string{baseline}, spans: healthy, coin: 0.95, state: "ot=th:f",
			want: "keep week 0.0625 th:f [baseline]"},
		{name: "a looser th is raised", rules: []string{baseline}, spans: healthy, coin: 0.8, state: "ot=th:8", want: "keep week 0.25 th:c [baseline]"},
		{name: "cause does not touch th", rules: []string{errors}, spans: failed, coin: 0.95, state: "ot=th:f", want: "keep week 1 [errors]"},
		{name: "a th that its coin contradicts", rules: []string{baseline}, spans: healthy, coin: 0.8, state: "ot=th:f",
			want: "keep week 0.25 th:c [baseline]"},
		{name: "a tracestate that cannot be read", rules: []string{baseline}, spans: healthy, coin: 0.8, state: "ot=th:zz;;=",
			want: "keep week 0.25 th:c [baseline]"},

		{name: "a fault does not match", rules: []string{`name: f, when: spans / errors > 0, keep: week`}, spans: healthy, want: "drop 0 [otherwise]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := compile(t, rules(test.rules...))
			v := decideOne(t, p, policy.Input{Facts: facts(t, p, test.spans...), TraceID: traceID(test.coin), TraceState: test.state})
			if got := show(v); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestDecide_Conditions says which conditions hold for one trace that knows some facts and lacks others.
func TestDecide_Conditions(t *testing.T) {
	spans := []span{
		{name: "run", length: 2 * time.Second, attrs: attrs{"gen_ai.operation.name": "invoke_agent", "user.id": "u1", "score": 0.4, "ok": true}},
		{name: "chat", err: true, attrs: attrs{
			"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 100, "gen_ai.response.model": "gpt-4o", "score": "0.6", "route": "/pay",
			"finish": []any{"stop", "length"}, "n": 3,
		}},
	}
	tests := map[string]bool{
		`errors > 0`:                  true,
		`errors > 0.5`:                true,
		`errors >= 1u && spans < 2.5`: true,
		`duration > duration("1s")`:   true,
		`duration > duration("1m")`:   false,
		`root.name == "run"`:          true,
		`root.name.startsWith("r")`:   true,
		`root.name.matches("^r.n$")`:  true,
		`"gpt-4o" in models`:          true,
		`"gpt-4" in models`:           false,
		`models.exists(m, m.contains("4o")) && size(models) == 1`: true,
		`tokens.total == 100`:                         true,
		`double(tokens.total) / double(spans) > 49.9`: true,

		`attr_min("score") < 0.5`:                 true,
		`attr_max("score") == 0.6`:                true,
		`attr_sum("score") == 1.0`:                true,
		`attr_sum("score") > 1`:                   false,
		`attr_count("score") == 2`:                true,
		`attr_count("nothing") == 0`:              true,
		`attr_has("score")`:                       true,
		`attr_has("nothing")`:                     false,
		`attr_any("route", "/pay")`:               true,
		`attr_any("route", "/buy")`:               false,
		`!attr_any("route", "/buy")`:              true,
		`attr_any("n", 3.0) && attr_any("n", 3)`:  true,
		`attr_any("n", "3")`:                      false,
		`attr_any("ok", true)`:                    true,
		`attr_any("finish", "length")`:            true,
		`"/pay" in attr_any("route")`:             true,
		`attr_any("score").exists(v, v == 0.4)`:   true,
		`attr_any("route").exists(v, v == 3)`:     false,
		`attr_any("finish").all(v, v != "error")`: true,

		// What is absent is unknown: no comparison with it holds, and neither does its opposite.
		`session == "s"`:                           false,
		`session != "s"`:                           false,
		`!(session == "s")`:                        false,
		`session == "s" || errors > 0`:             true,
		`errors > 0 || session == "s"`:             true,
		`session == "s" && errors == 0`:            false,
		`!(session == "s" && errors == 0)`:         true,
		`!(errors == 0 && session == "s")`:         true,
		`session == "s" || tenant == "t"`:          false,
		`attr_min("nothing") < 1 || spans > 1`:     true,
		`attr_min("nothing") < 1`:                  false,
		`!(attr_min("nothing") < 1)`:               false,
		`attr_min("route") < 1`:                    false,
		`!attr_any("nothing", 1)`:                  false,
		`attr_any("nothing").exists(v, v == 1)`:    false,
		`attr_any("nothing").all(v, v == 1)`:       false,
		`session == "s" ? true : true`:             false,
		`[session, "s"].exists(v, v == "s")`:       false,
		`size(session) > 0`:                        false,
		`known(session)`:                           false,
		`!known(session)`:                          true,
		`known(user)`:                              true,
		`known(attr_min("nothing"))`:               false,
		`known(attr_min("score"))`:                 true,
		`known(session) && session == "s"`:         false,
		`!known(session) || session == "s"`:        true,
		`known(session == "s" || errors > 0)`:      true,
		`known(session == "s" && tenant == "t")`:   false,
		`!known(tokens.output) || tokens.output<1`: true,
	}
	for when, want := range tests {
		p := compile(t, "rules:\n  - name: r\n    keep: true\n    when: |\n      "+when+"\n")
		v := decideOne(t, p, policy.Input{Facts: facts(t, p, spans...)})
		if v.Keep != want || v.Faults != 0 {
			t.Errorf("%s: got %t with %d faults, want %t", when, v.Keep, v.Faults, want)
		}
	}
}

// TestDecide_Faults tells what cannot be evaluated from what is unknown.
func TestDecide_Faults(t *testing.T) {
	for when, want := range map[string]int{
		`spans / errors > 1`:                1,
		`models[5] == "x"`:                  0, // there are no models at all: unknown
		`[1, 2][spans] > 0`:                 0,
		`[1][spans] > 0`:                    1,
		`int(root.name) > 0`:                1,
		`spans / errors > 1 || spans == 1`:  0,
		`session == "s" || spans/errors >1`: 0,
	} {
		p := compile(t, "rules:\n  - name: r\n    keep: true\n    when: '"+when+"'\n  - {name: s, when: errors > 5, keep: true}\n")
		v := decideOne(t, p, policy.Input{Facts: facts(t, p, healthy...)})
		if v.Faults != want {
			t.Errorf("%s: got %d faults, want %d", when, v.Faults, want)
		}
	}
}

func TestDecide_Calibrate(t *testing.T) {
	p := compile(t, rules(`calibrate: 7d`, `name: errors, when: errors > 0, keep: month`,
		`name: limited, when: spans > 0, keep: week, limit: 1/h`,
		`name: probes, when: root.name == "healthcheck", drop: true`, `name: baseline, sample: 25%`))
	since := noon.Add(-time.Hour)
	st := policy.NewState(p, noon)
	inputs := func(coin float64) []policy.Input {
		return []policy.Input{
			{Facts: facts(t, p, healthy...), TraceID: traceID(coin)}, {Facts: facts(t, p, failed...), TraceID: traceID(coin)},
			{Facts: facts(t, p, probe...), TraceID: traceID(coin)},
		}
	}
	want := []string{"keep week 1 [limited calibrate]", "keep month 1 [errors limited calibrate]", "drop 0 [probes]"}
	for i, v := range p.Decide(inputs(0.1), st, noon, since) {
		if got := show(v); got != want[i] {
			t.Errorf("calibrating: trace %d: got %s, want %s", i, got, want[i])
		}
	}
	// The limit is untouched, so the first trace after calibration still fits.
	want = []string{"keep week 1 [limited]", "keep month 1 [errors limited]", "drop 0 [probes]"}
	for i, v := range p.Decide(inputs(0.1), st, since.Add(7*24*time.Hour), since) {
		if got := show(v); got != want[i] {
			t.Errorf("at the end: trace %d: got %s, want %s", i, got, want[i])
		}
	}
	if v := p.Decide(inputs(0.1)[:1], st, noon, time.Time{}); show(v[0]) != "drop 0.9 [limited baseline]" {
		t.Errorf("since never: got %s, want the limit to be used up and the sample lost", show(v[0]))
	}
}

// TestDecide_Empty decides nothing, and a trace of which nothing is known.
func TestDecide_Empty(t *testing.T) {
	p := compile(t, string(policy.BuiltIn()))
	if v := p.Decide(nil, policy.NewState(p, noon), noon, noon); len(v) != 0 {
		t.Errorf("no traces: got %d verdicts", len(v))
	}
	if got := show(decideOne(t, p, policy.Input{Facts: new(agent.Facts), TraceID: traceID(0.5)})); got != "drop 0.1 [baseline]" {
		t.Errorf("no facts: got %s, want drop 0.1 [baseline]", got)
	}
}
