package vault

import "hash/crc32"

// packer gathers traces of one session and makes chunks of them. Not safe for concurrent use.
type packer struct {
	// Immutable.
	compression Compression
	limit       int // bytes of bodies that make a chunk full

	// Of the chunk that is being gathered.
	cut      cutter
	session  int // bytes of head that say whose chunk it is
	head     []byte
	unpacked []byte
	out      []byte
}

// begin starts a chunk.
func (p *packer) begin(s SessionID, expires int64) {
	p.cut.reset(2 * p.limit)
	p.head = appendChunkSession(p.head[:0], s, expires)
	p.session = len(p.head)
}

// again starts a further chunk of the same session.
func (p *packer) again() {
	p.cut.reset(2 * p.limit)
	p.head = p.head[:p.session]
}

// add adds a trace's bodies and its entry in the head.
func (p *packer) add(t *Trace) {
	p.head = appendChunkTrace(p.head, t)
	for _, part := range t.Parts {
		from := len(p.cut.plain)
		p.cut.plain = append(p.cut.plain, part.Body...)
		values(p.cut.plain, from, len(p.cut.plain), requestLevel, 0, p.cut.value)
	}
}

// finish gives the chunk as it stands at offset in block, padding included. It is good until the next finish.
func (p *packer) finish(block BlockID, offset int64) []byte {
	p.cut.finish()
	p.unpacked = append(append(append(p.unpacked[:0], p.cut.steps...), p.cut.lits...), p.head...)
	p.out = append(p.out[:0], make([]byte, chunkHeader)...)
	out, codec := p.compression.pack(p.out, p.unpacked)
	packed := out[chunkHeader:]
	h := chunkHead{
		codec: codec, packed: uint32(len(packed)), steps: uint32(len(p.cut.steps)), lits: uint32(len(p.cut.lits)),
		head: uint32(len(p.head)), bodies: uint32(len(p.cut.plain)), offset: offset,
		packedCRC: crc32.Checksum(packed, castagnoli), bodiesCRC: crc32.Checksum(p.cut.plain, castagnoli),
	}
	appendChunkHead(out[:0], block, h)
	p.out = append(out, make([]byte, int(h.size())-len(out))...)
	return p.out
}
