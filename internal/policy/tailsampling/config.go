package tailsampling

import "strings"

// Type is the type of a policy, as configurations write it.
type Type string

// The types of policies.
const (
	AlwaysSample     Type = "always_sample"
	Latency          Type = "latency"
	NumericAttribute Type = "numeric_attribute"
	Probabilistic    Type = "probabilistic"
	StatusCode       Type = "status_code"
	StringAttribute  Type = "string_attribute"
	RateLimiting     Type = "rate_limiting"
	BytesLimiting    Type = "bytes_limiting"
	SpanCount        Type = "span_count"
	TraceState       Type = "trace_state"
	BooleanAttribute Type = "boolean_attribute"
	OTTLCondition    Type = "ottl_condition"
	TraceFlags       Type = "trace_flags"
	And              Type = "and"
	Not              Type = "not"
	Drop             Type = "drop"
	Composite        Type = "composite"
)

// Config is what Set decides by.
type Config struct {
	Policies []Policy // in the order of the file
	// SampleOnFirstMatch ends the evaluation at the first policy that samples, drop policies apart. It stands beside
	// policies: in the processor's configuration, so Decode leaves it alone.
	SampleOnFirstMatch bool
}

// Policy is one policy as it was written. Of the blocks only the one that its Type names has an effect; And, Not, Drop
// and Composite stand where policies can hold others. A number that was not written is zero.
type Policy struct {
	Name             string                 `mapstructure:"name"`
	Type             Type                   `mapstructure:"type"`
	Latency          LatencyConfig          `mapstructure:"latency"`
	NumericAttribute NumericAttributeConfig `mapstructure:"numeric_attribute"`
	Probabilistic    ProbabilisticConfig    `mapstructure:"probabilistic"`
	StatusCode       StatusCodeConfig       `mapstructure:"status_code"`
	StringAttribute  StringAttributeConfig  `mapstructure:"string_attribute"`
	RateLimiting     RateLimitingConfig     `mapstructure:"rate_limiting"`
	BytesLimiting    BytesLimitingConfig    `mapstructure:"bytes_limiting"`
	SpanCount        SpanCountConfig        `mapstructure:"span_count"`
	TraceState       TraceStateConfig       `mapstructure:"trace_state"`
	BooleanAttribute BooleanAttributeConfig `mapstructure:"boolean_attribute"`
	OTTLCondition    OTTLConditionConfig    `mapstructure:"ottl_condition"`
	And              AndConfig              `mapstructure:"and"`
	Not              NotConfig              `mapstructure:"not"`
	Drop             DropConfig             `mapstructure:"drop"`
	Composite        CompositeConfig        `mapstructure:"composite"`

	At Place `mapstructure:"-"` // of the policy in its file

	places map[string]Place // of what was written in it, by path below the policy
}

