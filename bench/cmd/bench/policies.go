package main

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailwise/tailwise/internal/traffic"
)

// A policySet is what the samplers decide by.
type policySet struct {
	name   string
	ours   string // tailwise's policy file
	theirs string // policies: of the tail_sampling processor
	// same says that ours and theirs are one text, which leaves nothing to chance: a probabilistic policy hashes trace
	// ids, and those are the same in every run.
	same bool
	// most is the share of tail_sampling's CPU time per span that tailwise may take, aim the one that is wished for;
	// 0 is none.
	most, aim float64
}

var (
	//go:embed configs/rules.yaml
	rulesText string
	//go:embed configs/rules_tail_sampling.yaml
	rulesTailSamplingText string
	//go:embed configs/processor.yaml
	processorText string
	//go:embed configs/ottl.yaml
	ottlText string
)

var policySets = []policySet{
	{name: "rules", ours: rulesText, theirs: rulesTailSamplingText},
	{name: "processor", ours: processorText, theirs: processorText, same: true, most: 0.45},
	{name: "ottl", ours: ottlText, theirs: ottlText, same: true, most: 0.8, aim: 0.5},
}

// parsePolicies reads a list of names of policySets, each of which must make sense for all loads.
func parsePolicies(list string, loads []load) ([]policySet, error) {
	var sets []policySet
	var errs []error
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(policySets, func(s policySet) bool { return s.name == name })
		if i < 0 {
			errs = append(errs, fmt.Errorf("-policies: %q is not rules, processor or ottl", name))
			continue
		}
		sets = append(sets, policySets[i])
		foreign := slices.IndexFunc(loads, func(l load) bool { return l.profile != traffic.Small })
		if policySets[i].same && foreign >= 0 {
			errs = append(errs, fmt.Errorf("-policies: %s is made for small loads and would keep nearly all of %s; name others with -loads",
				name, loads[foreign]))
		}
	}
	return sets, errors.Join(errs...)
}

// indent moves YAML to where the processor's configuration has it, without its last line break.
func indent(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString("    " + line)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// verdict compares a share of CPU time with what it may be; it is empty where nothing was set.
func (s policySet) verdict(share float64) string {
	if s.most == 0 {
		return ""
	}
	text := fmt.Sprintf("; target at most %.2f by medians: ", s.most)
	if share <= s.most {
		text += "met"
	} else {
		text += "missed"
	}
	if s.aim != 0 {
		text += fmt.Sprintf(" (aim %.2f)", s.aim)
	}
	return text
}
