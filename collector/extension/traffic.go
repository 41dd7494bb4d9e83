package extension

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tailwise/tailwise/internal/sampler"
)

// TrafficMetricsConfig says how all traffic is counted, before any sampling. The metrics go to every metrics pipeline in
// which a tailwise receiver stands.
type TrafficMetricsConfig struct {
	// Enabled counts. Default: true.
	Enabled bool `mapstructure:"enabled"`
	// Interval is how often metrics go out. Default: 60s.
	Interval time.Duration `mapstructure:"interval"`
	// MaxSeries bounds the series of each family of metrics with the same attributes. Default: 1000.
	MaxSeries int `mapstructure:"max_series"`
	// Users is false, the default, or how many users have series of their own: those that spent most.
	Users any `mapstructure:"users"`
}

func defaultTrafficMetrics() TrafficMetricsConfig {
	return TrafficMetricsConfig{Enabled: true, Interval: sampler.DefaultTrafficInterval, MaxSeries: sampler.DefaultTrafficSeries}
}

// users reads what stands under users.
func (c *TrafficMetricsConfig) users() (int, error) {
	switch n := c.Users.(type) {
	case nil:
		return 0, nil
	case bool:
		if !n {
			return 0, nil
		}
	case int:
		return n, nil
	}
	return 0, fmt.Errorf("traffic_metrics.users: %v is neither false nor how many users there may be, such as 100", c.Users)
}

// engine is the section in the engine's terms.
func (c *TrafficMetricsConfig) engine() sampler.TrafficMetricsConfig {
	users, _ := c.users() // Validate has reported it
	return sampler.TrafficMetricsConfig{Disabled: !c.Enabled, Interval: c.Interval, MaxSeries: c.MaxSeries, Users: users}
}

// validate reports what the engine cannot know of.
func (c *TrafficMetricsConfig) validate() (faults []error) {
	if _, err := c.users(); err != nil {
		faults = append(faults, err)
	}
	if c.Interval == 0 {
		faults = append(faults, errors.New("traffic_metrics.interval: is zero: leave it out for the default"))
	}
	if c.MaxSeries == 0 {
		faults = append(faults, errors.New("traffic_metrics.max_series: is zero: leave it out for the default"))
	}
	return faults
}

// resourceOf takes the texts of a resource.
func resourceOf(r pcommon.Resource) map[string]string {
	texts := make(map[string]string)
	for key, value := range r.Attributes().All() {
		if value.Type() == pcommon.ValueTypeStr {
			texts[key] = value.Str()
		}
	}
	return texts
}
