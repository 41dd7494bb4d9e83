package policy

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/spelling"
)

var (
	ruleKeys      = []string{"name", "when", "keep", "sample", "drop", "limit", "by", "scope"}
	otherwiseKeys = []string{"keep", "sample", "drop", "by"}
)

// readRule reads one rule. It returns false where there is no telling what the rule is; faults are noted.
func (c *compiler) readRule(n *yaml.Node) (rule, bool) {
	r := rule{Rule: Rule{Line: n.Line}}
	entries := c.mapping(n, "a rule")
	if n.Kind != yaml.MappingNode {
		return r, false
	}
	keys := c.pick(entries, "a rule", ruleKeys)
	c.readName(&r, of(n), keys)
	if e, found := keys["when"]; found {
		c.readWhen(&r, e)
	}
	c.readVerb(&r, of(n), "rule "+r.Name, keys)
	if e, found := keys["scope"]; found {
		c.readScope(e)
	}
	if e, found := keys["limit"]; found {
		c.readLimit(&r, e)
	}
	if e, found := keys["by"]; found {
		c.readBy(&r, e)
	}
	if r.Verb == Drop && r.When == "" {
		c.add(of(n), "say which traces, with when", "rule %s drops everything", r.Name)
	}
	return r, true
}

// readOtherwise reads what happens to traces that no rule keeps or drops.
func (c *compiler) readOtherwise(section entry) rule {
	r := rule{Rule: Rule{Name: Otherwise, Verb: Drop, Line: section.at.line}, bucket: -1}
	entries := c.mapping(section.value, "otherwise")
	if section.value.Kind != yaml.MappingNode {
		return r
	}
	keys := c.pick(entries, "otherwise", otherwiseKeys)
	c.readVerb(&r, section.at, "otherwise", keys)
	if e, found := keys["by"]; found {
		c.readBy(&r, e)
	}
	return r
}

// pick returns entries by key, and notes those that mean nothing.
func (c *compiler) pick(entries []entry, what string, known []string) map[string]entry {
	keys := make(map[string]entry, len(entries))
	for _, e := range entries {
		switch {
		case slices.Contains(known, e.key):
			keys[e.key] = e
		case e.key == "hold":
			keys[e.key] = e
			c.add(e.at, "use drop, keep or sample", "hold belongs to the hold, which keeps undecided traces on disk and which this build lacks")
		default:
			c.unknown(e, what, known)
		}
	}
	return keys
}

func (c *compiler) readName(r *rule, at position, keys map[string]entry) {
	e, found := keys["name"]
	if !found {
		c.add(at, "", "a rule has no name")
		return
	}
	name, ok := c.word(e)
	if !ok {
		return
	}
	switch {
	case !isName(name):
		c.add(of(e.value), nameHint, "%q is no name for a rule", clip(name))
	case name == Otherwise || name == Calibrate:
		c.add(of(e.value), "", "a rule cannot be named %q, as verdicts use that name", name)
	case c.names[name]:
		c.add(of(e.value), "", "there are two rules named %q", name)
	}
	r.Name, c.names[name] = name, true
}

// readVerb reads keep, sample and drop, of which a rule has one; keep beside sample names the class.
func (c *compiler) readVerb(r *rule, at position, what string, keys map[string]entry) {
	keep, hasKeep := keys["keep"]
	sample, hasSample := keys["sample"]
	drop, hasDrop := keys["drop"]
	_, hasHold := keys["hold"]
	switch {
	case hasDrop && (hasKeep || hasSample):
		c.add(drop.at, "", "%s drops and keeps at once", what)
	case hasSample:
		r.Verb = Sample
		c.readSample(r, sample)
	case hasKeep:
		r.Verb = Keep
	case hasDrop:
		r.Verb = Drop
		if text, ok := c.word(drop); ok && text != "true" {
			c.add(of(drop.value), "leave drop out, or write drop: true", "drop: %s means nothing", clip(text))
		}
	case !hasHold:
		c.add(at, "add keep, sample or drop", "%s does not say what to do", what)
	}
	if hasKeep {
		c.readClass(r, keep)
	} else if hasSample {
		r.Retention, r.length = DefaultRetention, c.classes[DefaultRetention]
	}
}

// readClass reads the retention class that keep names.
func (c *compiler) readClass(r *rule, e entry) {
	text, ok := c.word(e)
	if !ok {
		return
	}
	if text == "true" {
		text = DefaultRetention
	}
	length, known := c.classes[text]
	if !known {
		var classes []string
		for class := range c.classes {
			classes = append(classes, class)
		}
		slices.Sort(classes)
		hint := spelling.Hint(text, classes)
		if hint == "" {
			hint = "known are " + strings.Join(classes, ", ") + ", and true for " + DefaultRetention
		}
		c.add(of(e.value), hint, "%q is not among the retention classes", clip(text))
	}
	r.Retention, r.length = text, length
}

func (c *compiler) readSample(r *rule, e entry) {
	text, ok := c.word(e)
	if !ok {
		return
	}
	p, th, err := parseProbability(text)
	if err != nil {
		c.add(of(e.value), "write 5% or 0.05", "%q %v", clip(text), err)
	}
	r.Probability, r.Threshold = p, th
}

func (c *compiler) readScope(e entry) {
	text, ok := c.word(e)
	switch {
	case !ok || text == "trace":
	case text == "session":
		c.add(e.at, "", "scope: session keeps whole sessions, which belongs to the hold, which this build lacks")
	default:
		c.add(of(e.value), "write trace", "%q is no scope", clip(text))
	}
}

func (c *compiler) readLimit(r *rule, e entry) {
	text, ok := c.word(e)
	if !ok {
		return
	}
	if _, err := parseLimit(text); err != nil {
		c.add(of(e.value), "", "%q %v", clip(text), err)
		return
	}
	if r.Verb != Keep {
		c.add(e.at, "", "limit belongs to a rule that keeps for cause")
		return
	}
	r.Limit = text
}

func (c *compiler) readBy(r *rule, e entry) {
	text, ok := c.word(e)
	switch {
	case !ok:
	case text != "trace" && text != "session":
		c.add(of(e.value), "write trace or session", "%q is nothing to toss a coin by", clip(text))
	case r.Verb != Sample && r.Limit == "":
		c.add(e.at, "", "by belongs to a rule with sample or limit, as others leave nothing to chance")
	default:
		r.ByTrace = text == "trace"
	}
}
