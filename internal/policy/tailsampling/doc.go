// Package tailsampling decides traces by the policies of the Collector's tail_sampling processor, with the results that
// the processor has (contrib v0.161.0), oddities included. docs/tail-sampling-compat.md lists where it differs.
//
//	Decode     a policies: node of YAML -> Config, with every fault and warning at its place
//	Compile    Config -> Set, immutable and safe for concurrent use
//	Set.Bind   to the attribute keys that a walk looks for -> Plan
//	Plan.Fold  a span, while its bytes are hot -> Fold: a few words a trace that say which policy has seen what
//	Set.Decide at the deadline, over a Fold, with the State of the limits -> Outcome
//	Set.Explain the same, told policy by policy; it takes nothing from the limits
//
// Only OTTL conditions other than comparisons of attributes, status, name or kind with constants, and IsMatch of these with
// a constant, need the spans themselves, and IsMatch where a value leaves a doubt: they are asked for with Input.Traces,
// once, when such a policy is evaluated and could change anything.
//
// The package is pure: the time comes in with each call, nothing here is random, and it starts nothing.
package tailsampling
