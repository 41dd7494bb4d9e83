package agent

import (
	"math"
	"slices"
	"strings"

	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/price"
)

// Plan says which attribute keys to read and what each means. It is immutable and safe for concurrent use.
type Plan struct {
	keys  *otlp.Keys
	means []meaning // by KeyID
	attrs []string  // sorted, without duplicates

	prices *price.Table
}

// meaning is what one attribute key is read for.
type meaning struct {
	role    role
	dialect Dialect // which the key is a sign of; for a bare key, the one it belongs to
	bare    bool    // counts on spans of dialect only
	alias   uint16  // place among the keys of the same role, from 1; the lower one counts
	attr    int16   // into Plan.attrs and Facts.attrs; -1: no rule asks for it
	words   words
	members []aliased // of the JSON object under the key
}

// aliased is a member of a JSON object, with its place among what says the same.
type aliased struct {
	member
	alias uint16
}

// MaxAttrs is how many attribute keys a Plan can gather besides its own. It bounds what a policy may ask for.
const MaxAttrs = 1000

// Options is what a plan can be told besides what to gather.
type Options struct {
	// Prices is what calls cost. Nil: the built-in table.
	Prices *price.Table
	// Session, User, Tenant and Feature are attribute keys under which the application says these. They go before those
	// of the dialects, in this order.
	Session, User, Tenant, Feature []string
	// Keys are attribute keys that a walk has to look for besides, for somebody else than facts.
	Keys []string
}

// NewPlan makes a plan that gathers attrs, the keys that a policy's attr_*() name, besides what the built-in facts
// need. It panics when there are more than MaxAttrs, which is the caller's to bound.
func NewPlan(attrs []string) *Plan { return NewPlanWith(attrs, Options{}) }

// NewPlanWith is NewPlan with options.
func NewPlanWith(attrs []string, o Options) *Plan {
	p := &Plan{attrs: slices.Compact(slices.Sorted(slices.Values(attrs))), prices: o.Prices}
	if p.prices == nil {
		p.prices = price.BuiltIn()
	}
	if len(p.attrs) > MaxAttrs {
		panic("agent: more attribute keys than a plan can gather")
	}
	b := planBuilder{places: make(map[string]int)}
	for _, own := range [...]struct {
		keys []string
		role role
	}{{o.Session, roleSession}, {o.User, roleUser}, {o.Tenant, roleTenant}, {o.Feature, roleFeature}} {
		for _, key := range own.keys {
			b.addKey(DialectNone, &row{key: key, role: own.role}, &b.keys, &b.means)
		}
	}
	for _, t := range tables {
		for i := range t.rows {
			b.add(t.dialect, &t.rows[i])
		}
	}
	for i, attr := range p.attrs {
		b.gather(attr, int16(i))
	}
	for _, key := range o.Keys {
		if !slices.Contains(b.keys, key) {
			b.gather(key, -1)
		}
	}
	p.keys, p.means = otlp.NewKeys(b.keys, b.patterns...), append(b.means, b.patternMeans...)
	return p
}

// planBuilder compiles the tables into one.
type planBuilder struct {
	keys, patterns      []string
	means, patternMeans []meaning
	places              map[string]int // of keys and patterns, in their own slice
	aliases             [rolesN]uint16
}

// add notes a row of a table.
func (b *planBuilder) add(d Dialect, r *row) {
	if strings.Contains(r.key, "*") {
		b.addKey(d, r, &b.patterns, &b.patternMeans)
		return
	}
	b.addKey(d, r, &b.keys, &b.means)
}

// addKey notes a key or a pattern. One that comes again means what it meant first, and is no sign of a dialect.
func (b *planBuilder) addKey(d Dialect, r *row, keys *[]string, means *[]meaning) {
	if at, known := b.places[r.key]; known {
		(*means)[at].dialect = DialectNone
		return
	}
	m := meaning{role: r.role, dialect: d, bare: r.bare, alias: b.next(r.role), attr: -1, words: r.words}
	for _, part := range r.members {
		m.members = append(m.members, aliased{part, b.next(part.role)})
	}
	b.places[r.key] = len(*keys)
	*keys, *means = append(*keys, r.key), append(*means, m)
}

// next returns the next place among the keys of a role.
func (b *planBuilder) next(as role) uint16 {
	b.aliases[as]++
	return b.aliases[as]
}

// gather notes a key that rules ask for. One that fits a pattern means what the pattern does.
func (b *planBuilder) gather(attr string, place int16) {
	if at, known := b.places[attr]; known && at < len(b.keys) && b.keys[at] == attr {
		b.means[at].attr = place
		return
	}
	m := meaning{alias: math.MaxUint16}
	if id, found := otlp.NewKeys(nil, b.patterns...).Find([]byte(attr)); found {
		m = b.patternMeans[id]
	}
	m.attr = place
	b.keys, b.means = append(b.keys, attr), append(b.means, m)
}

// Keys returns the attribute keys that a walk has to look for.
func (p *Plan) Keys() *otlp.Keys { return p.keys }

// Attrs returns the keys that the plan gathers for attr_*(), sorted and without duplicates. It must not be changed.
func (p *Plan) Attrs() []string { return p.attrs }

// Covers tells whether facts folded with p answer attr_*() for each of attrs.
func (p *Plan) Covers(attrs []string) bool {
	for _, a := range attrs {
		if _, found := slices.BinarySearch(p.attrs, a); !found {
			return false
		}
	}
	return true
}
