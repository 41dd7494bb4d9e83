package tailsampling

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Compile makes a Set. What is wrong in content (regular expressions, OTTL, bounds that the processor panics on) is a
// note that is no warning; then the Set is nil. Warnings tell of what the processor accepts and hardly anybody means.
func Compile(cfg Config) (*Set, []Note) {
	c := compiler{shape: newShape(), set: &Set{cfg: cfg}}
	c.set.shape = c.shape
	if len(cfg.Policies) == 0 {
		c.warn(Place{}, "", "policies: there are none, so nothing is sampled")
	}
	parts := c.parts(cfg.Policies, "policies", atTop)
	for _, drops := range []bool{true, false} {
		for _, p := range parts {
			if (p.cfg.Type == Drop) == drops {
				c.set.order = append(c.set.order, p)
			}
		}
		if drops {
			c.set.drops = len(c.set.order)
		}
	}
	if len(c.shape.keys) > maxKeys || c.shape.bits > maxObservations {
		c.fault(Place{}, "", "policies: they ask for %d attribute keys and %d different conditions, at most %d and %d can be observed",
			len(c.shape.keys), c.shape.bits, maxKeys, maxObservations)
	}
	SortNotes(c.list)
	if Broken(c.list) {
		return nil, c.list
	}
	c.shape.finish()
	return c.set, c.list
}

// compiler compiles one configuration.
type compiler struct {
	notes
	shape *shape
	set   *Set
	top   string // name of the policy at the top that is being compiled
}

// indexed is the path of an element.
func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// parts compiles policies that stand side by side.
func (c *compiler) parts(policies []Policy, path string, at level) []part {
	parts := make([]part, len(policies))
	for i := range policies {
		if at == atTop {
			c.top = policies[i].Name
		}
		parts[i] = c.part(&policies[i], indexed(path, i), at)
		parts[i].at = i
	}
	return parts
}

// part compiles one policy.
func (c *compiler) part(p *Policy, path string, at level) part {
	if !at.takes(p.Type) {
		c.fault(p.place("type"), list(at.types()), "%s: a policy in %v cannot be of type %q", path, at, clip(string(p.Type)))
		return part{cfg: p, node: alwaysNode{}}
	}
	c.check(p, path)
	n, needs := c.node(p, path)
	if n == nil {
		n = alwaysNode{} // a fault is noted, and nobody will ask
	}
	return part{cfg: p, node: n, needs: needs}
}

// node compiles what a policy's type asks for.
func (c *compiler) node(p *Policy, path string) (node, needs) {
	switch p.Type {
	case And:
		parts := c.parts(p.And.Policies, path+".and.and_sub_policy", inAnd)
		return andNode{newParts(parts)}, needsOf(parts)
	case Drop:
		parts := c.parts(p.Drop.Policies, path+".drop.drop_sub_policy", inAnd)
		return dropNode{newParts(parts)}, needsOf(parts)
	case Not:
		if p.Not.Policy == nil {
			c.fault(p.At, "", "%s: not has no not_sub_policy", path)
			return nil, needs{}
		}
		inner := c.part(p.Not.Policy, path+".not.not_sub_policy", inNot)
		return notNode{inner}, inner.needs
	case Composite:
		parts := c.parts(p.Composite.Policies, path+".composite.composite_sub_policy", inComposite)
		spec := newShareSpec(c.limitName(path), &p.Composite)
		c.set.shares = append(c.set.shares, &spec)
		return compositeNode{parts, &spec}, needsOf(parts).and(needs{limits: true})
	case RateLimiting:
		return c.limit(newLimitSpec(c.limitName(path), p.Type, p.RateLimiting.SpansPerSecond, p.RateLimiting.BurstCapacity), false)
	case BytesLimiting:
		c.shape.sizes = true
		return c.limit(newLimitSpec(c.limitName(path), p.Type, p.BytesLimiting.BytesPerSecond, p.BytesLimiting.BurstCapacity), true)
	case OTTLCondition:
		n, _ := c.ottl(p, path).(*ottlNode)
		if n == nil {
			return nil, needs{}
		}
		return n, needs{spans: n.decodes()}
	}
	return c.leaf(p, path), needs{}
}

