package tailsampling

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/spelling"
)

// Bounds of a configuration. They are far above what people write: aliases could make a small file large.
const (
	maxPolicies = 1000      // those in others included
	maxElements = 1_000_000 // of lists and mappings, each as often as it is referred to
)

// Decode reads a policies: node as the processor does, and more strictly: an unknown key is a fault wherever it stands.
// What is wrong in form (unknown keys and types, wrong types, missing and duplicate names) is a note that is no
// warning; then the Config is of no use.
func Decode(n *yaml.Node) (Config, []Note) {
	var cfg Config
	var d decoder
	d.policies(resolve(n), &cfg.Policies, atTop, site{path: "policies"})
	names := make(map[string]bool)
	for i := range cfg.Policies {
		p := &cfg.Policies[i]
		switch {
		case p.Name == "":
			d.fault(p.At, "", "policies[%d]: the policy has no name", i)
		case names[p.Name]:
			d.fault(p.place("name"), "", "policies[%d]: there are two policies named %q", i, clip(p.Name))
		}
		names[p.Name] = true
	}
	return cfg, d.list
}

// decoder reads one configuration.
type decoder struct {
	notes
	policiesN int
	elementsN int
	idle      int // blocks around what is read that have no effect, as they are not of their policy's type
}

// more counts an element, and tells whether there may be another. Where there may not, that is said once.
func (d *decoder) more(n *yaml.Node) bool {
	d.elementsN++
	if d.elementsN == maxElements+1 {
		d.fault(placeOf(n), "", "there are more than %d elements, aliases followed", maxElements)
	}
	return d.elementsN <= maxElements
}

// site is the place that is being read.
type site struct {
	path   string           // from the top
	below  string           // from the policy
	places map[string]Place // of the policy
}

// key returns the site of a key of the mapping at s.
func (s site) key(name string) site {
	below := name
	if s.below != "" {
		below = s.below + "." + name
	}
	return site{path: s.path + "." + name, below: below, places: s.places}
}

// item returns the site of an element of the list at s.
func (s site) item(i int) site {
	at := fmt.Sprintf("[%d]", i)
	return site{path: s.path + at, below: s.below + at, places: s.places}
}

// policies reads a list of policies.
func (d *decoder) policies(n *yaml.Node, into *[]Policy, at level, s site) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.fault(placeOf(n), "", "%s must be a list", s.path)
		return
	}
	for i, element := range n.Content {
		if d.policiesN++; d.policiesN > maxPolicies {
			d.fault(placeOf(element), "", "there are more than %d policies", maxPolicies)
			return
		}
		*into = append(*into, d.policy(resolve(element), at, site{path: s.item(i).path}))
	}
}

// policy reads one policy.
func (d *decoder) policy(n *yaml.Node, at level, s site) Policy {
	p := Policy{At: placeOf(n), places: make(map[string]Place)}
	s.below, s.places = "", p.places
	known := at.keys()
	v := reflect.ValueOf(&p).Elem()
	written := make(map[string]entry)
	entries := d.mapping(n, s)
	for _, e := range entries {
		if !slices.Contains(known, e.key) {
			d.unknownInPolicy(e, at, known, s)
			continue
		}
		written[e.key] = e
	}
	for _, e := range entries {
		if _, found := written[e.key]; !found {
			continue
		}
		below := s.key(e.key)
		below.places[below.below] = placeOf(e.value)
		idle := isBlock(e.key) && scalarOf(typeOf(written)) != e.key
		if idle {
			d.idle++
		}
		d.value(e.value, v.FieldByIndex(fieldsOf(v.Type())[e.key]), below, at)
		if idle {
			d.idle--
		}
	}
	d.checkType(&p, at, written, s)
	return p
}

// typeOf returns what is written as the type of a policy.
func typeOf(written map[string]entry) *yaml.Node {
	if e, found := written["type"]; found {
		return e.value
	}
	return &yaml.Node{}
}

// unknownInPolicy notes a key that a policy cannot have. The processor swallows it where its value is a mapping.
func (d *decoder) unknownInPolicy(e entry, at level, known []string, s site) {
	if isBlock(e.key) {
		d.fault(e.at, list(at.types()), "%s: a policy in %v cannot be of type %s", s.path, at, e.key)
		return
	}
	d.unknown(e, known, s)
}

// unknown notes a key that nothing is read from.
func (d *decoder) unknown(e entry, known []string, s site) {
	hint := spelling.Hint(e.key, known)
	if hint == "" {
		hint = list(known)
	}
	d.fault(e.at, hint, "%s: unknown key %q", s.path, clip(e.key))
}

