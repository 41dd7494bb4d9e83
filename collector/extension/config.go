package extension

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/collector/internal/bytesize"
	"github.com/tailwise/tailwise/internal/agent"
	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/price"
	"github.com/tailwise/tailwise/internal/sampler"
)

// Config is the extension's section of the configuration.
type Config struct {
	// DataDir holds the log, the ledger and the socket. Default: ./tailwise-data.
	DataDir string `mapstructure:"data_dir"`

	// PolicyFile is watched, and reloaded when it changes. Policy is the same inline. Both is an error; with neither
	// the built-in policy is in force.
	PolicyFile string         `mapstructure:"policy_file"`
	Policy     map[string]any `mapstructure:"policy"`

	// PricesFile is what model calls cost, on top of the built-in table or instead of it.
	PricesFile string `mapstructure:"prices_file"`

	// Identity names attribute keys of the application's own.
	Identity IdentityConfig `mapstructure:"identity"`

	// Durability is what an answer promises: always (default) survives power loss, interval loses at most a second to
	// it, process survives the death of the process only.
	Durability string `mapstructure:"durability"`

	// Compress writes the log with S2. Default: false.
	Compress bool `mapstructure:"compress"`

	Limits LimitsConfig `mapstructure:"limits"`
	Decide DecideConfig `mapstructure:"decide"`
	Export ExportConfig `mapstructure:"export"`
	Ledger LedgerConfig `mapstructure:"ledger"`

	TrafficMetrics TrafficMetricsConfig `mapstructure:"traffic_metrics"`

	// API serves what the commands read, without authentication unless configured, so it listens on the loopback by
	// default. An empty endpoint leaves the socket in the data directory only. Default: localhost:4319.
	API confighttp.ServerConfig `mapstructure:"api"`
}

// IdentityConfig names attribute keys under which the application says who a trace belongs to. They go before those of
// the instrumentations, in the order given.
type IdentityConfig struct {
	Session []string `mapstructure:"session"`
	User    []string `mapstructure:"user"`
	Tenant  []string `mapstructure:"tenant"`
	Feature []string `mapstructure:"feature"`
}

// LimitsConfig bounds the engine. At a bound, traces are decided early, then requests are refused.
type LimitsConfig struct {
	Memory bytesize.Size `mapstructure:"memory"` // default 512MiB
	Disk   bytesize.Size `mapstructure:"disk"`   // default 50GiB
}

// ExportConfig says how kept traces go to the pipeline.
type ExportConfig struct {
	MaxBytes bytesize.Size `mapstructure:"max_bytes"` // of a request; default 3500KiB
	InFlight int           `mapstructure:"in_flight"` // requests at a time, for each receiver; default 4
}

// LedgerConfig bounds the record of decisions.
type LedgerConfig struct {
	Retention time.Duration `mapstructure:"retention"` // default 720h
	MaxBytes  bytesize.Size `mapstructure:"max_bytes"` // default 4GiB
}

// DefaultDataDir and DefaultAPIEndpoint are the defaults of data_dir and api.endpoint.
const (
	DefaultDataDir     = "./tailwise-data"
	DefaultAPIEndpoint = "localhost:4319"
)

func defaultConfig() component.Config {
	api := confighttp.NewDefaultServerConfig()
	api.NetAddr.Endpoint = DefaultAPIEndpoint
	api.TLS = configoptional.None[configtls.ServerConfig]()
	return &Config{
		DataDir:    DefaultDataDir,
		Durability: "always",
		Limits:     LimitsConfig{Memory: sampler.DefaultMemoryLimit, Disk: sampler.DefaultDiskLimit},
		Decide: DecideConfig{
			Settle: sampler.DefaultSettle, Idle: sampler.DefaultIdle, MaxWait: sampler.DefaultMaxWait,
		},
		Export: ExportConfig{MaxBytes: sampler.DefaultMaxBytes, InFlight: sampler.DefaultInFlight},
		Ledger: LedgerConfig{Retention: sampler.DefaultLedgerRetention, MaxBytes: sampler.DefaultLedgerBytes},
		API:    api,

		TrafficMetrics: defaultTrafficMetrics(),
	}
}

