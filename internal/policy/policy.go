package policy

import (
	"crypto/sha256"
	_ "embed" // for builtin.yaml
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

//go:embed builtin.yaml
var builtIn []byte

// BuiltIn returns the text of the policy that holds where no other is given.
func BuiltIn() []byte { return slices.Clone(builtIn) }

// Policy is a compiled policy file. It is immutable and safe for concurrent use.
type Policy struct {
	text      []byte
	version   string
	rules     []rule
	otherwise rule
	limits    []limitOf // of the rules that have one, by rule.bucket
	attrs     []string
	calibrate time.Duration
	scratch   sync.Pool // of *scratch
}

// limitOf is a rule's limit, with what tells whether another policy's is the same.
type limitOf struct {
	limit
	rule string
}

// Compile reads a policy. file is its name in errors. The error is an Errors with every fault found.
func Compile(file string, text []byte) (*Policy, error) {
	c := compiler{document: document{faults: faults{file: file}, src: newSource(text)}}
	sum := sha256.Sum256(text)
	p := &Policy{text: slices.Clone(text), version: "sha256:" + hex.EncodeToString(sum[:6])}
	p.scratch.New = func() any { return newScratch(p) }
	c.read(p)
	if err := c.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Version names the policy by its content: "sha256:" and 12 hexadecimal digits.
func (p *Policy) Version() string { return p.version }

// Text returns the file that the policy was compiled from. It must not be changed.
func (p *Policy) Text() []byte { return p.text }

// Attrs returns the attribute keys that the rules ask for, sorted and without duplicates. It must not be changed.
func (p *Policy) Attrs() []string { return p.attrs }

// Calibrate returns for how long the policy keeps everything when it is new; 0 if it does not.
func (p *Policy) Calibrate() time.Duration { return p.calibrate }

// Rules returns the rules in the order of the file, and last what happens otherwise, under the name Otherwise.
func (p *Policy) Rules() []Rule {
	rules := make([]Rule, 0, len(p.rules)+1)
	for i := range p.rules {
		rules = append(rules, p.rules[i].Rule)
	}
	return append(rules, p.otherwise.Rule)
}