// checkType sees that the policy's type is one, and that its blocks are of that type.
func (d *decoder) checkType(p *Policy, at level, written map[string]entry, s site) {
	switch {
	case at.takes(p.Type):
	case d.idle > 0: // nobody will ask the policy, and the block is warned of
		return
	case p.Type == "":
		d.fault(p.At, list(at.types()), "%s: the policy has no type", s.path)
		return
	case atTop.takes(p.Type):
		d.fault(p.place("type"), list(at.types()), "%s: a policy in %v cannot be of type %s", s.path, at, p.Type)
		return
	default:
		hint := spelling.Hint(string(p.Type), at.types())
		if hint == "" {
			hint = list(at.types())
		}
		d.fault(p.place("type"), hint, "%s: unknown policy type %q", s.path, clip(string(p.Type)))
		return
	}
	if _, found := written[string(p.Type)]; !found && !slices.Contains(blockless, p.Type) {
		d.warn(p.At, "", "%s: the policy has no %s block, so all its values are empty", s.path, p.Type)
	}
	for key, e := range written {
		if isBlock(key) && key != string(p.Type) {
			d.warn(e.at, "", "%s: %s has no effect on a policy of type %s", s.path, key, p.Type)
		}
	}
}

// fields are the places of a struct's fields by the key that they are written with.
var fieldsOf = func() func(reflect.Type) map[string][]int {
	all := make(map[reflect.Type]map[string][]int)
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if _, seen := all[t]; seen || t.Kind() != reflect.Struct {
			return
		}
		all[t] = make(map[string][]int)
		for _, f := range reflect.VisibleFields(t) {
			if key := f.Tag.Get("mapstructure"); key != "" && key != "-" {
				all[t][key] = f.Index
				visit(f.Type)
			}
		}
	}
	visit(reflect.TypeFor[Policy]())
	return func(t reflect.Type) map[string][]int { return all[t] }
}()

// levelIn is the level of the policies that a policy's block holds.
var levelIn = map[reflect.Type]level{
	reflect.TypeFor[AndConfig]():       inAnd,
	reflect.TypeFor[DropConfig]():      inAnd,
	reflect.TypeFor[NotConfig]():       inNot,
	reflect.TypeFor[CompositeConfig](): inComposite,
}

// value reads n into v. Nothing written, or null, leaves v empty, as in the processor, which takes null for no error mode.
func (d *decoder) value(n *yaml.Node, v reflect.Value, s site, at level) {
	if _, strict := v.Addr().Interface().(*ErrorMode); isNull(n) && !strict {
		return
	}
	switch into := v.Addr().Interface().(type) {
	case *[]Policy:
		d.policies(n, into, at, s)
	case **Policy:
		d.policiesN++
		p := d.policy(n, at, s)
		*into = &p
	case *[]string:
		d.texts(n, into, s)
	case *[]RateAllocation:
		d.allocations(n, into, s)
	case *ErrorMode:
		d.errorMode(n, into, s)
	default:
		if v.Kind() != reflect.Struct {
			d.scalar(n, v, s)
			return
		}
		if inner, holds := levelIn[v.Type()]; holds {
			at = inner
		}
		d.block(n, v, s, at)
	}
}

// block reads a mapping into a struct.
func (d *decoder) block(n *yaml.Node, v reflect.Value, s site, at level) {
	fields := fieldsOf(v.Type())
	for _, e := range d.mapping(n, s) {
		index, found := fields[e.key]
		if !found {
			d.unknown(e, sorted(fields), s)
			continue
		}
		below := s.key(e.key)
		below.places[below.below] = placeOf(e.value)
		d.value(e.value, v.FieldByIndex(index), below, at)
	}
}

// texts reads a list of texts. A single text is a list of the parts between its commas.
func (d *decoder) texts(n *yaml.Node, into *[]string, s site) {
	if text, ok := scalarOf(n).(string); ok && n.Kind == yaml.ScalarNode {
		if text != "" {
			*into = strings.Split(text, ",")
		}
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.fault(placeOf(n), "", "%s must be a list of texts", s.path)
		return
	}
	for i, element := range n.Content {
		if !d.more(element) {
			return
		}
		var text string
		element = resolve(element)
		below := s.item(i)
		below.places[below.below] = placeOf(element)
		d.value(element, reflect.ValueOf(&text).Elem(), below, atTop)
		*into = append(*into, text)
	}
}

func (d *decoder) allocations(n *yaml.Node, into *[]RateAllocation, s site) {
	if n.Kind != yaml.SequenceNode {
		d.fault(placeOf(n), "", "%s must be a list", s.path)
		return
	}
	for i, element := range n.Content {
		if !d.more(element) {
			return
		}
		var a RateAllocation
		element = resolve(element)
		below := s.item(i)
		below.places[below.below] = placeOf(element)
		d.value(element, reflect.ValueOf(&a).Elem(), below, atTop)
		*into = append(*into, a)
	}
}
