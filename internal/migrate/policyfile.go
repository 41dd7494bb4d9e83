package migrate

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// Translation is what became of one policy.
type Translation struct {
	Policy string // its name
	Type   tailsampling.Type
	Rule   string   // the rule's name; empty: it is left as a policy, or it needs none
	When   string   // the rule's condition; empty matches every trace
	Unless []string // the rule decides as the policy does unless the trace is such
	Why    string   // why there is no rule
	Needs  bool     // it stays as a policy
}

// policyText writes the policy file.
func policyText(src Source, r *Result, s *processorSection) ([]byte, error) {
	top := mapping()
	top.HeadComment = fmt.Sprintf("Imported from processor %s of %s.", r.Processor, src.File)
	if !src.AsRules {
		top.Content = append(top.Content, word("policies"), s.policies)
		return encode(top)
	}
	r.Translations = translations(&s.config, src.Ordinary)
	rules, policies := &yaml.Node{Kind: yaml.SequenceNode}, &yaml.Node{Kind: yaml.SequenceNode}
	for i, t := range r.Translations {
		switch {
		case t.Needs:
			policies.Content = append(policies.Content, s.policies.Content[i])
		case t.Rule != "":
			rules.Content = append(rules.Content, ruleNode(&t, s.policies.Content[i]))
		}
	}
	if len(rules.Content) > 0 {
		top.Content = append(top.Content, word("rules"), rules, word("otherwise"), mapping(word("drop"), yes()))
	}
	if len(policies.Content) > 0 || len(rules.Content) == 0 {
		if len(policies.Content) == 0 { // none of them ever samples
			policies = s.policies
		}
		key := word("policies")
		if len(rules.Content) > 0 {
			key.HeadComment = "What rules cannot say the same way; both are evaluated, and a drop of either wins."
		}
		top.Content = append(top.Content, key, policies)
	}
	return encode(top)
}

func yes() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"} }

// ruleNode writes one rule, with the comments of its policy.
func ruleNode(t *Translation, from *yaml.Node) *yaml.Node {
	n := mapping(word("name"), word(t.Rule))
	var comment []string
	if from.HeadComment != "" {
		comment = append(comment, strings.ReplaceAll(from.HeadComment, "# ", ""))
	}
	if t.Policy != t.Rule {
		comment = append(comment, fmt.Sprintf("policy %q", t.Policy))
	}
	for i, unless := range t.Unless {
		lead := "as the policy decides, unless "
		if i > 0 {
			lead = "  or "
		}
		comment = append(comment, lead+unless)
	}
	n.HeadComment = strings.Join(comment, "\n")
	if t.When != "" {
		n.Content = append(n.Content, word("when"), word(t.When))
	}
	verb := "keep"
	if t.Type == tailsampling.Drop {
		verb = "drop"
	}
	n.Content = append(n.Content, word(verb), yes())
	return n
}

// translations says of each policy what becomes of it.
func translations(cfg *tailsampling.Config, ordinary bool) []Translation {
	list := make([]Translation, 0, len(cfg.Policies))
	names := make(ruleNames)
	for i := range cfg.Policies {
		names[cfg.Policies[i].Name] = cfg.Policies[i].Name
	}
	names[policy.Otherwise], names[policy.Calibrate] = "", "" // no policy has an empty name
	for i := range cfg.Policies {
		list = append(list, translation(&cfg.Policies[i], ordinary, names))
	}
	keepWithLimits(cfg, list)
	return list
}

func translation(p *tailsampling.Policy, ordinary bool, names ruleNames) Translation {
	t := Translation{Policy: p.Name, Type: p.Type}
	c, err := translate(p)
	switch {
	case err != nil:
		t.Why, t.Needs = err.Error(), true
	case len(c.unless) > 0 && !ordinary:
		t.Why, t.Needs, t.Unless = "a rule would decide otherwise where "+strings.Join(c.unless, "; or "), true, c.unless
	case c.never():
		t.Why, t.Unless = "it never samples, so it needs no rule", c.unless
		if p.Type == tailsampling.Drop {
			t.Why = "it never drops, so it needs no rule"
		}
	default:
		t.Rule, t.When, t.Unless = names.name(p.Name), c.yes.text, c.unless
		if c.always() && p.Type == tailsampling.Drop {
			t.When = "spans > 0" // a rule that drops needs a condition
		}
	}
	return t
}

// keepWithLimits leaves policies where they are that decide what limits are spent on: a dropped trace spends nothing of
// them, and with sample_on_first_match neither does one that was sampled before.
func keepWithLimits(cfg *tailsampling.Config, list []Translation) {
	last := -1
	for i := range list {
		if list[i].Needs && hasLimit(&cfg.Policies[i]) {
			last = i
		}
	}
	for i := range list {
		t := &list[i]
		if last < 0 || t.Rule == "" {
			continue
		}
		switch limited := cfg.Policies[last].Name; {
		case t.Type == tailsampling.Drop:
			t.Why = fmt.Sprintf("what it drops must not be counted by the limit of %q, which stays a policy", limited)
		case cfg.SampleOnFirstMatch && i < last:
			t.Why = fmt.Sprintf("with sample_on_first_match what it samples must not be counted by the limit of %q, which stays a policy", limited)
		default:
			continue
		}
		t.Rule, t.When, t.Unless, t.Needs = "", "", nil, true
	}
}

// hasLimit tells whether a policy, or one in it, counts what it lets through.
func hasLimit(p *tailsampling.Policy) bool {
	switch p.Type {
	case tailsampling.RateLimiting, tailsampling.BytesLimiting, tailsampling.Composite:
		return true
	case tailsampling.And:
		return slices.ContainsFunc(p.And.Policies, func(p tailsampling.Policy) bool { return hasLimit(&p) })
	case tailsampling.Drop:
		return slices.ContainsFunc(p.Drop.Policies, func(p tailsampling.Policy) bool { return hasLimit(&p) })
	case tailsampling.Not:
		return p.Not.Policy != nil && hasLimit(p.Not.Policy)
	}
	return false
}

// ruleNames are the names that are taken, each by a policy.
type ruleNames map[string]string

// name makes the name of a policy's rule: the policy's own as far as rules may have it.
func (n ruleNames) name(policyName string) string {
	base := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, policyName)
	base = base[:min(len(base), maxName)]
	name := base
	for i := 2; ; i++ {
		if by, taken := n[name]; !taken || by == policyName {
			n[name] = policyName
			return name
		}
		name = fmt.Sprintf("%s-%d", base, i)
	}
}

// maxName leaves room for a number after a name of at most 100 bytes.
const maxName = 90
