package sampler

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/durable"
	"github.com/tailwise/tailwise/internal/wal"
)

// Config says how an engine works. Zero values stand for the defaults.
type Config struct {
	// DataDir holds everything on disk. One engine at a time; created if missing.
	DataDir string
	// PolicyFile names where PolicyText is from, for messages. With neither the built-in policy is in force.
	PolicyFile string
	PolicyText []byte

	// Durability is what an acknowledgement promises: "always" (default) survives power loss, "interval" loses at
	// most a second to it, "process" survives the death of the process only.
	Durability string
	// Compress writes the log with S2: less disk bandwidth for more CPU.
	Compress bool

	// MemoryLimit bounds the process. Half of it is for open and unexported traces, a thirty-second for requests on
	// their way and again for those read back from the log, an eighth for what is remembered of decided traces.
	// Default 512 MiB, at least 32 MiB.
	MemoryLimit int64
	// DiskLimit bounds the log. Intake refuses at it, and when less than a tenth of the volume is free. Default 50 GiB.
	DiskLimit int64
	// SegmentBytes is the size of the log's files. Default 128 MiB, less when DiskLimit is small.
	SegmentBytes int64

	Decide  DecideConfig
	Export  ExportConfig
	Traffic TrafficMetricsConfig
	// Resource says who counts, in metrics of traffic: service.name and the like.
	Resource map[string]string

	// Facts says where spans name their session, user, tenant and feature besides the places that are known, and what
	// model calls cost. Its Keys are the engine's own business.
	Facts agent.Options

	// LedgerRetention is how long rows stay. Default 30 days.
	LedgerRetention time.Duration
	// LedgerBytes bounds the ledger's file. Default 4 GiB.
	LedgerBytes int64

	Logger *zap.Logger  // default: silent
	Meter  metric.Meter // default: none
	Clock  Clock        // default: the machine's
	FS     durable.FS   // default: the operating system's; for the log
	Shards int          // default: the number of CPUs, at most 16
}

// DecideConfig says when a trace is decided.
type DecideConfig struct {
	// Settle is how long a trace with a root must be quiet. Default 15 s.
	Settle time.Duration
	// Idle is how long a trace without a root must be quiet. Default 10 min.
	Idle time.Duration
	// MaxWait is the longest that any trace waits. Default 24 h.
	MaxWait time.Duration
	// DecisionWait, if set, replaces the three: every trace is decided that long after its first span came.
	DecisionWait time.Duration
	// DecisionWaitAfterRootReceived, if set, decides a trace that long after its first root came, if that is before
	// DecisionWait has passed; which is DefaultDecisionWait then, unless it is set.
	DecisionWaitAfterRootReceived time.Duration
	// NumTraces bounds the open traces. Above it the oldest are decided early, on what is there. Zero: memory alone
	// bounds them. It is looked at every decideTick, so it may be exceeded by what comes in meanwhile.
	NumTraces int
	// MaximumTraceSizeBytes drops a trace once its spans, as protobuf, with the resource and scope of each request,
	// have more bytes. Zero: no trace is too large.
	MaximumTraceSizeBytes int
	// SampledCacheSize and NonSampledCacheSize bound how many verdicts of either kind are remembered in memory. Zero:
	// as many as fit in an eighth of MemoryLimit. What memory has forgotten, the ledger knows.
	SampledCacheSize, NonSampledCacheSize int
	// SampleOnFirstMatch ends the evaluation of a policy's `policies:` at the first that samples.
	SampleOnFirstMatch bool
	// DropPendingTracesOnShutdown drops the traces that are open when the engine is shut down, instead of leaving them to
	// the next start.
	DropPendingTracesOnShutdown bool
}

// ExportConfig says how kept traces go out.
type ExportConfig struct {
	// MaxBytes is the largest request, before the attributes that are added. A single larger span goes alone. Default
	// 3500 KiB, as most backends take 4 MiB.
	MaxBytes int64
	// InFlight is the number of requests under way at a time, for each receiver. Default 4.
	InFlight int
}

