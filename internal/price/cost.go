package price

// Cost returns what c costs in dollars. ok is false if that is not known: neither of its models has a price (see Match),
// or its counts contradict each other (see Usage.Valid), or come to more than nine billion dollars.
func (t *Table) Cost(c Call) (usd float64, ok bool) {
	total, ok := t.sum(&c)
	if !ok {
		return 0, false
	}
	return total.usd(), true
}

// CostNanos returns what c costs in nanodollars (1e-9 dollars), rounded to the nearest. Sums of it do not depend on their
// order. ok is as Cost's.
func (t *Table) CostNanos(c Call) (nanos int64, ok bool) {
	total, ok := t.sum(&c)
	if !ok {
		return 0, false
	}
	return total.nanos()
}

func (t *Table) sum(c *Call) (sum, bool) {
	if !c.Usage.Valid() {
		return sum{}, false
	}
	for _, model := range [...]string{c.Model, c.RequestModel} {
		if m := t.match(c.Provider, model); m != nil {
			if total, ok := m.sum(c); ok {
				_, ok = total.nanos()
				return total, ok
			}
		}
	}
	return sum{}, false
}

// sum adds up a call by the prices that hold for it.
func (m *match) sum(c *Call) (total sum, ok bool) {
	standard := m.entry.standard(c)
	if standard.otherUnits {
		return sum{}, false
	}
	r := &standard.rates
	if m.own && m.entry.special(c) {
		changed := standard.rates
		m.entry.override(&changed, c)
		r = &changed
	}
	u := c.Usage
	price := func(s slot, count int64) {
		if r[s].known {
			total.add(r[s].at(u.Input), count)
		}
	}
	price(input, u.Input-r.part(cacheRead, u.CacheRead)-r.part(cacheWrite, u.CacheWrite))
	price(cacheRead, u.CacheRead)
	price(cacheWrite, u.CacheWrite)
	price(output, u.Output-r.part(reasoning, u.Reasoning))
	price(reasoning, u.Reasoning)
	price(requests, 1)
	return total, true
}

// part returns how much of count is not paid as input or output, but by a price of its own.
func (r *rates) part(s slot, count int64) int64 {
	if r[s].known {
		return count
	}
	return 0
}

// standard returns the last of the prices that hold, or the first if none does.
func (e *entry) standard(c *Call) *dated {
	for i := len(e.prices) - 1; i > 0; i-- {
		if e.prices[i].holds(c.At) {
			return &e.prices[i]
		}
	}
	return &e.prices[0]
}

// special tells whether a call may have prices that differ from the standard.
func (e *entry) special(c *Call) bool {
	return c.Batch && len(e.batch) > 0 || c.ServiceTier != "" && len(e.tiers[c.ServiceTier]) > 0
}

// override replaces the prices that a batch or a service tier changes. The tier's go before.
func (e *entry) override(r *rates, c *Call) {
	if c.Batch {
		apply(r, e.batch, c)
	}
	if c.ServiceTier != "" {
		apply(r, e.tiers[c.ServiceTier], c)
	}
}

func apply(r *rates, all []dated, c *Call) {
	for i := range all {
		if !all[i].holds(c.At) {
			continue
		}
		for s := range slots {
			if all[i].rates[s].known {
				r[s] = all[i].rates[s]
			}
		}
	}
}
