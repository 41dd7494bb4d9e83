package policy

import (
	"crypto/sha256"
	_ "embed" // for builtin.yaml
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/tailwise/tailwise/internal/policy/tailsampling"
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
	policies  *tailsampling.Set // nil without policies:
	length    time.Duration     // of DefaultRetention, which what policies sample is kept in
	calibrate time.Duration
	warnings  Errors
	scratch   sync.Pool // of *scratch
}

// limitOf is a rule's limit, with what tells whether another policy's is the same.
type limitOf struct {
	limit
	rule string
}

// Option is a choice that is made outside of the file.
type Option func(*compiler)

// SampleOnFirstMatch ends the evaluation of policies: at the first one that samples, as the option of that name does in
// the tail_sampling processor.
func SampleOnFirstMatch(yes bool) Option { return func(c *compiler) { c.firstMatch = yes } }

// Compile reads a policy. file is its name in errors. The error is an Errors with every fault found.
func Compile(file string, text []byte, options ...Option) (*Policy, error) {
	c := compiler{document: document{faults: faults{file: file}, src: newSource(text)}}
	for _, o := range options {
		o(&c)
	}
	sum := sha256.Sum256(text)
	p := &Policy{text: slices.Clone(text), version: "sha256:" + hex.EncodeToString(sum[:6])}
	p.scratch.New = func() any { return newScratch(p) }
	c.read(p)
	if err := c.err(); err != nil {
		return nil, err
	}
	p.warnings = c.warnings()
	return p, nil
}

// Version names the policy by its content: "sha256:" and 12 hexadecimal digits.
func (p *Policy) Version() string { return p.version }

// Text returns the file that the policy was compiled from. It must not be changed.
func (p *Policy) Text() []byte { return p.text }

// Attrs returns the attribute keys that the rules ask for, sorted and without duplicates. It must not be changed.
func (p *Policy) Attrs() []string { return p.attrs }

// Policies returns the compiled policies: of the file, or nil if it has none.
func (p *Policy) Policies() *tailsampling.Set { return p.policies }

// Keys returns the attribute keys that spans must be walked for besides Attrs, so that the policies: can be folded. It
// must not be changed.
func (p *Policy) Keys() []string {
	if p.policies == nil {
		return nil
	}
	return p.policies.Keys()
}

// Warnings returns what the file says that is accepted and hardly anybody means, in the order of the file.
func (p *Policy) Warnings() Errors { return p.warnings }

// Calibrate returns for how long the policy keeps everything when it is new; 0 if it does not.
func (p *Policy) Calibrate() time.Duration { return p.calibrate }

// Rules returns the rules in the order of the file, without the policies:, and last what happens otherwise, under the name Otherwise.
func (p *Policy) Rules() []Rule {
	rules := make([]Rule, 0, len(p.rules)+1)
	for i := range p.rules {
		rules = append(rules, p.rules[i].Rule)
	}
	return append(rules, p.otherwise.Rule)
}
