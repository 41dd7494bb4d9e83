package policy

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/spelling"
)

// maxBytes is the largest policy file. A hand-written one has a few kilobytes.
const maxBytes = 1 << 20

// document is a policy file being read.
type document struct {
	faults
	src *source
}

// decode parses text, which must hold one YAML document, and returns its top. It returns nil after a fault.
func (d *document) decode(text []byte) *yaml.Node {
	if len(text) > maxBytes {
		d.add(position{}, "", "the file has %d bytes, at most %d are read", len(text), maxBytes)
		return nil
	}
	if !utf8.Valid(text) {
		d.add(d.firstInvalid(text), "save the file as UTF-8", "not UTF-8")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var top, more yaml.Node
	if err := decoder.Decode(&top); err != nil && !errors.Is(err, io.EOF) {
		d.syntax(err)
		return nil
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			d.syntax(err)
		} else {
			d.add(of(&more), "", "a second document; a policy file holds one")
		}
		return nil
	}
	if len(top.Content) == 0 {
		d.add(position{}, "", "the file is empty: there are no rules")
		return nil
	}
	return resolve(top.Content[0])
}

func (d *document) firstInvalid(text []byte) position {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return newSource(text[:n]).position(utf8.RuneCount(text[:n]))
}

// yamlLine finds the line in a decoder's error, which has no other form to give it in.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (d *document) syntax(err error) {
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		m = []string{"", "1"}
	}
	line, _ := strconv.Atoi(m[1]) // digits or nothing, by the pattern
	d.add(position{line: line}, "", "not YAML: %s", strings.TrimPrefix(err.Error(), m[0]))
}

// resolve returns what an alias stands for, and any other node as it is.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    position // of the key
	value *yaml.Node
}

// mapping returns the entries of n in order. A key that comes again is a fault.
func (d *document) mapping(n *yaml.Node, what string) []entry {
	if n.Kind != yaml.MappingNode {
		d.add(of(n), "", "%s must be a mapping of keys to values", what)
		return nil
	}
	var entries []entry
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := resolve(n.Content[i])
		e := entry{key: key.Value, at: of(n.Content[i]), value: resolve(n.Content[i+1])}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.add(e.at, "", "a key of %s must be a word", what)
		case seen[e.key]:
			d.add(e.at, "", "%q stands twice in %s", e.key, what)
		default:
			entries = append(entries, e)
		}
		seen[e.key] = true
	}
	return entries
}

// unknown notes a key that means nothing here.
func (d *document) unknown(e entry, what string, known []string) {
	hint := spelling.Hint(e.key, known)
	if hint == "" {
		hint = "known are " + strings.Join(known, ", ")
	}
	d.add(e.at, hint, "unknown key %q in %s", e.key, what)
}

// word returns the text of a scalar that is not empty.
func (d *document) word(e entry) (string, bool) {
	if e.value.Kind != yaml.ScalarNode || e.value.Tag == "!!null" || strings.TrimSpace(e.value.Value) == "" {
		d.add(at(e), "", "%q needs a value", e.key)
		return "", false
	}
	return strings.TrimSpace(e.value.Value), true
}

// at returns where the value of e stands, or its key if the value is nowhere.
func at(e entry) position {
	if e.value.Line == 0 {
		return e.at
	}
	return of(e.value)
}
