package migrate

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// What makes a trace one that a rule decides otherwise than the policy that it was made of.
const (
	unlessTimes  = "a span has no start or end, or the trace ends before it starts"
	unlessFailed = "a span says that it failed without status ERROR, as some libraries do"
	unlessStatus = "a span has a status that is none of OK, ERROR and UNSET"
	unlessPlace  = "a scope or an event has the attribute, or a value is a list, a map, bytes or empty"
	unlessMany   = "the attribute has more than 16 different values in one trace"
	unlessLong   = "a value is longer than 1024 bytes"
)

// maxText is the longest text that facts know other than by its hash, in bytes.
const maxText = 1024

// untranslated says why there is no rule for a policy.
type untranslated string

// Error implements error.
func (u untranslated) Error() string { return string(u) }

// translate says in the language of rules which traces p samples; of a drop policy, which it drops. Its error is why it
// cannot be said.
func translate(p *tailsampling.Policy) (condition, error) {
	switch p.Type {
	case tailsampling.AlwaysSample:
		return constant(true), nil
	case tailsampling.Latency:
		return latency(&p.Latency)
	case tailsampling.NumericAttribute:
		return numeric(&p.NumericAttribute)
	case tailsampling.Probabilistic:
		if p.Probabilistic.SamplingPercentage >= 100 {
			return constant(true), nil
		}
		return condition{}, untranslated("rules toss another coin (sample: shares it with other samplers and with the turns of a session), so other traces would be kept")
	case tailsampling.StatusCode:
		return status(p.StatusCode.StatusCodes)
	case tailsampling.StringAttribute:
		return text(&p.StringAttribute)
	case tailsampling.SpanCount:
		return spanCount(&p.SpanCount)
	case tailsampling.BooleanAttribute:
		return boolean(&p.BooleanAttribute), nil
	case tailsampling.And:
		return all(p.And.Policies)
	case tailsampling.Drop:
		return all(p.Drop.Policies)
	case tailsampling.Not:
		if p.Not.Policy == nil {
			return condition{}, untranslated("it holds no policy")
		}
		c, err := translate(p.Not.Policy)
		return c.negated(), err
	}
	if why, ok := lacking[p.Type]; ok {
		return condition{}, untranslated(why)
	}
	return condition{}, untranslated("rules know nothing like it")
}

// lacking says what rules have nothing for.
var lacking = map[tailsampling.Type]string{
	tailsampling.RateLimiting:  "it limits spans a second; the limit of a rule counts traces",
	tailsampling.BytesLimiting: "it limits bytes a second; the limit of a rule counts traces",
	tailsampling.Composite:     "it shares a rate out among policies; rules have a limit each",
	tailsampling.TraceState:    "no fact tells what stands in the tracestate",
	tailsampling.TraceFlags:    "no fact tells the flags of spans",
	tailsampling.OTTLCondition: "an OTTL condition asks one span at a time; facts are those of the whole trace",
}

// all is the conjunction of policies; of none it is true, as the processor has it.
func all(policies []tailsampling.Policy) (condition, error) {
	var list []condition
	for i := range policies {
		c, err := translate(&policies[i])
		if err != nil {
			return condition{}, untranslated(fmt.Sprintf("%s in it: %v", policies[i].Type, err))
		}
		list = append(list, c)
	}
	return allOf(list), nil
}

// latency: whole milliseconds have to exceed the threshold.
func latency(l *tailsampling.LatencyConfig) (condition, error) {
	if l.UpperThresholdMs != 0 {
		return condition{}, untranslated("with an upper threshold the processor's decision depends on the order in which spans arrive")
	}
	if l.ThresholdMs < 0 {
		c := constant(true)
		c.unless = []string{unlessTimes}
		return c, nil
	}
	if l.ThresholdMs >= math.MaxInt64/int64(time.Millisecond) {
		return condition{}, untranslated("no trace is that long")
	}
	least := fmt.Sprintf("duration(\"%dms\")", l.ThresholdMs+1)
	return test("duration >= "+least, "duration < "+least, unlessTimes), nil
}

func status(codes []string) (condition, error) {
	var known []string
	for _, code := range codes {
		if !slices.Contains(known, code) {
			known = append(known, code)
		}
	}
	slices.Sort(known)
	switch strings.Join(known, " ") {
	case "ERROR":
		return test("errors > 0", "errors == 0", unlessFailed), nil
	case "OK UNSET":
		return test("errors < spans", "errors == spans", unlessFailed, unlessStatus), nil
	case "ERROR OK UNSET":
		c := constant(true)
		c.unless = []string{unlessStatus}
		return c, nil
	}
	return condition{}, untranslated("facts tell failed spans from others, not OK from UNSET")
}

