package policy

import (
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
)

// Verb is what a rule does with the traces that it matches.
type Verb uint8

// The verbs.
const (
	Keep   Verb = iota + 1 // for cause: every one
	Sample                 // by chance
	Drop                   // whatever other rules say
)

// String returns the verb as policy files write it.
func (v Verb) String() string {
	switch v {
	case Keep:
		return "keep"
	case Sample:
		return "sample"
	case Drop:
		return "drop"
	}
	return fmt.Sprintf("verb %d", v)
}

// Names that a verdict gives as reasons where no rule of the file does. No rule may have them.
const (
	Otherwise = "otherwise" // nothing matched that keeps or drops
	Calibrate = "calibrate" // everything is kept for now
)

// DefaultRetention is the class of what is kept with no other. A policy may give it another length than 30 days.
const DefaultRetention = "default"

const defaultLength = 30 * 24 * time.Hour

// Rule is one rule as people see it.
type Rule struct {
	Name        string
	When        string // CEL; empty matches every trace
	Verb        Verb
	Retention   string             // class; empty for Drop
	Threshold   sampling.Threshold // of Sample; else zero
	Probability float64            // of Sample; else 0
	Limit       string             // as written; empty: none
	ByTrace     bool               // chance is one coin a trace, not one a session
	Line        int                // where it stands in the file
}

// rule is a compiled Rule.
type rule struct {
	Rule
	program cel.Program   // nil matches every trace
	length  time.Duration // of the retention class
	bucket  int           // into State.buckets; -1: no limit
}

// longer tells whether r's class keeps longer than the class of that name and length. Of classes as long as each
// other the lower name counts, so that the order of rules does not matter.
func (r *rule) longer(class string, length time.Duration) bool {
	if class == "" || r.length != length {
		return class == "" || r.length > length
	}
	return r.Retention < class
}
