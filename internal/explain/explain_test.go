package explain

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/policy"
)

// twoRequests are one trace in two lines, and another one between them.
const twoRequests = `
{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[
 {"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"run","startTimeUnixNano":"1000000000","endTimeUnixNano":"7000000000","traceState":"ot=rv:ffffffffffffff"}]}]}]}
{"resourceSpans":[{"scopeSpans":[{"spans":[
 {"traceId":"ff02030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"other"},
 {"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060709","parentSpanId":"0102030405060708","name":"tool","startTimeUnixNano":"2000000000","endTimeUnixNano":"3000000000","status":{"code":2},"attributes":[{"key":"route","value":{"stringValue":"/pay"}},{"key":"n","value":{"intValue":"3"}}]},
 {"spanId":"0102030405060709","name":"no trace id"}]}]}]}
`

func read(t *testing.T, text string) []*Trace {
	t.Helper()
	traces, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return traces
}

func explained(t *testing.T, policyText string, trace *Trace, options ...policy.Option) *Explanation {
	t.Helper()
	p, err := policy.Compile("policy.yaml", []byte(policyText), options...)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	e, err := Policy(p, trace, time.Unix(1e9, 0))
	if err != nil {
		t.Fatalf("explain: %v", err)
	}
	return e
}

// votes writes an explanation as lines: name, kind, vote, why; votes within others are indented.
func votes(e *Explanation) string {
	var out strings.Builder
	var write func(votes []Vote, indent string)
	write = func(votes []Vote, indent string) {
		for _, v := range votes {
			fmt.Fprintf(&out, "%s%s|%s|%s|%s\n", indent, v.Name, v.Kind, v.Vote, v.Why)
			write(v.Votes, indent+" ")
		}
	}
	write(e.Votes, "")
	return out.String()
}

func TestRead(t *testing.T) {
	traces := read(t, twoRequests)
	if len(traces) != 2 || traces[0].ID[0] != 1 || len(traces[0].Requests) != 2 || traces[1].Requests[0].SpanCount() != 1 {
		t.Fatalf("read: got %d traces %+v, want one in two requests and one of one span", len(traces), traces)
	}
	if got := traces[0].Requests[1].SpanCount(); got != 1 {
		t.Errorf("second request: got %d spans of the trace, want 1", got)
	}
	for text, want := range map[string]string{
		"":                       "no spans",
		`{"resourceSpans":[]}`:   "no spans",
		`{"resourceSpans":`:      "read object 1 at byte",
		`{} {"resourceSpans":3}`: "read object 2: it is not OTLP JSON",
		`[1]`:                    "not OTLP JSON",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("read %q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestPolicy_Rules(t *testing.T) {
	e := explained(t, `
rules:
  - {name: errors, when: errors > 0, keep: true, limit: 5/s}
  - {name: slow, when: 'duration > duration("30s") || service == "bakery"', keep: true}
  - {name: tenant, when: tenant == "a" && root.name.startsWith("r"), keep: true}
  - {name: pay, when: 'attr_any("route", "/pay") && attr_max("n") > 2.0 && !attr_has("gone")', drop: true}
  - {name: broken, when: 1 / (errors - 1) > 0, keep: true}
  - {name: all, sample: 5%}
  - {name: few, when: errors > 5, sample: 5%}
otherwise: {sample: 1%}
`, read(t, twoRequests)[0])
	want := `errors|rule|keep|errors is 1; its limit of 5/s is not counted here
slow|rule|no|duration is 6s; service is "shop"
tenant|rule|unknown|root.name is "run"; tenant is unknown
pay|rule|drop|"gone" is on no span; "n" is on 1 span: 3; "route" is on 1 span: "/pay"
broken|rule|error|errors is 1
all|rule|sample|the coin of the trace is within 5%
few|rule|no|errors is 1
otherwise|otherwise|sample|the coin of the trace is within 1%
`
	if got := votes(e); got != want {
		t.Errorf("votes: got\n%s\nwant\n%s", got, want)
	}
	if e.Verdict != "drop" || e.Spans != 2 || strings.Join(e.Reasons, ",") != "pay" || e.TraceID != "0102030405060708090a0b0c0d0e0f10" {
		t.Errorf("verdict: got %+v, want drop by pay of 2 spans", e)
	}
}

func TestPolicy_CoinFallsTheOtherWay(t *testing.T) {
	text := strings.Replace(twoRequests, "ot=rv:ffffffffffffff", "ot=rv:00000000000000", 1)
	e := explained(t, "rules: [{name: few, sample: 5%}]", read(t, text)[0])
	want := "few|rule|no|the coin of the trace is above 5%\notherwise|otherwise|drop|where no rule decides\n"
	if got := votes(e); got != want || e.Verdict != "drop" || e.Probability != 0.05 {
		t.Errorf("got\n%s%s at %g, want\n%sdrop at 0.05", got, e.Verdict, e.Probability, want)
	}
}

const policies = `
policies:
  - {name: big, type: span_count, span_count: {min_spans: 3}}
  - {name: both, type: and, and: {and_sub_policy: [{name: failed, type: status_code, status_code: {status_codes: [ERROR]}}, {name: all, type: always_sample}]}}
  - {name: shop, type: ottl_condition, ottl_condition: {span: ['resource.attributes["service.name"] == "shop" and IsMatch(name, "r.n")']}}
`

func TestPolicy_Policies(t *testing.T) {
	trace := read(t, twoRequests)[0]
	e := explained(t, policies, trace)
	got := votes(e)
	for _, want := range []string{"big|span_count|not_sampled|2 spans\n", "both|and|sampled|", "\n failed|status_code|sampled|", "shop|ottl_condition|sampled|"} {
		if !strings.Contains(got, want) {
			t.Errorf("votes: got\n%s\nwant in it %q", got, want)
		}
	}
	if strings.Contains(got, "otherwise") || e.Verdict != "keep" || strings.Join(e.Reasons, ",") != "both,shop" && strings.Join(e.Reasons, ",") != "both" {
		t.Errorf("got\n%s%s by %v, want policies alone, and keep by both", got, e.Verdict, e.Reasons)
	}
	if got := votes(explained(t, policies, trace, policy.SampleOnFirstMatch(true))); !strings.Contains(got, "shop|ottl_condition|not_evaluated") {
		t.Errorf("with sample_on_first_match: got\n%s\nwant shop not evaluated", got)
	}
}

func TestPolicy_RulesAndPolicies(t *testing.T) {
	e := explained(t, "rules: [{name: never, when: spans > 99, keep: true}]\n"+policies, read(t, twoRequests)[0])
	if got := votes(e); !strings.HasPrefix(got, "never|rule|no|spans is 2\notherwise|otherwise|drop|where no rule decides\nbig|") || e.Verdict != "keep" {
		t.Errorf("votes: got\n%s%s, want rules, then policies, and keep", got, e.Verdict)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(twoRequests))
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01"}]}]}]}`))
	p, err := policy.Compile("policy.yaml", []byte("rules: [{name: a, when: errors > 0, keep: true}]\n"+policies))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		traces, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, trace := range traces {
			if _, err := Policy(p, trace, time.Unix(1e9, 0)); err != nil {
				t.Errorf("explain what was read: %v", err)
			}
		}
	})
}

// failing is a file that cannot be read to its end.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestRead_SaysThatReadingFailed(t *testing.T) {
	if _, err := Read(failing{}); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("read: got %v, want the reader's own error", err)
	}
}
