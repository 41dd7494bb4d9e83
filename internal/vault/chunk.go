package vault

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A chunk is the unit of compression: some traces of one session. A session is one chunk, or several one behind the
// other if it is large. All numbers are little endian.
//
//	0       4     5       6     8        12      16     20     24       28    32       40       44       48    52       56
//	+-------+-----+-------+-----+--------+-------+------+------+--------+-----+--------+--------+--------+-----+--------+--------+-----+
//	| magic | ver | codec |  0  | packed | steps | lits | head | bodies |  0  | offset | packed | bodies |  0  | header | packed | pad |
//	| u32   | u8  | u8    | u16 | u32    | u32   | u32  | u32  | u32    | u32 | u64    | crc    | crc    | u32 | crc    |        | 0-7 |
//	+-------+-----+-------+-----+--------+-------+------+------+--------+-----+--------+--------+--------+-----+--------+--------+-----+
//
// See docs/formats/vault.md. The header's checksum begins with the block's id, and the header names its own place: a chunk
// of another block, or a copy of one within a body, never passes for one.
const (
	chunkMagic   uint32 = 0x4b435754 // "TWCK"
	chunkVersion uint8  = 1          // 1: first format
	chunkHeader         = 56
	chunkAlign          = 8
)

// chunkHead is the decoded header of a chunk. Lengths are in bytes.
type chunkHead struct {
	codec     uint8
	packed    uint32
	steps     uint32
	lits      uint32
	head      uint32
	bodies    uint32
	offset    int64
	packedCRC uint32
	bodiesCRC uint32
}

// size is the length of the whole chunk with its padding.
func (h chunkHead) size() int64 {
	return (chunkHeader + int64(h.packed) + chunkAlign - 1) &^ (chunkAlign - 1)
}

func appendChunkHead(b []byte, block BlockID, h chunkHead) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, chunkMagic)
	b = append(b, chunkVersion, h.codec, 0, 0)
	for _, n := range [...]uint32{h.packed, h.steps, h.lits, h.head, h.bodies, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(h.offset))
	b = binary.LittleEndian.AppendUint32(b, h.packedCRC)
	b = binary.LittleEndian.AppendUint32(b, h.bodiesCRC)
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, blockCRC(block, b[start:]))
}

var (
	errNoChunk   = errors.New("no chunk here")
	errChunkHead = errors.New("chunk header does not match its checksum")
	errPacked    = errors.New("chunk does not match its checksum")
	errBodies    = errors.New("unpacked chunk does not match its checksum")
)

// parseChunkHead decodes the header in the first bytes of b, which must stand at offset in block. A whole header of
// another version is ErrVersion rather than damage.
func parseChunkHead(b []byte, block BlockID, offset int64) (chunkHead, error) {
	if len(b) < chunkHeader || binary.LittleEndian.Uint32(b) != chunkMagic {
		return chunkHead{}, errNoChunk
	}
	if blockCRC(block, b[:chunkHeader-4]) != binary.LittleEndian.Uint32(b[chunkHeader-4:]) {
		return chunkHead{}, errChunkHead
	}
	if b[4] != chunkVersion {
		return chunkHead{}, fmt.Errorf("chunk: %w: version %d, this program reads %d", ErrVersion, b[4], chunkVersion)
	}
	c := cursor{rest: b[8:chunkHeader]}
	h := chunkHead{codec: b[5], packed: c.u32(), steps: c.u32(), lits: c.u32(), head: c.u32(), bodies: c.u32()}
	c.u32()
	h.offset, h.packedCRC, h.bodiesCRC = int64(c.u64()), c.u32(), c.u32()
	unpacked := uint64(h.steps) + uint64(h.lits) + uint64(h.head)
	if h.offset != offset {
		return chunkHead{}, fmt.Errorf("chunk names offset %d", h.offset)
	}
	if max(uint64(h.packed), unpacked, uint64(h.bodies)) > maxChunkBytes {
		return chunkHead{}, fmt.Errorf("chunk of %d bytes, %d unpacked, %d of bodies: the limit is %d",
			h.packed, unpacked, h.bodies, maxChunkBytes)
	}
	return h, nil
}

