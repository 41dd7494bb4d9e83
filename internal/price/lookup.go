package price

import "strings"

// find looks a provider and model up, as they come from a span. It returns nil if no price is known.
func (t *Table) find(provider, model string) *match {
	provider = strings.ToLower(strings.TrimSpace(provider))
	model = strings.ToLower(strings.TrimSpace(model))
	if model == "" {
		return nil
	}
	v, anyone := t.vendorOf(provider)
	if m := t.byRule(provider, v, model); m != nil {
		return m
	}
	switch {
	case anyone:
		return t.byModel(model)
	case v == nil:
		return nil
	}
	return t.in(v, model)
}

// byRule looks into the user's rules. They come before all else, in every form of the name.
func (t *Table) byRule(provider string, v *vendor, model string) *match {
	if len(t.rules) == 0 {
		return nil
	}
	for _, name := range t.forms(model) {
		for _, r := range t.rules {
			if r.sells(provider, v) && r.meets.match(name) {
				return r.found
			}
		}
	}
	return nil
}

// sells tells whether the rule is for a provider: by the span's name of it, or its vendor's id.
func (r *rule) sells(provider string, v *vendor) bool {
	return r.provider == "" || r.provider == provider || v != nil && v.id == r.provider
}

// byModel finds a model by its name alone.
func (t *Table) byModel(model string) *match {
	// "openai/gpt-4o" says who was called. What that one does not sell is not looked for elsewhere: gateways call
	// anything that speaks a vendor's protocol by that vendor's name.
	if front, rest, ok := strings.Cut(model, "/"); ok {
		if id, known := t.aliasOf(front); known && id == anyVendor {
			return t.byModel(rest)
		} else if v := t.byID[id]; v != nil {
			return t.in(v, rest)
		}
	}
	// "us.anthropic.claude-..." is a name that only Amazon Bedrock uses.
	if maker.MatchString(region.ReplaceAllString(model, "")) || strings.HasPrefix(model, "arn:aws") {
		if aws := t.byID["aws"]; aws != nil {
			return t.in(aws, model)
		}
	}
	for _, name := range t.forms(model) {
		for _, v := range t.vendors {
			if v.sells == nil || !v.sells.match(name) {
				continue
			}
			if m := t.exactly(v, name); m != nil {
				return m
			}
			break // the first that claims a name is the one
		}
	}
	return nil
}

// in finds a model of a vendor, in the first form of its name that has a price.
func (t *Table) in(v *vendor, model string) *match {
	for _, name := range t.forms(model) {
		if m := t.exactly(v, name); m != nil {
			return m
		}
	}
	return nil
}

// exactly finds a model of a vendor by one form of its name.
func (t *Table) exactly(v *vendor, name string) *match {
	if m := t.offered(v, name); m != nil {
		return m
	}
	if other := dashed(name); other != name {
		return t.offered(v, other)
	}
	return nil
}

// offered finds what the vendor sells by that name, or else what it resells of others at their price.
func (t *Table) offered(v *vendor, name string) *match {
	if e := v.entry(name); e != nil {
		return &match{entry: e, own: true}
	}
	for _, id := range v.fallback {
		if other := t.byID[id]; other != nil {
			if e := other.entry(name); e != nil {
				return &match{entry: e}
			}
		}
	}
	return nil
}

// entry returns the first model that meets the name: the order of the data is part of its meaning.
func (v *vendor) entry(name string) *entry {
	for _, e := range v.models {
		if e.meets.match(name) {
			return e
		}
	}
	return nil
}