// place returns where path below p stands, or else the nearest of what is around it.
func (p *Policy) place(path string) Place {
	for path != "" {
		if at, found := p.places[path]; found {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return p.At
}

// Place is where something stands in a file, counted from 1 in lines and characters. The zero Place is nowhere.
type Place struct{ Line, Column int }

// LatencyConfig samples traces whose spans reach over more than ThresholdMs and, unless UpperThresholdMs is 0, at most
// that many milliseconds.
type LatencyConfig struct {
	ThresholdMs      int64 `mapstructure:"threshold_ms"`
	UpperThresholdMs int64 `mapstructure:"upper_threshold_ms"`
}

// NumericAttributeConfig samples traces with a value from MinValue to MaxValue, of which 0 means no bound. A value that
// is not a whole number counts as 0.
type NumericAttributeConfig struct {
	Key         string `mapstructure:"key"`
	MinValue    int64  `mapstructure:"min_value"`
	MaxValue    int64  `mapstructure:"max_value"`
	InvertMatch bool   `mapstructure:"invert_match"`
}

// ProbabilisticConfig samples a share of all traces by a hash of salt and trace id.
type ProbabilisticConfig struct {
	HashSalt           string  `mapstructure:"hash_salt"`
	SamplingPercentage float64 `mapstructure:"sampling_percentage"`
}

// StatusCodeConfig samples traces with a span of one of these codes: OK, ERROR, UNSET.
type StatusCodeConfig struct {
	StatusCodes []string `mapstructure:"status_codes"`
}

// StringAttributeConfig samples traces with one of Values, or a value that one of them matches as a regular expression,
// anywhere in it.
type StringAttributeConfig struct {
	Key                  string   `mapstructure:"key"`
	Values               []string `mapstructure:"values"`
	EnabledRegexMatching bool     `mapstructure:"enabled_regex_matching"`
	CacheMaxSize         int      `mapstructure:"cache_max_size"`
	InvertMatch          bool     `mapstructure:"invert_match"`
}

// RateLimitingConfig samples so many spans a second. A BurstCapacity of 0 is twice that.
type RateLimitingConfig struct {
	SpansPerSecond int64 `mapstructure:"spans_per_second"`
	BurstCapacity  int64 `mapstructure:"burst_capacity"`
}

// BytesLimitingConfig samples so many bytes a second. A BurstCapacity of 0 is twice that.
type BytesLimitingConfig struct {
	BytesPerSecond int64 `mapstructure:"bytes_per_second"`
	BurstCapacity  int64 `mapstructure:"burst_capacity"`
}

// SpanCountConfig samples traces of MinSpans to MaxSpans spans; a MaxSpans of 0 is no bound.
type SpanCountConfig struct {
	MinSpans int32 `mapstructure:"min_spans"`
	MaxSpans int32 `mapstructure:"max_spans"`
}

// TraceStateConfig samples traces with one of Values under Key in a span's tracestate.
type TraceStateConfig struct {
	Key    string   `mapstructure:"key"`
	Values []string `mapstructure:"values"`
}

// BooleanAttributeConfig samples traces with that value. A value that is no boolean counts as false.
type BooleanAttributeConfig struct {
	Key         string `mapstructure:"key"`
	Value       bool   `mapstructure:"value"`
	InvertMatch bool   `mapstructure:"invert_match"`
}

// OTTLConditionConfig samples traces with a span or an event of which one of the conditions holds.
type OTTLConditionConfig struct {
	ErrorMode           ErrorMode `mapstructure:"error_mode"`
	SpanConditions      []string  `mapstructure:"span"`
	SpanEventConditions []string  `mapstructure:"spanevent"`
}

// ErrorMode says what becomes of a condition that cannot be evaluated.
type ErrorMode string

// The error modes. An empty one does what SilentError does.
const (
	IgnoreError    ErrorMode = "ignore"    // it does not hold
	SilentError    ErrorMode = "silent"    // it does not hold
	PropagateError ErrorMode = "propagate" // the policy is passed over
)

// AndConfig samples traces that all of Policies sample.
type AndConfig struct {
	Policies []Policy `mapstructure:"and_sub_policy"`
}

// NotConfig samples traces that Policy does not.
type NotConfig struct {
	Policy *Policy `mapstructure:"not_sub_policy"` // nil where none was written
}

// DropConfig drops traces that all of Policies sample.
type DropConfig struct {
	Policies []Policy `mapstructure:"drop_sub_policy"`
}

// CompositeConfig asks Policies in their order; the first that samples decides, within its share of
// MaxTotalSpansPerSecond. PolicyOrder has no effect.
type CompositeConfig struct {
	MaxTotalSpansPerSecond int64            `mapstructure:"max_total_spans_per_second"`
	PolicyOrder            []string         `mapstructure:"policy_order"`
	Policies               []Policy         `mapstructure:"composite_sub_policy"`
	RateAllocation         []RateAllocation `mapstructure:"rate_allocation"`
}

// RateAllocation is one policy's share of a CompositeConfig.
type RateAllocation struct {
	Policy  string `mapstructure:"policy"`
	Percent int64  `mapstructure:"percent"`
}
