package tailsampling

import (
	"math"
	"math/big"
)

// defaultSalt is the salt of policies that name none.
const defaultSalt = "default-hash-seed"

// chanceNode samples a share of all traces: those whose hash of salt and trace id is not above a bound. The hash is not
// the randomness of consistent probability sampling, so what it decides cannot be written into a tracestate.
type chanceNode struct {
	salt  string
	basis uint64 // the hash of the salt
	bound uint64
	odds  float64
}

func newChanceNode(salt string, percentage float64) chanceNode {
	if salt == "" {
		salt = defaultSalt
	}
	ratio := percentage / 100
	all := new(big.Float).SetInt(new(big.Int).SetUint64(math.MaxUint64))
	bound, _ := all.Mul(all, big.NewFloat(ratio)).Uint64() // cut off, and to what a uint64 can hold
	return chanceNode{salt: salt, basis: fnv(fnvOffset, salt), bound: bound, odds: min(max(ratio, 0), 1)}
}

func (n chanceNode) hash(id *[16]byte) uint64 { return fnv(n.basis, string(id[:])) }

func (n chanceNode) eval(t *trial) vote {
	v := vote{decision: sampledIf(n.hash(&t.in.TraceID) <= n.bound), odds: n.odds, salt: n.salt}
	if n.odds == 0 || n.odds == 1 {
		return sure(v.decision)
	}
	return v
}

const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

// fnv goes on with an FNV-1a hash of 64 bits.
func fnv(hash uint64, text string) uint64 {
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * fnvPrime
	}
	return hash
}