// chunk is a decoded chunk.
type chunk struct {
	at      extent // in the block, padding included
	session SessionID
	expires int64
	traces  []Trace // their bytes alias the memory below

	unpacked, bodies []byte // kept from one chunk to the next
}

// decode reads the chunk that follows h: packed is its bytes without padding. What c held before is overwritten.
func (c *chunk) decode(h chunkHead, packed []byte) (err error) {
	c.traces, c.at = c.traces[:0], extent{h.offset, h.size()}
	if len(packed) != int(h.packed) || crc32.Checksum(packed, castagnoli) != h.packedCRC {
		return errPacked
	}
	if c.unpacked, err = unpack(c.unpacked, packed, h.codec, int(h.steps)+int(h.lits)+int(h.head)); err != nil {
		return err
	}
	steps, rest := c.unpacked[:h.steps], c.unpacked[h.steps:]
	lits, head := rest[:h.lits], rest[h.lits:]
	if c.bodies, err = uncut(grown(c.bodies, int(h.bodies))[:0], steps, lits, int(h.bodies)); err != nil {
		return err
	}
	if crc32.Checksum(c.bodies, castagnoli) != h.bodiesCRC {
		return errBodies
	}
	if err := c.decodeHead(head); err != nil {
		c.traces = c.traces[:0]
		return fmt.Errorf("head of a chunk: %w", err)
	}
	return nil
}

// appendChunkSession begins a head: whose chunk it is.
func appendChunkSession(b []byte, s SessionID, expires int64) []byte {
	b = appendBytes(b, s.Tenant)
	b = appendBytes(b, s.Key)
	b = appendBytes(b, s.Value)
	return binary.AppendVarint(b, expires)
}

// appendChunkTrace continues it: a trace and the lengths of its bodies.
func appendChunkTrace(b []byte, t *Trace) []byte {
	b = append(b, t.ID[:]...)
	b = binary.AppendVarint(b, nanos(t.Start))
	b = binary.AppendVarint(b, nanos(t.End))
	b = binary.AppendUvarint(b, uint64(t.SpansN))
	b = appendBytes(b, t.Meta)
	b = binary.AppendUvarint(b, uint64(len(t.Names)))
	for _, n := range t.Names {
		b = appendBytes(append(b, byte(n.Kind)), n.Value)
	}
	b = binary.AppendUvarint(b, uint64(len(t.Parts)))
	for _, p := range t.Parts {
		b = appendBytes(b, p.Route)
		b = binary.AppendUvarint(b, uint64(len(p.Body)))
	}
	return b
}

func (c *chunk) decodeHead(head []byte) error {
	in, bodies := cursor{rest: head}, cursor{rest: c.bodies}
	c.session = SessionID{string(in.bytes()), string(in.bytes()), string(in.bytes())}
	c.expires = in.varint()
	for len(in.rest) > 0 {
		t := Trace{ID: in.id(), Start: fromNanos(in.varint()), End: fromNanos(in.varint()), SpansN: int(in.uvarint()), Meta: in.bytes()}
		t.Names = make([]Name, 0, in.count(2))
		for range cap(t.Names) {
			var kind NameKind
			if b := in.take(1); b != nil {
				kind = NameKind(b[0])
			}
			t.Names = append(t.Names, Name{kind, string(in.bytes())})
		}
		t.Parts = make([]Part, 0, in.count(2))
		for range cap(t.Parts) {
			route := in.bytes()
			n := in.uvarint()
			if n > uint64(len(bodies.rest)) {
				return errCut
			}
			t.Parts = append(t.Parts, Part{route, bodies.take(int(n))})
		}
		c.traces = append(c.traces, t)
	}
	return errors.Join(in.end(), bodies.end())
}
