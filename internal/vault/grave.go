package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
)

// A grave says that sessions or traces are dead in some blocks: they are not shown from its commit on, and are left out
// when the blocks are rewritten. When all its blocks are gone, it goes. It names its dead by digests, so that it does not
// keep what was to be deleted.
type grave struct {
	id     BlockID
	erase  bool // the bytes have to go; otherwise they may stay until the block is rewritten for another reason
	blocks []BlockID
	dead   map[digest]struct{}
}

type digest [digestBytes]byte

func (g *grave) object() string { return gravePrefix + hex.EncodeToString(g.id[:]) }

func (g *grave) encode() []byte {
	b := append([]byte(nil), g.id[:]...)
	b = append(b, 0)
	if g.erase {
		b[len(b)-1] = 1
	}
	b = appendIDs(b, g.blocks)
	b = binary.AppendUvarint(b, uint64(len(g.dead)))
	for _, d := range slices.SortedFunc(maps.Keys(g.dead), func(a, b digest) int { return bytes.Compare(a[:], b[:]) }) {
		b = append(b, d[:]...)
	}
	return encodeRecord(graveMagic, b)
}

func decodeGrave(b []byte) (*grave, error) {
	payload, err := decodeRecord(graveMagic, b)
	if err != nil {
		return nil, err
	}
	c := cursor{rest: payload}
	g := &grave{id: c.id(), dead: map[digest]struct{}{}}
	if flag := c.take(1); flag != nil {
		g.erase = flag[0] == 1
	}
	g.blocks = c.ids()
	for range c.count(digestBytes) {
		if d := c.take(digestBytes); d != nil {
			g.dead[digest(d)] = struct{}{}
		}
	}
	return g, c.end()
}

func digestParts(kind byte, parts ...string) digest {
	h := sha256.New()
	var head [5]byte
	head[0] = kind
	for _, p := range parts {
		binary.LittleEndian.PutUint32(head[1:], uint32(len(p)))
		h.Write(head[:])
		h.Write([]byte(p))
	}
	return digest(h.Sum(nil))
}

func sessionDigest(id SessionID) digest { return digestParts('s', id.Tenant, id.Key, id.Value) }

func traceDigest(tenant string, id TraceID) digest { return digestParts('t', tenant, string(id[:])) }

// mourned tells whether something is dead by one of the graves of its block.
func mourned(graves []*grave, d func() digest) bool {
	if len(graves) == 0 {
		return false
	}
	sum := d()
	return slices.ContainsFunc(graves, func(g *grave) bool {
		_, dead := g.dead[sum]
		return dead
	})
}

func sessionDead(graves []*grave, id SessionID) bool {
	return mourned(graves, func() digest { return sessionDigest(id) })
}

func traceDead(graves []*grave, tenant string, id TraceID) bool {
	return mourned(graves, func() digest { return traceDigest(tenant, id) })
}
