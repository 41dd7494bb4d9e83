package extension

import (
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tailwise/tailwise/internal/sampler"
)

// DecideConfig says when a trace is decided. From DecisionWait on the keys are those of the Collector's tail_sampling
// processor and mean what they mean there; the page of operation says where an effect differs.
type DecideConfig struct {
	Settle  time.Duration `mapstructure:"settle"`   // quiet time once the root has ended; default 15s
	Idle    time.Duration `mapstructure:"idle"`     // quiet time without a root; default 10m
	MaxWait time.Duration `mapstructure:"max_wait"` // at most; default 24h

	// DecisionWait, if set, replaces the three: every trace is decided that long after its first span.
	DecisionWait time.Duration `mapstructure:"decision_wait"`
	// DecisionWaitAfterRootReceived, if set, decides a trace that long after its first root, if that is earlier.
	// DecisionWait is 30s then, unless it is set.
	DecisionWaitAfterRootReceived time.Duration `mapstructure:"decision_wait_after_root_received"`

	NumTraces                   uint64              `mapstructure:"num_traces"` // open traces; above it the oldest are decided early; 0: memory alone bounds them
	DecisionCache               DecisionCacheConfig `mapstructure:"decision_cache"`
	SampleOnFirstMatch          bool                `mapstructure:"sample_on_first_match"`           // of policies: in the policy
	MaximumTraceSizeBytes       uint64              `mapstructure:"maximum_trace_size_bytes"`        // a larger trace is dropped; 0: none is too large
	DropPendingTracesOnShutdown bool                `mapstructure:"drop_pending_traces_on_shutdown"` // instead of leaving them to the next start
	SamplingStrategy            string              `mapstructure:"sampling_strategy"`               // trace-complete, the default, is the only one

	// Without effect: accepted so that a processor's section can be moved here unchanged, and named in the log.
	ExpectedNewTracesPerSec uint64        `mapstructure:"expected_new_traces_per_sec"`
	NumShards               int           `mapstructure:"num_shards"`
	BlockOnOverflow         bool          `mapstructure:"block_on_overflow"`
	TailStorage             *component.ID `mapstructure:"tail_storage"`
}

// DecisionCacheConfig bounds how many verdicts memory remembers; 0 or less: by limits.memory alone. The ledger knows
// the others.
type DecisionCacheConfig struct {
	SampledCacheSize    int `mapstructure:"sampled_cache_size"`
	NonSampledCacheSize int `mapstructure:"non_sampled_cache_size"`
}

// traceComplete is the processor's default strategy: a trace is judged once, whole.
const traceComplete = "trace-complete"

func (d *DecideConfig) validate() (faults []error) {
	switch d.SamplingStrategy {
	case "", traceComplete:
	case "span-ingest":
		faults = append(faults, fmt.Errorf("decide.sampling_strategy: span-ingest decides on parts of traces, which this "+
			"engine does not: leave it out; decision_wait_after_root_received and settle decide early on whole ones"))
	default:
		faults = append(faults, fmt.Errorf("decide.sampling_strategy: %q is unknown: want %s", d.SamplingStrategy, traceComplete))
	}
	return faults
}

// engine is the section in the engine's terms.
func (d *DecideConfig) engine() sampler.DecideConfig {
	return sampler.DecideConfig{
		Settle: d.Settle, Idle: d.Idle, MaxWait: d.MaxWait, DecisionWait: d.DecisionWait,
		DecisionWaitAfterRootReceived: d.DecisionWaitAfterRootReceived,
		NumTraces:                     int(min(d.NumTraces, math.MaxInt)),
		MaximumTraceSizeBytes:         int(min(d.MaximumTraceSizeBytes, math.MaxInt)),
		SampledCacheSize:              max(d.DecisionCache.SampledCacheSize, 0),
		NonSampledCacheSize:           max(d.DecisionCache.NonSampledCacheSize, 0),
		SampleOnFirstMatch:            d.SampleOnFirstMatch,
		DropPendingTracesOnShutdown:   d.DropPendingTracesOnShutdown,
	}
}

// IdleOption is an option of the tail_sampling processor that is accepted and has no effect.
type IdleOption struct {
	Key string // under decide
	Why string
}

// IdleOptions are all of them.
var IdleOptions = []IdleOption{
	{"expected_new_traces_per_sec", "memory grows with the traces that there are"},
	{"num_shards", "traces are shared out among all processors; no limit is divided by it"},
	{"block_on_overflow", "at num_traces the oldest traces are decided early, and at limits.memory requests are refused, with a retry delay"},
	{"tail_storage", "spans wait in the log on disk"},
}

// idle lists the options that are set and have no effect.
func (d *DecideConfig) idle() (options []IdleOption) {
	set := []bool{d.ExpectedNewTracesPerSec != 0, d.NumShards != 0, d.BlockOnOverflow, d.TailStorage != nil}
	for i, option := range IdleOptions {
		if set[i] {
			options = append(options, option)
		}
	}
	return options
}
