package price

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// model reads one item of models.
func (f *priceFile) model(n *yaml.Node) {
	var r rule
	var as *yaml.Node
	made := &entry{name: f.place(n)}
	before := len(f.list)
	known := []string{"match", "provider", "as", "prices", "batch", "service_tiers"}
	f.entries(n, "a model", known, func(key string, at, value *yaml.Node) {
		switch key {
		case "match":
			r.meets = f.clause(value, 0)
		case "provider":
			r.provider = f.text(value, "provider")
		case "as":
			as = value
		case "prices":
			faults := len(f.list)
			if made.prices = f.datedList(value, key); len(f.list) == faults {
				f.complete(value, made.prices)
			}
		case "batch":
			made.batch = f.datedList(value, key)
		case "service_tiers":
			made.tiers = make(map[string][]dated)
			f.entries(value, key, nil, func(tier string, _, value *yaml.Node) {
				made.tiers[tier] = f.datedList(value, "service tier")
			})
		}
	})
	if len(f.list) > before {
		return
	}
	r.found = &match{entry: made, own: true}
	switch {
	case r.meets == nil:
		f.add(n, `say which names it is for, as "match: gpt-4o"`, "a model without match")
	case as != nil && (made.prices != nil || made.batch != nil || made.tiers != nil):
		f.add(as, "", "a model has as, or prices of its own, not both")
	case as != nil:
		r.found = f.as(as)
	case made.prices == nil:
		f.add(n, `give it prices, or say "as: openai/gpt-4o"`, "a model without prices")
	}
	f.rules = append(f.rules, r)
}

// as finds the prices that a model shall share, named as "openai/gpt-4o".
func (f *priceFile) as(n *yaml.Node) *match {
	text := f.text(n, "as")
	id, model, ok := strings.Cut(text, "/")
	v := f.base.byID[id]
	switch {
	case text == "":
	case !ok:
		f.add(n, "", `%q is not of the form "provider/model"`, text)
	case v == nil:
		f.add(n, f.nearVendor(id), "unknown provider %q", id)
	default:
		m := f.base.match(id, model)
		if m == nil {
			f.add(n, "", "no price is known for %q of %s", model, id)
		}
		return m
	}
	return nil
}

// maxDepth is how deep match clauses may stand in each other.
const maxDepth = 16

// clause reads a match clause: a word, a list of which one must hold, or a mapping of one key. It returns nil after a fault.
func (f *priceFile) clause(n *yaml.Node, depth int) clause {
	if depth > maxDepth {
		f.add(n, "", "match clauses stand more than %d deep in each other", maxDepth)
		return nil
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if name := f.text(n, "a match"); name != "" {
			return equals(name)
		}
		return nil
	case yaml.SequenceNode:
		return anyOf(f.clauses(n, depth))
	}
	var made clause
	f.entries(n, "a match", clauseKeys, func(key string, at, value *yaml.Node) {
		if made != nil {
			f.add(at, "list them under and, or under or", "a second key in one match")
		}
		made = f.keyed(key, value, depth+1)
	})
	if len(n.Content) == 0 && n.Kind == yaml.MappingNode {
		f.add(n, "", "an empty match")
	}
	return made
}

func (f *priceFile) clauses(n *yaml.Node, depth int) []clause {
	var all []clause
	f.each(n, "the clauses of a match", func(item *yaml.Node) {
		if c := f.clause(item, depth+1); c != nil {
			all = append(all, c)
		}
	})
	if len(n.Content) == 0 {
		f.add(n, "", "an empty list in a match")
	}
	return all
}

func (f *priceFile) keyed(key string, n *yaml.Node, depth int) clause {
	switch key {
	case "or":
		return anyOf(f.clauses(n, depth))
	case "and":
		return allOf(f.clauses(n, depth))
	case "not":
		if c := f.clause(n, depth); c != nil {
			return not{c}
		}
		return nil
	}
	if f.text(n, key) == "" {
		return nil
	}
	c, err := word(key, n.Value)
	if err != nil {
		f.add(n, "it is compared with the name in lower case, and has RE2's syntax", "not a regular expression: %v", err)
	}
	return c
}

// datedList reads one set of prices, or a list of them.
func (f *priceFile) datedList(n *yaml.Node, what string) []dated {
	if n.Kind != yaml.SequenceNode {
		return []dated{f.dated(n, what)}
	}
	var all []dated
	f.each(n, what, func(item *yaml.Node) { all = append(all, f.dated(item, what)) })
	if len(all) == 0 {
		f.add(n, "", "no prices in %s", what)
	}
	return all
}

func (f *priceFile) dated(n *yaml.Node, what string) (d dated) {
	known := append([]string{"from", "between"}, slotNames[:]...)
	f.entries(n, what, known, func(key string, at, value *yaml.Node) {
		var err error
		switch key {
		case "from":
			d.from, err = parseDate(value.Value)
		case "between":
			d.between, err = parseSpan(value.Value)
		default:
			s := slot(slices.Index(slotNames[:], key))
			d.rates[s] = f.rate(s, value)
		}
		if err != nil {
			f.add(value, "", "%s: %v", key, err)
		}
	})
	return d
}

// complete checks that a set of standard prices can stand alone: a part has a price only where its whole has one.
func (f *priceFile) complete(n *yaml.Node, all []dated) {
	for _, d := range all {
		if !slices.ContainsFunc(d.rates[:], func(r rate) bool { return r.known }) {
			f.add(n, "a free model has input: 0 and output: 0", "a set of prices without a price")
		}
		for _, pair := range [...]struct{ part, whole slot }{{cacheRead, input}, {cacheWrite, input}, {reasoning, output}} {
			if d.rates[pair.part].known && !d.rates[pair.whole].known {
				f.add(n, "", "%s has a price, and %s has none", slotNames[pair.part], slotNames[pair.whole])
			}
		}
	}
}

// rate reads a price, or a mapping of base and above.
func (f *priceFile) rate(s slot, n *yaml.Node) (r rate) {
	if n.Kind != yaml.MappingNode {
		r.base, r.known = f.price(s, n)
		return r
	}
	f.entries(n, slotNames[s], []string{"base", "above"}, func(key string, at, value *yaml.Node) {
		if key == "base" {
			r.base, r.known = f.price(s, value)
			return
		}
		f.entries(value, "above", nil, func(tokens string, at, value *yaml.Node) {
			above, err := strconv.ParseInt(tokens, 10, 64)
			if err != nil || above < 0 {
				f.add(at, "", "%q is not a number of input tokens, such as 200000", tokens)
				return
			}
			price, _ := f.price(s, value)
			r.steps = append(r.steps, step{above, price})
		})
	})
	if !r.known {
		f.add(n, "", "%s has no base price", slotNames[s])
	}
	r.sort()
	return r
}

func (f *priceFile) price(s slot, n *yaml.Node) (femto, bool) {
	if n.Kind != yaml.ScalarNode {
		f.add(n, "", "%s must be a number of dollars, such as 2.5", slotNames[s])
		return 0, false
	}
	price, err := parsePrice(n.Value, s.digits())
	if err != nil {
		f.add(n, "", "%s: %v", slotNames[s], err)
	}
	return price, err == nil
}