// Defaults of Config.
const (
	DefaultMemoryLimit     = 512 << 20
	DefaultDiskLimit       = 50 << 30
	DefaultSettle          = 15 * time.Second
	DefaultIdle            = 10 * time.Minute
	DefaultMaxWait         = 24 * time.Hour
	DefaultDecisionWait    = 30 * time.Second // where decision_wait_after_root_received is set without it
	DefaultMaxBytes        = 3500 << 10
	DefaultInFlight        = 4
	DefaultLedgerRetention = 30 * 24 * time.Hour
	DefaultLedgerBytes     = 4 << 30

	minMemoryLimit = 32 << 20
	minDiskLimit   = 64 << 20
	maxShards      = 16
)

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	setDefault(&c.MemoryLimit, DefaultMemoryLimit)
	setDefault(&c.DiskLimit, DefaultDiskLimit)
	setDefault(&c.Decide.Settle, DefaultSettle)
	setDefault(&c.Decide.Idle, DefaultIdle)
	setDefault(&c.Decide.MaxWait, DefaultMaxWait)
	if c.Decide.DecisionWaitAfterRootReceived > 0 {
		setDefault(&c.Decide.DecisionWait, DefaultDecisionWait)
	}
	setDefault(&c.Export.MaxBytes, DefaultMaxBytes)
	setDefault(&c.Export.InFlight, DefaultInFlight)
	setDefault(&c.Traffic.Interval, DefaultTrafficInterval)
	setDefault(&c.Traffic.MaxSeries, DefaultTrafficSeries)
	setDefault(&c.LedgerRetention, DefaultLedgerRetention)
	setDefault(&c.LedgerBytes, DefaultLedgerBytes)
	setDefault(&c.Shards, min(runtime.GOMAXPROCS(0), maxShards))
	// A small disk is still cut into enough segments for the oldest to go while the newest fills.
	setDefault(&c.SegmentBytes, min(wal.DefaultSegmentBytes, c.DiskLimit/16))
	setDefault(&c.Durability, "always")
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Clock == nil {
		c.Clock = SystemClock{}
	}
	if c.FS == nil {
		c.FS = durable.OS()
	}
	return c
}

func setDefault[T comparable](v *T, d T) {
	if *v == *new(T) {
		*v = d
	}
}

// Validate reports every fault of c, each with its key as the extension's configuration has it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(c.DataDir != "", "data_dir: is empty")
	_, known := durabilities[c.Durability]
	check(known, "durability: %q is unknown: want always, interval or process", c.Durability)
	check(c.MemoryLimit >= minMemoryLimit, "limits.memory: %d bytes is too little: want at least 32MiB", c.MemoryLimit)
	check(c.DiskLimit >= minDiskLimit, "limits.disk: %d bytes is too little: want at least 64MiB", c.DiskLimit)
	check(c.Decide.Settle >= 0, "decide.settle: %v is negative", c.Decide.Settle)
	check(c.Decide.Idle >= 0, "decide.idle: %v is negative", c.Decide.Idle)
	check(c.Decide.MaxWait >= 0, "decide.max_wait: %v is negative", c.Decide.MaxWait)
	check(c.Decide.DecisionWait >= 0, "decide.decision_wait: %v is negative", c.Decide.DecisionWait)
	check(c.Decide.DecisionWaitAfterRootReceived >= 0, "decide.decision_wait_after_root_received: %v is negative",
		c.Decide.DecisionWaitAfterRootReceived)
	check(c.Decide.NumTraces >= 0, "decide.num_traces: %d is negative", c.Decide.NumTraces)
	check(c.Decide.MaximumTraceSizeBytes >= 0, "decide.maximum_trace_size_bytes: %d is negative", c.Decide.MaximumTraceSizeBytes)
	check(c.Export.MaxBytes > 0, "export.max_bytes: %d is not positive", c.Export.MaxBytes)
	check(c.Export.InFlight > 0 && c.Export.InFlight <= 1024, "export.in_flight: %d is not in 1 to 1024", c.Export.InFlight)
	check(c.LedgerRetention > 0, "ledger.retention: %v is not positive", c.LedgerRetention)
	check(c.LedgerBytes > 0, "ledger.max_bytes: %d is not positive", c.LedgerBytes)
	check(c.Shards > 0 && c.Shards <= maxShards, "shards: %d is not in 1 to %d", c.Shards, maxShards)
	return errors.Join(append(faults, c.Traffic.faults()...)...)
}

var durabilities = map[string]wal.Durability{
	"always":   wal.Always,
	"interval": wal.Interval,
	"process":  wal.Process,
}