// newParts orders policies that must agree: those that need the spans come last, unless somebody takes from a limit
// and the order says who.
func newParts(parts []part) all {
	a := all{parts: parts, turns: parts}
	if n := needsOf(parts); n.spans && !n.limits {
		a.turns = slices.Clone(parts)
		slices.SortStableFunc(a.turns, func(x, y part) int {
			switch {
			case x.needs.spans == y.needs.spans:
				return 0
			case x.needs.spans:
				return 1
			}
			return -1
		})
	}
	return a
}

func needsOf(parts []part) (n needs) {
	for _, p := range parts {
		n = n.and(p.needs)
	}
	return n
}

// limitName names a limit for State: by the name of the policy at the top, and the way from there.
func (c *compiler) limitName(path string) string {
	_, way, _ := strings.Cut(path, "]")
	return fmt.Sprintf("%q%s", c.top, way)
}

func (c *compiler) limit(spec limitSpec, bytes bool) (node, needs) {
	c.set.limits = append(c.set.limits, &spec)
	return rateNode{&spec, bytes}, needs{limits: true}
}

// leaf compiles the types that only look at the trace.
func (c *compiler) leaf(p *Policy, path string) node {
	switch p.Type {
	case AlwaysSample:
		return alwaysNode{}
	case TraceFlags:
		return bitNode{bit: c.shape.flag()}
	case Latency:
		return bitNode{bit: c.shape.latency(p.Latency.ThresholdMs, p.Latency.UpperThresholdMs)}
	case Probabilistic:
		if math.IsNaN(p.Probabilistic.SamplingPercentage) {
			c.fault(p.place("probabilistic.sampling_percentage"), "", "%s.probabilistic.sampling_percentage is not a number", path)
			return nil
		}
		return newChanceNode(p.Probabilistic.HashSalt, p.Probabilistic.SamplingPercentage)
	case StatusCode:
		return c.statusCode(p, path)
	case NumericAttribute:
		return c.numeric(p, path)
	case StringAttribute:
		return c.text(p, path)
	case BooleanAttribute:
		b := &p.BooleanAttribute
		return bitNode{bit: c.shape.boolean(b.Key, b.Value), invert: b.InvertMatch}
	case TraceState:
		return bitNode{bit: c.shape.state(p.TraceState.Key, p.TraceState.Values)}
	case SpanCount:
		return countNode{least: int64(p.SpanCount.MinSpans), most: int64(p.SpanCount.MaxSpans)}
	}
	return nil
}

func (c *compiler) statusCode(p *Policy, path string) node {
	known := []string{"UNSET", "OK", "ERROR"} // by their numbers
	if len(p.StatusCode.StatusCodes) == 0 {
		c.fault(p.At, list(known), "%s: status_code has no status_codes", path)
		return nil
	}
	var codes []uint8
	for i, name := range p.StatusCode.StatusCodes {
		at := slices.Index(known, name)
		if at < 0 {
			below := indexed("status_code.status_codes", i)
			c.fault(p.place(below), list(known), "%s.%s: unknown status code %q", path, below, clip(name))
			return nil
		}
		codes = append(codes, uint8(at))
	}
	return bitNode{bit: c.shape.code(codes)}
}

func (c *compiler) numeric(p *Policy, path string) node {
	n := &p.NumericAttribute
	if n.MinValue == 0 && n.MaxValue == 0 {
		c.fault(p.At, "a bound of 0 counts as none", "%s: numeric_attribute has neither min_value nor max_value", path)
		return nil
	}
	low, high := n.MinValue, n.MaxValue
	if low == 0 {
		low = math.MinInt64
	}
	if high == 0 {
		high = math.MaxInt64
	}
	return bitNode{bit: c.shape.numeric(n.Key, low, high), invert: n.InvertMatch}
}

func (c *compiler) text(p *Policy, path string) node {
	s := &p.StringAttribute
	if !s.EnabledRegexMatching {
		return bitNode{bit: c.shape.exact(s.Key, s.Values), invert: s.InvertMatch}
	}
	var expressions []*regexp.Regexp
	for i, text := range s.Values {
		e, err := regexp.Compile(text)
		if err != nil {
			below := indexed("string_attribute.values", i)
			c.fault(p.place(below), "", "%s.%s: %v", path, below, err)
			return nil
		}
		expressions = append(expressions, e)
	}
	return bitNode{bit: c.shape.matching(s.Key, s.Values, newMatcher(expressions, s.CacheMaxSize)), invert: s.InvertMatch}
}
