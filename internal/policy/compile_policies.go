package policy

import (
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// readPolicies reads policies:, in the form of the tail_sampling processor.
func (c *compiler) readPolicies(p *Policy, section entry) {
	cfg, notes := tailsampling.Decode(section.value)
	c.take(section, notes)
	if tailsampling.Broken(notes) {
		return
	}
	for i := range cfg.Policies {
		named := &cfg.Policies[i]
		at := position{named.At.Line, named.At.Column}
		switch {
		case c.names[named.Name]:
			c.add(at, "", "there is a rule and a policy named %q", clip(named.Name))
		case named.Name == Otherwise || named.Name == Calibrate:
			c.warn(at, "", "a policy is named %q, which verdicts also give as a reason of their own", named.Name)
		}
	}
	cfg.SampleOnFirstMatch = c.firstMatch
	p.policies, notes = tailsampling.Compile(cfg)
	c.take(section, notes)
}

// take notes what there is to say about policies. What has no place is said of the section.
func (c *compiler) take(section entry, notes []tailsampling.Note) {
	for _, n := range notes {
		at := position{n.At.Line, n.At.Column}
		if n.At == (tailsampling.Place{}) {
			at = section.at
		}
		if n.Warning {
			c.warn(at, n.Hint, "%s", n.What)
		} else {
			c.add(at, n.Hint, "%s", n.What)
		}
	}
}
