package price

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/spelling"
)

// maxBytes is the largest price file. A hand-written one has a few kilobytes.
const maxBytes = 1 << 20

// maxNodes bounds what is read of a file, in which a name may stand for much that is said elsewhere, or for itself.
const maxNodes = 200_000

// With returns the prices of a user's file (see docs/prices.md) on top of t's, which stays as it is. file is the name
// that errors give. All faults come at once, as Errors.
func (t *Table) With(file string, text []byte) (*Table, error) {
	f := &priceFile{faults: faults{file: file}, base: t, aliases: make(map[string]string), nodes: maxNodes}
	if top := f.decode(text); top != nil {
		f.read(top)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return t.overlay(f.rules, f.aliases, f.replace), nil
}

// priceFile is a price file being read.
type priceFile struct {
	faults
	base  *Table
	nodes int // how many more may be read

	replace bool
	aliases map[string]string
	rules   []rule
}

// decode parses text, which must hold one YAML document, and returns its top. It returns nil after a fault.
func (f *priceFile) decode(text []byte) *yaml.Node {
	if len(text) > maxBytes {
		f.add(nil, "", "the file has %d bytes, at most %d are read", len(text), maxBytes)
		return nil
	}
	if !utf8.Valid(text) {
		f.add(nil, "save the file as UTF-8", "not UTF-8")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var top, more yaml.Node
	if err := decoder.Decode(&top); err != nil && !errors.Is(err, io.EOF) {
		f.syntax(err)
		return nil
	}
	if err := decoder.Decode(&more); err == nil {
		f.add(&more, "", "a second document; a price file holds one")
		return nil
	} else if !errors.Is(err, io.EOF) {
		f.syntax(err)
		return nil
	}
	if len(top.Content) == 0 {
		f.add(nil, "", "the file is empty: there are no prices")
		return nil
	}
	return resolve(top.Content[0])
}

// yamlLine finds the line in a decoder's error, which has no other form to give it in.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (f *priceFile) syntax(err error) {
	line, what := 1, err.Error()
	if m := yamlLine.FindStringSubmatch(what); m != nil {
		what = what[len(m[0]):]
		line, _ = strconv.Atoi(m[1]) // digits or nothing, by the pattern
	}
	f.add(&yaml.Node{Line: line}, "", "not YAML: %s", what)
}

// resolve returns what an alias stands for, and any other node as it is.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// spend counts a node. It returns false, after a fault, when the file stands for too much.
func (f *priceFile) spend(n *yaml.Node) bool {
	if f.nodes == 0 {
		f.add(n, "write out what its names stand for", "the file stands for more than %d values", maxNodes)
	}
	f.nodes--
	return f.nodes >= 0
}

// entries calls visit with each key of the mapping n and its value. known are the keys that it may have; nil means any.
func (f *priceFile) entries(n *yaml.Node, what string, known []string, visit func(key string, at, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		f.add(n, "", "%s must be a mapping of keys to values", what)
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		at, value := n.Content[i], resolve(n.Content[i+1])
		key := resolve(at)
		if !f.spend(at) {
			return
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			f.add(at, "", "a key of %s must be a word", what)
		case seen[key.Value]:
			f.add(at, "", "%q stands twice in %s", key.Value, what)
		case known != nil && !slices.Contains(known, key.Value):
			hint := spelling.Hint(key.Value, known)
			if hint == "" {
				hint = "known are " + strings.Join(known, ", ")
			}
			f.add(at, hint, "unknown key %q in %s", key.Value, what)
		default:
			visit(key.Value, at, value)
		}
		seen[key.Value] = true
	}
}

// each calls visit with each item of the list n.
func (f *priceFile) each(n *yaml.Node, what string, visit func(item *yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		f.add(n, `start each with "- "`, "%s must be a list", what)
		return
	}
	for _, item := range n.Content {
		if !f.spend(item) {
			return
		}
		visit(resolve(item))
	}
}

// text returns a scalar that is not empty, in lower case: names of providers and models are compared so.
func (f *priceFile) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		f.add(n, "", "%s must be a word", what)
		return ""
	}
	return strings.ToLower(strings.TrimSpace(n.Value))
}

// read reads the top of a file.
func (f *priceFile) read(top *yaml.Node) {
	f.entries(top, "a price file", []string{"replace", "providers", "models"}, func(key string, at, value *yaml.Node) {
		switch key {
		case "replace":
			if err := value.Decode(&f.replace); err != nil || value.Tag != "!!bool" {
				f.add(value, "", "replace must be true or false")
			}
		case "providers":
			f.entries(value, "providers", nil, f.provider)
		case "models":
			f.each(value, "models", f.model)
		}
	})
}

// provider reads a line of providers: a name in spans, and the provider that it means.
func (f *priceFile) provider(name string, at, value *yaml.Node) {
	id := f.text(value, "a provider")
	if id == "" {
		return
	}
	if id != anyVendor && f.base.byID[id] == nil {
		f.add(value, f.nearVendor(id), "unknown provider %q", id)
		return
	}
	f.aliases[strings.ToLower(strings.TrimSpace(name))] = id
}

func (f *priceFile) nearVendor(id string) string {
	var known []string
	for _, v := range f.base.vendors {
		known = append(known, v.id)
	}
	if hint := spelling.Hint(id, known); hint != "" {
		return hint
	}
	return "known are " + strings.Join(known, ", ") + `; "*" looks for the model's name alone`
}

// place names a line of the file, for what Match returns.
func (f *priceFile) place(n *yaml.Node) string {
	return fmt.Sprintf("%s:%d", path.Base(f.file), n.Line)
}