// Validate reports every fault, those of the policy among them.
func (c *Config) Validate() error {
	faults := append([]error{c.engine().Validate()}, c.Decide.validate()...)
	faults = append(faults, c.TrafficMetrics.validate()...)
	// The engine takes zero for its default, but who writes a zero means it.
	for _, setting := range []struct {
		key  string
		zero bool
	}{
		{"durability", c.Durability == ""},
		{"limits.memory", c.Limits.Memory == 0},
		{"limits.disk", c.Limits.Disk == 0},
		{"decide.settle", c.Decide.Settle == 0},
		{"decide.idle", c.Decide.Idle == 0},
		{"decide.max_wait", c.Decide.MaxWait == 0},
		{"export.max_bytes", c.Export.MaxBytes == 0},
		{"export.in_flight", c.Export.InFlight == 0},
		{"ledger.retention", c.Ledger.Retention == 0},
		{"ledger.max_bytes", c.Ledger.MaxBytes == 0},
	} {
		if setting.zero {
			faults = append(faults, fmt.Errorf("%s: is zero: leave it out for the default", setting.key))
		}
	}
	_, err := c.prices()
	return errors.Join(append(faults, c.validatePolicy(), err)...)
}

// prices reads what calls cost; nil stands for the built-in table.
func (c *Config) prices() (*price.Table, error) {
	if c.PricesFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.PricesFile)
	if err != nil {
		return nil, fmt.Errorf("prices_file: %w", err)
	}
	table, err := price.BuiltIn().With(c.PricesFile, text)
	if err != nil {
		return nil, fmt.Errorf("prices_file: %w", err)
	}
	return table, nil
}

// facts returns how spans are read.
func (c *Config) facts() (agent.Options, error) {
	prices, err := c.prices()
	i := &c.Identity
	return agent.Options{Prices: prices, Session: i.Session, User: i.User, Tenant: i.Tenant, Feature: i.Feature}, err
}

func (c *Config) validatePolicy() error {
	if c.PolicyFile != "" && c.Policy != nil {
		return errors.New("policy: is given inline and as policy_file: keep one of the two")
	}
	file, text, err := c.policyText()
	if err != nil || text == nil {
		return err
	}
	if _, err := policy.Compile(file, text); err != nil {
		return fmt.Errorf("%s: %w", c.policyKey(), err)
	}
	return nil
}

func (c *Config) policyKey() string {
	if c.PolicyFile != "" {
		return "policy_file"
	}
	return "policy"
}

// policyText returns the policy and what to call it in messages; a nil text stands for the built-in one.
func (c *Config) policyText() (file string, text []byte, err error) {
	switch {
	case c.PolicyFile != "":
		if text, err = os.ReadFile(c.PolicyFile); err != nil {
			return "", nil, fmt.Errorf("policy_file: %w", err)
		}
		return c.PolicyFile, text, nil
	case c.Policy != nil:
		if text, err = yaml.Marshal(c.Policy); err != nil { // keys come out sorted, so the version is stable
			return "", nil, fmt.Errorf("policy: %w", err)
		}
		return "inline policy", text, nil
	default:
		return "", nil, nil
	}
}

// engine is the configuration in the engine's terms, without the policy.
func (c *Config) engine() sampler.Config {
	return sampler.Config{
		DataDir:         c.DataDir,
		Durability:      c.Durability,
		Compress:        c.Compress,
		MemoryLimit:     int64(c.Limits.Memory),
		DiskLimit:       int64(c.Limits.Disk),
		Decide:          c.Decide.engine(),
		Export:          sampler.ExportConfig{MaxBytes: int64(c.Export.MaxBytes), InFlight: c.Export.InFlight},
		LedgerRetention: c.Ledger.Retention,
		LedgerBytes:     int64(c.Ledger.MaxBytes),
		Traffic:         c.TrafficMetrics.engine(),
	}
}
