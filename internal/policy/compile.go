package policy

import (
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/agent"
)

// Bounds of a policy. They are far above what people write and far below what would hurt.
const (
	maxRules   = 250
	maxClasses = 100
	maxName    = 100 // bytes
)

// compiler reads a policy file.
type compiler struct {
	document
	classes map[string]time.Duration
	attrs   map[string]bool
	names   map[string]bool // of rules

	firstMatch bool // policies: are evaluated up to the first that samples
}

var topKeys = []string{"retention", "calibrate", "rules", "policies", "otherwise"}

// read fills p from its text.
func (c *compiler) read(p *Policy) {
	top := c.decode(p.text)
	if top == nil {
		return
	}
	c.classes = map[string]time.Duration{DefaultRetention: defaultLength}
	c.attrs, c.names = make(map[string]bool), make(map[string]bool)
	entries := c.mapping(top, "a policy")
	sections := make(map[string]entry)
	for _, e := range entries {
		if slices.Contains(topKeys, e.key) {
			sections[e.key] = e
			continue
		}
		c.unknown(e, "a policy", topKeys)
	}
	if e, found := sections["retention"]; found {
		c.readRetention(e)
	}
	if e, found := sections["calibrate"]; found {
		p.calibrate = c.length(e)
	}
	p.length = c.classes[DefaultRetention]
	_, hasPolicies := sections["policies"]
	if e, found := sections["rules"]; found || !hasPolicies {
		c.readRules(p, top, e)
	}
	if hasPolicies {
		c.readPolicies(p, sections["policies"])
	}
	p.otherwise = rule{Rule: Rule{Name: Otherwise, Verb: Drop, Line: top.Line}, bucket: -1}
	if e, found := sections["otherwise"]; found {
		p.otherwise = c.readOtherwise(e)
	}
	for key := range c.attrs {
		p.attrs = append(p.attrs, key)
	}
	slices.Sort(p.attrs)
	if len(p.attrs) > agent.MaxAttrs {
		c.add(of(top), "", "the rules ask for %d attribute keys, at most %d can be gathered", len(p.attrs), agent.MaxAttrs)
	}
}

// length reads a positive length of time.
func (c *compiler) length(e entry) time.Duration {
	text, ok := c.word(e)
	if !ok {
		return 0
	}
	d, err := parseLength(text)
	if err != nil {
		c.add(of(e.value), "", "%s: %q %v", e.key, clip(text), err)
	}
	return d
}

func (c *compiler) readRetention(section entry) {
	entries := c.mapping(section.value, "retention")
	if len(entries) > maxClasses {
		c.add(section.at, "", "there are %d retention classes, at most %d are possible", len(entries), maxClasses)
	}
	for _, e := range entries {
		if !isName(e.key) {
			c.add(e.at, nameHint, "%q is no name for a retention class", clip(e.key))
			continue
		}
		if text, ok := c.word(e); ok && text == "forever" {
			c.classes[e.key] = forever
			continue
		} else if !ok {
			c.classes[e.key] = 0
			continue
		}
		c.classes[e.key] = c.length(e)
	}
}

func (c *compiler) readRules(p *Policy, top *yaml.Node, section entry) {
	if section.value == nil {
		c.add(of(top), "", "there are no rules")
		return
	}
	if section.value.Kind != yaml.SequenceNode {
		c.add(section.at, "", "rules must be a list")
		return
	}
	list := section.value.Content
	if len(list) == 0 || len(list) > maxRules {
		c.add(section.at, "", "there are %d rules; from 1 to %d are possible", len(list), maxRules)
		return
	}
	for _, n := range list {
		r, ok := c.readRule(resolve(n))
		if !ok {
			continue
		}
		r.bucket = -1
		if r.Limit != "" {
			l, _ := parseLimit(r.Limit) // read before
			r.bucket = len(p.limits)
			p.limits = append(p.limits, limitOf{limit: l, rule: r.Name})
		}
		p.rules = append(p.rules, r)
	}
}

const nameHint = "names are made of letters, digits, and the signs - _ . and have at most 100 characters"

// isName tells whether name may be that of a rule or a class: it goes into logs, metrics and queries.
func isName(name string) bool {
	for _, r := range name {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.' {
			return false
		}
	}
	return name != "" && len(name) <= maxName
}

// clip shortens what is quoted in an error.
func clip(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return s
}
