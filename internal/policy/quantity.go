package policy

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
)

// forever is the length of a retention class without end.
const forever = time.Duration(math.MaxInt64)

var (
	errLength      = errors.New("is no length of time such as 72h, 7d or 90d")
	errProbability = errors.New("is no probability above 0 and up to 100%")
	errLimit       = errors.New("is no limit such as 50/s, 100/m or 1000/h")
)

// parseLength reads a positive length of time: days ("7d"), weeks ("2w"), or what time.ParseDuration reads.
func parseLength(text string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		digits, found := strings.CutSuffix(text, suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || n == 0 || n > uint64(forever/unit) {
			return 0, errLength
		}
		return time.Duration(n) * unit, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, errLength
	}
	return d, nil
}

// parseProbability reads "5%" or "0.05": the probability as it was written, and the threshold that comes nearest.
func parseProbability(text string) (float64, sampling.Threshold, error) {
	if digits, percent := strings.CutSuffix(text, "%"); percent {
		text = strings.TrimSpace(digits) + "e-2" // a division would not give the nearest number
	}
	p, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, sampling.Threshold{}, errProbability
	}
	th, err := sampling.ProbabilityToThreshold(p)
	if err != nil {
		return 0, sampling.Threshold{}, errProbability
	}
	return p, th, nil
}

// limit is how many traces a rule may keep for cause: n in each per, which is also how many it can save up.
type limit struct {
	n   float64
	per time.Duration
}

// parseLimit reads "50/s", "100/m" or "1000/h".
func parseLimit(text string) (limit, error) {
	digits, unit, _ := strings.Cut(text, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[strings.TrimSpace(unit)]
	n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 32)
	if err != nil || !known || n == 0 {
		return limit{}, errLimit
	}
	return limit{n: float64(n), per: per}, nil
}
