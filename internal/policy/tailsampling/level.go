package tailsampling

import (
	"slices"
	"strings"
)

// level is where a policy stands, which bounds what it may be.
type level uint8

const (
	atTop level = iota
	inAnd       // and in drop
	inNot
	inComposite
)

// String names what holds policies of that level.
func (l level) String() string {
	return [...]string{"policies", "and or drop", "not", "composite"}[l]
}

// plainTypes are the types that may stand at every level.
var plainTypes = []Type{
	AlwaysSample, Latency, NumericAttribute, Probabilistic, StatusCode, StringAttribute, RateLimiting, BytesLimiting,
	SpanCount, TraceState, BooleanAttribute, OTTLCondition, TraceFlags,
}

// holding are the types that hold others, by the levels that they may stand at.
var holding = [...][]Type{
	atTop:       {And, Not, Drop, Composite},
	inAnd:       {Not},
	inNot:       nil,
	inComposite: {And},
}

// blockless are the types without a block of their own.
var blockless = []Type{AlwaysSample, TraceFlags}

// takes tells whether a policy of that type may stand at the level.
func (l level) takes(t Type) bool {
	return slices.Contains(plainTypes, t) || slices.Contains(holding[l], t)
}

// types lists what may stand at the level.
func (l level) types() (names []string) {
	for _, t := range slices.Concat(plainTypes, holding[l]) {
		names = append(names, string(t))
	}
	return names
}

// keys lists what may be written in a policy at the level.
func (l level) keys() []string {
	names := slices.DeleteFunc(l.types(), func(name string) bool { return slices.Contains(blockless, Type(name)) })
	return append([]string{"name", "type"}, names...)
}

// isBlock tells whether key is the block of some type.
func isBlock(key string) bool {
	return slices.Contains(plainTypes, Type(key)) || slices.Contains(holding[atTop], Type(key))
}

// list joins names for a hint.
func list(names []string) string { return "known are " + strings.Join(names, ", ") }
