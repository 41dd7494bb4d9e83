package price

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Table knows prices. It does not change, and is safe for concurrent use.
type Table struct {
	// Immutable.
	date    string
	vendors []*vendor
	byID    map[string]*vendor
	rules   []rule            // the user's, the latest file's first
	aliases map[string]string // the user's names of providers, to ids or anyVendor

	known cache
}

// vendor is who sells calls, with the models that it sells.
type vendor struct {
	id       string
	named    clause // other names of it; may be nil
	sells    clause // models that it is the first choice for when nobody says who was called; may be nil
	fallback []string
	models   []*entry
}

// entry is the prices of one model of one vendor.
type entry struct {
	name   string // "openai/gpt-4o"
	meets  clause
	prices []dated // at least one
	batch  []dated
	tiers  map[string][]dated
}

// rule is a line of a user's file.
type rule struct {
	provider string // as the file gives it, in lower case; may be empty: any
	meets    clause
	found    *match
}

// match is what a provider and model led to.
type match struct {
	entry *entry
	// own is whether the model's own vendor was called. Prices of batches and service tiers are only its own.
	own bool
}

//go:embed prices.json
var data []byte

// BuiltIn returns the table that the program ships with. It is read at the first call.
func BuiltIn() *Table { return builtIn() }

var builtIn = sync.OnceValue(func() *Table {
	t, err := decode(data)
	if err != nil {
		panic(fmt.Sprintf("price: read the built-in prices: %v", err)) // a test reads them too
	}
	return t
})

// Date returns the day that the built-in prices speak of, as "2026-10-30".
func (t *Table) Date() string { return t.date }

// Match returns the name of the prices that a call to provider and model is paid by, as "openai/gpt-4o". ok is false if
// there are none: then the call is unpriced.
func (t *Table) Match(provider, model string) (name string, ok bool) {
	if m := t.match(provider, model); m != nil {
		return m.entry.name, true
	}
	return "", false
}

func (t *Table) match(provider, model string) *match {
	if model == "" || len(provider)+len(model) > maxName {
		return nil
	}
	k := key{provider, model}
	m, found := t.known.get(k)
	if !found {
		m = t.find(provider, model)
		t.known.put(k, m)
	}
	return m
}

// maxName is the longest provider and model together that is looked up. What is longer is no name.
const maxName = 512

// maxKnown is how many looked-up names are remembered: well above what any installation calls, and a bound if names are
// made up. At the bound all are forgotten, and those in use are found again.
const maxKnown = 4096

type key struct{ provider, model string }

// cache remembers what names led to, nothing included.
type cache struct {
	// mu guards matches. Held for map access only.
	mu      sync.RWMutex
	matches map[key]*match
}

func (c *cache) get(k key) (m *match, found bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	m, found = c.matches[k]
	return m, found
}

func (c *cache) put(k key, m *match) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.matches == nil || len(c.matches) >= maxKnown {
		c.matches = make(map[key]*match)
	}
	// The caller's texts may be overwritten later.
	c.matches[key{strings.Clone(k.provider), strings.Clone(k.model)}] = m
}

// overlay returns a table like t with more rules and names before its own.
func (t *Table) overlay(rules []rule, aliases map[string]string, replace bool) *Table {
	made := &Table{date: t.date, vendors: t.vendors, byID: t.byID, rules: rules, aliases: aliases}
	if replace {
		made.vendors, made.byID = withoutModels(t.vendors)
		return made
	}
	made.rules = slices.Concat(rules, t.rules)
	made.aliases = make(map[string]string, len(t.aliases)+len(aliases))
	for _, names := range []map[string]string{t.aliases, aliases} {
		for name, id := range names {
			made.aliases[name] = id
		}
	}
	return made
}

// withoutModels keeps the vendors' names, which rules may speak of, and nothing of what they sell.
func withoutModels(vendors []*vendor) ([]*vendor, map[string]*vendor) {
	var bare []*vendor
	for _, v := range vendors {
		bare = append(bare, &vendor{id: v.id, named: v.named})
	}
	return bare, index(bare)
}

func index(vendors []*vendor) map[string]*vendor {
	byID := make(map[string]*vendor, len(vendors))
	for _, v := range vendors {
		byID[v.id] = v
	}
	return byID
}
