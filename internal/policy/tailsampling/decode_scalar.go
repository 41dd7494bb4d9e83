package tailsampling

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/spelling"
)

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    Place // of the key
	value *yaml.Node
}

// mapping returns the entries of n, those that << brings in included. Null is an empty mapping.
func (d *decoder) mapping(n *yaml.Node, s site) []entry {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.fault(placeOf(n), "", "%s must be a mapping of keys to values", s.path)
		return nil
	}
	own := make(map[string]bool)
	var entries []entry
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := resolve(n.Content[i])
		e := entry{key: key.Value, at: placeOf(n.Content[i]), value: resolve(n.Content[i+1])}
		switch {
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" && key.ShortTag() != "!!merge":
			d.fault(e.at, "", "%s: a key must be a word", s.path)
		case key.ShortTag() == "!!merge":
			merged = append(merged, e.value)
		case own[e.key]:
			d.fault(e.at, "", "%s: %q stands twice", s.path, clip(e.key))
		default:
			own[e.key] = true
			entries = append(entries, e)
		}
	}
	for _, m := range merged {
		entries = d.merge(m, own, entries, s, 0)
	}
	return entries
}

// maxMerge bounds how deep << may nest.
const maxMerge = 10

// merge adds what << brings in. What is there already counts, and of several mappings the first.
func (d *decoder) merge(n *yaml.Node, own map[string]bool, entries []entry, s site, depth int) []entry {
	switch {
	case !d.more(n):
	case depth > maxMerge:
		d.fault(placeOf(n), "", "%s: << nests more than %d deep", s.path, maxMerge)
	case n.Kind == yaml.SequenceNode:
		for _, element := range n.Content {
			entries = d.merge(resolve(element), own, entries, s, depth+1)
		}
	case n.Kind == yaml.MappingNode:
		var deeper []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := resolve(n.Content[i])
			if key.ShortTag() == "!!merge" {
				deeper = append(deeper, resolve(n.Content[i+1]))
				continue
			}
			if !own[key.Value] {
				own[key.Value] = true
				entries = append(entries, entry{key: key.Value, at: placeOf(n.Content[i]), value: resolve(n.Content[i+1])})
			}
		}
		for _, m := range deeper {
			entries = d.merge(m, own, entries, s, depth+1)
		}
	default:
		d.fault(placeOf(n), "", "%s: << needs a mapping", s.path)
	}
	return entries
}

// scalar reads a text, a number or a boolean. Numbers become whole ones where these are needed; nothing else becomes
// anything else.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, s site) {
	if n.Kind != yaml.ScalarNode {
		d.fault(placeOf(n), "", "%s must be %s", s.path, kindName(v.Kind()))
		return
	}
	written := reflect.ValueOf(scalarOf(n))
	switch {
	case !written.IsValid():
	case v.Kind() == reflect.String && written.Kind() == reflect.String:
		v.SetString(written.String())
		return
	case v.Kind() == reflect.Bool && written.Kind() == reflect.Bool:
		v.SetBool(written.Bool())
		return
	case v.CanInt() && (written.CanInt() || written.CanUint() || written.CanFloat()):
		d.number(n, v, written, s)
		return
	case v.CanFloat() && (written.CanInt() || written.CanUint() || written.CanFloat()):
		v.SetFloat(written.Convert(reflect.TypeFor[float64]()).Float())
		return
	}
	hint := ""
	if v.Kind() == reflect.String {
		hint = "write it in quotes"
	}
	d.fault(placeOf(n), hint, "%s must be %s", s.path, kindName(v.Kind()))
}

// number sets a whole number as the processor's decoder does, which cuts off what does not fit.
func (d *decoder) number(n *yaml.Node, v, written reflect.Value, s site) {
	exact := true
	switch {
	case written.CanFloat():
		v.SetInt(int64(written.Float()))
		exact = written.Float() == math.Trunc(written.Float()) && float64(v.Int()) == written.Float()
	case written.CanUint():
		v.SetInt(int64(written.Uint()))
		exact = v.Int() >= 0 && uint64(v.Int()) == written.Uint()
	default:
		v.SetInt(written.Int())
		exact = v.Int() == written.Int()
	}
	if !exact {
		d.warn(placeOf(n), "", "%s becomes %d, as it has to be a whole number of %d bits", s.path, v.Int(), v.Type().Bits())
	}
}

func (d *decoder) errorMode(n *yaml.Node, into *ErrorMode, s site) {
	var text string
	before := len(d.list)
	if !isNull(n) {
		d.scalar(n, reflect.ValueOf(&text).Elem(), s)
	}
	if len(d.list) > before {
		return
	}
	mode := ErrorMode(strings.ToLower(text))
	known := []string{string(IgnoreError), string(SilentError), string(PropagateError)}
	if !slices.Contains(known, string(mode)) {
		hint := spelling.Hint(string(mode), known)
		if hint == "" {
			hint = list(known)
		}
		d.fault(placeOf(n), hint, "%s: unknown error mode %q", s.path, clip(text))
		return
	}
	*into = mode
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	}
	return "a number"
}

// scalarOf returns what YAML makes of a scalar; nil if it cannot be read.
func scalarOf(n *yaml.Node) any {
	var v any
	if n.Kind != yaml.ScalarNode || n.Decode(&v) != nil {
		return nil
	}
	return v
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// resolve returns what an alias stands for, and any other node as it is.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func placeOf(n *yaml.Node) Place {
	if n == nil {
		return Place{}
	}
	return Place{Line: n.Line, Column: n.Column}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// clip shortens what is quoted in a note.
func clip(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return s
}
