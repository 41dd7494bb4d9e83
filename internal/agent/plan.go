package agent

import (
	"math"
	"slices"

	"github.com/tailwise/tailwise/internal/otlp"
)

// Plan says which attribute keys to read and what each means. It is immutable and safe for concurrent use.
type Plan struct {
	keys  *otlp.Keys
	means []meaning // by KeyID
	attrs []string  // sorted, without duplicates
}

// meaning is what one attribute key is read for.
type meaning struct {
	role  role
	alias uint8 // place among the keys of the same role; the lower one counts
	attr  int16 // into Plan.attrs and Facts.attrs; -1: no rule asks for it
}

// MaxAttrs is how many attribute keys a Plan can gather besides its own. It bounds what a policy may ask for.
const MaxAttrs = 1000

// NewPlan makes a plan that gathers attrs, the keys that a policy's attr_*() name, besides what the built-in facts
// need. It panics when there are more than MaxAttrs, which is the caller's to bound.
func NewPlan(attrs []string) *Plan {
	p := &Plan{attrs: slices.Compact(slices.Sorted(slices.Values(attrs)))}
	if len(p.attrs) > MaxAttrs {
		panic("agent: more attribute keys than a plan can gather")
	}
	var names []string
	var aliases [rolesN]uint8
	for _, k := range keys {
		names = append(names, k.key)
		p.means = append(p.means, meaning{role: k.role, alias: aliases[k.role], attr: -1})
		aliases[k.role]++
	}
	for i, attr := range p.attrs {
		if at := slices.Index(names, attr); at >= 0 {
			p.means[at].attr = int16(i)
			continue
		}
		names = append(names, attr)
		p.means = append(p.means, meaning{alias: math.MaxUint8, attr: int16(i)})
	}
	p.keys = otlp.NewKeys(names)
	return p
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
