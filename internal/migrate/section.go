package migrate

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
	"github.com/tailwise/tailwise/internal/spelling"
)

// options are those of the processor that the extension takes under decide:, in the order in which they are written.
var options = []string{
	"decision_wait", "decision_wait_after_root_received", "num_traces", "decision_cache", "sample_on_first_match",
	"maximum_trace_size_bytes", "drop_pending_traces_on_shutdown", "sampling_strategy", "expected_new_traces_per_sec",
	"num_shards", "block_on_overflow", "tail_storage",
}

// defaultWait is the processor's decision_wait where none is written.
const defaultWait = "30s"

// processorSection is what a tail_sampling section says.
type processorSection struct {
	decide     *yaml.Node // mapping: the options, variables left alone
	policies   *yaml.Node // sequence: the policies, variables resolved
	config     tailsampling.Config
	firstMatch bool
	notes      []string
}

func readSection(src Source, n *yaml.Node) (*processorSection, error) {
	s := &processorSection{decide: mapping(), policies: &yaml.Node{Kind: yaml.SequenceNode}}
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "$") { // all of it stands elsewhere
		whole, err := (&copier{file: src.File, expand: src.Expand}).copy(n)
		if err != nil {
			return nil, err
		}
		s.note(src, n, "variables are resolved with the values of now, those of options too")
		n = whole
	}
	if n.Kind != yaml.MappingNode {
		return nil, fault(src.File, n, "", "the processor has no policies")
	}
	var policies *yaml.Node
	var unknown error
	entries(n, func(key, value *yaml.Node) {
		switch {
		case key.Value == "policies":
			policies = value
		case !slices.Contains(options, key.Value) && unknown == nil:
			unknown = fault(src.File, key, spelling.Hint(key.Value, append([]string{"policies"}, options...)),
				"unknown option %q of tail_sampling", key.Value)
		}
	})
	if unknown != nil {
		return nil, unknown
	}
	if policies == nil {
		return nil, fault(src.File, n, "without policies the processor samples nothing", "the processor has no policies")
	}
	if err := s.readOptions(src, n); err != nil {
		return nil, err
	}
	return s, s.readPolicies(src, policies)
}

// readOptions takes the options over. decision_wait is written out where it was left to its default, as without it the
// extension waits in a way of its own.
func (s *processorSection) readOptions(src Source, n *yaml.Node) error {
	if key, _ := get(n, options[0]); key == nil {
		s.decide.Content = append(s.decide.Content, word(options[0]), word(defaultWait))
		s.notes = append(s.notes, "decision_wait: "+defaultWait+" is written out, the processor's default")
	}
	for _, name := range options {
		key, value := get(n, name)
		if key == nil {
			continue
		}
		s.decide.Content = append(s.decide.Content, key, value)
		switch name {
		case "sampling_strategy":
			if value.Value == "span-ingest" {
				return fault(src.File, value, "leave it out, and decide early by decision_wait_after_root_received",
					"sampling_strategy: span-ingest decides on parts of traces, which Tailwise does not")
			}
		case "expected_new_traces_per_sec", "num_shards", "block_on_overflow", "tail_storage":
			s.note(src, key, name+" has no effect here; it may be left out")
		case "num_traces":
			s.note(src, key, "num_traces bounds open traces, of which the oldest are decided early, never dropped undecided; memory "+
				"is bounded without it")
		case "sample_on_first_match":
			s.firstMatch = value.Value != "false"
		}
	}
	return nil
}

// readPolicies resolves and reads the policies.
func (s *processorSection) readPolicies(src Source, policies *yaml.Node) error {
	resolved := make(map[int]bool)
	c := &copier{file: src.File, expand: src.Expand, onText: func(at *yaml.Node) { resolved[at.Line] = true }}
	var err error
	if s.policies, err = c.copy(policies); err != nil {
		return err
	}
	for line := range resolved {
		s.notes = append(s.notes, fmt.Sprintf("%s:%d: variables are resolved with the values of now, as a policy file has none", src.File, line))
	}
	slices.Sort(s.notes)
	var notes []tailsampling.Note
	if s.config, notes = tailsampling.Decode(s.policies); faults(src.File, notes) != nil {
		return faults(src.File, notes)
	}
	s.config.SampleOnFirstMatch = s.firstMatch
	_, more := tailsampling.Compile(s.config)
	if err := faults(src.File, more); err != nil {
		return err
	}
	for _, n := range append(notes, more...) {
		text := fmt.Sprintf("%s:%d:%d: %s", src.File, n.At.Line, n.At.Column, n.What)
		if n.Hint != "" {
			text += " (hint: " + n.Hint + ")"
		}
		s.notes = append(s.notes, text)
	}
	return nil
}

func (s *processorSection) note(src Source, at *yaml.Node, text string) {
	s.notes = append(s.notes, fmt.Sprintf("%s:%d: %s", src.File, at.Line, strings.TrimSpace(text)))
}
