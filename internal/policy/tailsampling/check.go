package tailsampling

import (
	"slices"
)

// check warns of what the processor accepts and hardly anybody means.
func (c *compiler) check(p *Policy, path string) {
	odd := oddities{compiler: c, policy: p, path: path}
	switch p.Type {
	case Latency:
		l := &p.Latency
		odd.when(l.ThresholdMs < 0, "latency.threshold_ms", "below zero, so every trace lasts longer")
		odd.when(l.UpperThresholdMs != 0 && l.UpperThresholdMs <= l.ThresholdMs, "latency.upper_threshold_ms",
			"not above threshold_ms, so no trace is sampled")
	case NumericAttribute:
		n := &p.NumericAttribute
		odd.zeroBound("numeric_attribute.min_value", n.MinValue)
		odd.zeroBound("numeric_attribute.max_value", n.MaxValue)
		odd.when(n.MinValue != 0 && n.MaxValue != 0 && n.MinValue > n.MaxValue, "numeric_attribute.min_value",
			"above max_value, so no value matches")
		odd.keyless("numeric_attribute", n.Key)
	case Probabilistic:
		percentage := p.Probabilistic.SamplingPercentage
		odd.when(percentage > 100, "probabilistic.sampling_percentage", "over 100, which counts as 100")
		odd.when(percentage <= 0, "probabilistic.sampling_percentage", "not above zero, so nothing is sampled")
	case StringAttribute:
		odd.texts(&p.StringAttribute)
	case BooleanAttribute:
		odd.keyless("boolean_attribute", p.BooleanAttribute.Key)
	case TraceState:
		odd.states(&p.TraceState)
	case RateLimiting:
		odd.limit("rate_limiting.spans_per_second", p.RateLimiting.SpansPerSecond, p.RateLimiting.BurstCapacity)
		odd.when(p.RateLimiting.BurstCapacity < 0, "rate_limiting.burst_capacity", "below zero, which counts as twice the rate")
	case BytesLimiting:
		odd.limit("bytes_limiting.bytes_per_second", p.BytesLimiting.BytesPerSecond, p.BytesLimiting.BurstCapacity)
		odd.when(p.BytesLimiting.BurstCapacity < 0, "bytes_limiting.burst_capacity", "below zero, which counts as twice the rate")
	case SpanCount:
		s := &p.SpanCount
		odd.when(s.MaxSpans != 0 && s.MinSpans > s.MaxSpans, "span_count.min_spans", "above max_spans, so nothing is sampled")
		odd.when(s.MinSpans < 0, "span_count.min_spans", "below zero, so any number is enough")
		odd.when(s.MaxSpans < 0 && s.MinSpans <= s.MaxSpans, "span_count.max_spans", "below zero, so nothing is sampled")
	case And:
		odd.when(len(p.And.Policies) == 0, "and.and_sub_policy", "empty, so every trace is sampled")
	case Drop:
		odd.when(len(p.Drop.Policies) == 0, "drop.drop_sub_policy", "empty, so every trace is dropped")
	case Composite:
		odd.composite(&p.Composite)
	}
}

// oddities warns about one policy.
type oddities struct {
	*compiler
	policy *Policy
	path   string
}

func (o *oddities) when(is bool, below, what string) {
	if is {
		o.warn(o.policy.place(below), "", "%s.%s is %s", o.path, below, what)
	}
}

// zeroBound warns of a bound of zero that was written.
func (o *oddities) zeroBound(below string, value int64) {
	_, written := o.policy.places[below]
	o.when(written && value == 0, below, "zero, which counts as no bound")
}

func (o *oddities) keyless(block, key string) {
	o.when(key == "", block+".key", "empty, which is the key of hardly any attribute")
}

func (o *oddities) limit(below string, rate, burst int64) {
	switch {
	case rate < 0:
		o.when(true, below, "below zero")
	case burst <= 0:
		o.when(rate == 0, below, "zero, so nothing is sampled")
	default:
		o.when(rate == 0, below, "zero, so nothing is sampled once the burst is spent")
	}
}

func (o *oddities) texts(s *StringAttributeConfig) {
	o.keyless("string_attribute", s.Key)
	o.when(len(s.Values) == 0, "string_attribute.values", "empty, so no value matches")
	if s.EnabledRegexMatching {
		return
	}
	for i, v := range s.Values {
		o.when(v == "", indexed("string_attribute.values", i), "empty, which no value is compared with")
	}
}

func (o *oddities) states(s *TraceStateConfig) {
	o.keyless("trace_state", s.Key)
	o.when(len(s.Values) == 0, "trace_state.values", "empty, so no value matches")
	for i, v := range s.Values {
		below := indexed("trace_state.values", i)
		o.when(v == "", below, "empty, which no value is compared with")
		o.when(len(s.Key)+len(v) >= maxState, below, "too long for a tracestate, so it is left out")
	}
}

func (o *oddities) composite(cfg *CompositeConfig) {
	o.when(len(cfg.Policies) == 0, "composite.composite_sub_policy", "empty, so nothing is sampled")
	o.when(cfg.MaxTotalSpansPerSecond <= 0, "composite.max_total_spans_per_second", "not above zero, so nothing is sampled")
	var names []string
	for i := range cfg.Policies {
		name := cfg.Policies[i].Name
		if slices.Contains(names, name) {
			o.warn(cfg.Policies[i].At, "", "%s.composite: there are two policies named %q, which rate_allocation cannot tell apart",
				o.path, clip(name))
		}
		names = append(names, name)
	}
	if len(cfg.PolicyOrder) > 0 && !slices.Equal(cfg.PolicyOrder, names) {
		o.when(true, "composite.policy_order", "another order than that of composite_sub_policy, which is the one that counts")
	}
	seen := make(map[string]bool)
	for i, a := range cfg.RateAllocation {
		below := indexed("composite.rate_allocation", i)
		o.when(!slices.Contains(names, a.Policy), below, "for a policy that composite_sub_policy has not")
		o.when(seen[a.Policy], below, "for a policy that has one already; the last counts")
		o.when(a.Percent <= 0, below, "not above zero, so the policy has an equal share")
		seen[a.Policy] = true
	}
}
