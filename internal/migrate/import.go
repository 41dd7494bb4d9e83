package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/policy"
	"github.com/tailwise/tailwise/internal/policy/tailsampling"
)

// Source is a configuration to import.
type Source struct {
	File      string // its name, for messages
	Text      []byte
	Processor string // such as tail_sampling/slow; may be empty where there is only one

	// Expand resolves a text with ${...} as the Collector would. The policy file needs it, as nobody expands it later.
	Expand func(text string) (any, error)

	PolicyFile string // where the policy will be, for the edited configuration
	DataDir    string // data_dir of the extension
	AsRules    bool   // translate what decides the same into rules
	Ordinary   bool   // and what decides the same for ordinary traces
}

// Result is an imported configuration.
type Result struct {
	Processor     string // the one that was taken out
	Policy        []byte // text of the policy file
	Block         []byte // the extension and the processors that take its place, for people who edit by hand
	Configuration []byte // the whole configuration with them in place
	Changes       []string
	Notes         []string // what is worth knowing, each with its place
	Translations  []Translation
	Used          []Component // by the edited configuration's pipelines and service
}

// Component is one that a configuration uses.
type Component struct{ Kind, ID string } // Kind: receivers, processors, exporters, extensions, connectors

// typeName is the type of the processor that is imported; ours is that of what takes its place.
const (
	typeName = "tail_sampling"
	ours     = "tailwise"
)

// maxBytes is the largest configuration that is read.
const maxBytes = 16 << 20

// Import reads a configuration. Its faults are policy.Errors, each with its place.
func Import(src Source) (*Result, error) {
	root, err := parse(src.File, src.Text)
	if err != nil {
		return nil, err
	}
	c := &configuration{file: src.File, root: root}
	key, section, err := c.processor(src.Processor)
	if err != nil {
		return nil, err
	}
	r := &Result{Processor: key.Value}
	s, err := readSection(src, section)
	if err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, s.notes...)
	if r.Policy, err = policyText(src, r, s); err != nil {
		return nil, err
	}
	if err := c.replace(src, key, s, r); err != nil {
		return nil, err
	}
	if _, err := policy.Compile(src.PolicyFile, r.Policy); err != nil {
		return nil, fmt.Errorf("check the policy that was made: %w", err)
	}
	return r, nil
}

// parse reads one YAML document whose top is a mapping.
func parse(file string, text []byte) (*yaml.Node, error) {
	if len(text) > maxBytes {
		return nil, fault(file, nil, "", "the file has %d bytes, at most %d are read", len(text), maxBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, fault(file, nil, "", "not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fault(file, &doc, "", "a Collector configuration is a mapping of sections")
	}
	if hasAlias(&doc) {
		plain, err := (&copier{file: file}).copy(&doc)
		if err != nil {
			return nil, err
		}
		return plain, nil
	}
	return &doc, nil
}

// fault is an error at a node; nil: at the start of the file.
func fault(file string, at *yaml.Node, hint, format string, args ...any) error {
	e := &policy.Error{File: file, Line: 1, Column: 1, What: fmt.Sprintf(format, args...), Hint: hint}
	if at != nil && at.Line > 0 {
		e.Line, e.Column = at.Line, at.Column
	}
	return policy.Errors{e}
}

// faults makes an error of the notes of a decoder that are no warnings; nil: there are none.
func faults(file string, notes []tailsampling.Note) error {
	var errs policy.Errors
	for _, n := range notes {
		if !n.Warning {
			errs = append(errs, &policy.Error{
				File: file, Line: max(n.At.Line, 1), Column: max(n.At.Column, 1), What: n.What, Hint: n.Hint,
			})
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// encode writes a document.
func encode(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(n); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out.Bytes(), encoder.Close()
}