func spanCount(s *tailsampling.SpanCountConfig) (condition, error) {
	low, high := max(s.MinSpans, 1), s.MaxSpans // a trace has a span at least
	switch {
	case high < 0 || high != 0 && high < low:
		return constant(false), nil
	case high == 0 && low == 1:
		return constant(true), nil
	case high == 0:
		return test(fmt.Sprintf("spans >= %d", low), fmt.Sprintf("spans < %d", low)), nil
	case low == 1:
		return test(fmt.Sprintf("spans <= %d", high), fmt.Sprintf("spans > %d", high)), nil
	}
	c := test(fmt.Sprintf("spans >= %d && spans <= %d", low, high), fmt.Sprintf("spans < %d || spans > %d", low, high))
	c.no.loose = true
	return c, nil
}

// attribute makes a condition of a test that holds, and is unknown where the key is absent.
func attribute(key, test string, invert bool, unless ...string) condition {
	c := condition{term{text: test}, term{text: "!attr_has(" + quote(key) + ") || !" + test, loose: true}, unless}
	if invert {
		return c.negated()
	}
	return c
}

// boolean: what is no boolean counts as false.
func boolean(b *tailsampling.BooleanAttributeConfig) condition {
	if b.Value {
		return attribute(b.Key, "attr_any("+quote(b.Key)+", true)", b.InvertMatch, unlessPlace)
	}
	return attribute(b.Key, some(b.Key, "v != true"), b.InvertMatch, unlessPlace, unlessMany)
}

// numeric: what is no whole number counts as 0, and a bound of 0 is none.
func numeric(n *tailsampling.NumericAttributeConfig) (condition, error) {
	low, high := n.MinValue, n.MaxValue
	if low == 0 && high == 0 {
		return condition{}, untranslated("it has no bounds")
	}
	var within []string
	if low != 0 {
		within = append(within, fmt.Sprintf("v >= %d", low))
	}
	if high != 0 {
		within = append(within, fmt.Sprintf("v <= %d", high))
	}
	test := "type(v) == int && " + strings.Join(within, " && ")
	if low <= 0 && high >= 0 { // 0 is within
		test = "type(v) != int || " + strings.Join(within, " && ")
	}
	return attribute(n.Key, some(n.Key, test), n.InvertMatch, unlessPlace, unlessMany), nil
}

func text(s *tailsampling.StringAttributeConfig) (condition, error) {
	values := slices.DeleteFunc(slices.Clone(s.Values), func(v string) bool { return v == "" && !s.EnabledRegexMatching })
	if len(values) == 0 {
		return constant(s.InvertMatch), nil
	}
	if s.EnabledRegexMatching {
		return pattern(s, values)
	}
	var quoted []string
	for _, v := range values {
		if len(v) > maxText {
			return condition{}, untranslated("facts know a text of more than 1024 bytes by its hash only")
		}
		quoted = append(quoted, quote(v))
	}
	test := "attr_any(" + quote(s.Key) + ", " + quoted[0] + ")"
	if len(quoted) > 1 {
		test = some(s.Key, "v in ["+strings.Join(quoted, ", ")+"]")
	}
	return attribute(s.Key, test, s.InvertMatch, unlessPlace, unlessMany), nil
}

// pattern: texts that one of the expressions matches somewhere.
func pattern(s *tailsampling.StringAttributeConfig, values []string) (condition, error) {
	var matches []string
	for _, v := range values {
		re, err := regexp.Compile(v)
		if err != nil {
			return condition{}, untranslated("a regular expression is broken")
		}
		if re.MatchString("") {
			return condition{}, untranslated("a regular expression matches the empty text, and with it resource attributes of any type")
		}
		matches = append(matches, "v.matches("+quote(v)+")")
	}
	test := "type(v) == string && " + matches[0]
	if len(matches) > 1 {
		test = "type(v) == string && (" + strings.Join(matches, " || ") + ")"
	}
	return attribute(s.Key, some(s.Key, test), s.InvertMatch, unlessPlace, unlessMany, unlessLong), nil
}

// some holds where one of an attribute's values passes test, which calls it v.
func some(key, test string) string {
	return "attr_any(" + quote(key) + ").exists(v, " + test + ")"
}

// quote writes a text as CEL reads it.
func quote(s string) string { return strconv.Quote(s) }
