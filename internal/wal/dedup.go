package wal

import (
	"encoding/binary"
	"hash/crc32"
	"hash/maphash"
)

// Every model call of an agent carries the whole conversation so far, so four fifths of what agents' spans say has
// been said within seconds before. What repeats is not written again: the large values that a record names are cut
// into blocks, and a block that stands in the segment already is written as a reference to it. References never leave
// the segment, so that segments still go one by one.
//
// Measured with agents' requests of 430 KB, many conversations in each: 22 % of the bytes are left, for hashes at 4 GB/s
// in the callers; writing and syncing the other 78 % cost more than that.
const (
	// dedupBlock is the length of a block, in bytes. 512 leaves 21.1 % of those requests, 1024 22.0 %, for half the
	// look-ups and memory.
	dedupBlock = 1024
	// dedupLeast is the shortest last block of a value that counts, and so the shortest reference. A reference takes up
	// to 15 bytes. It is part of the format: it bounds what a table can hold.
	dedupLeast = 256
	// dedupBlocks bounds the blocks that are known of a segment: 12 MiB of memory. Segments of the default size hold
	// fewer. When it is reached, what is known is still found, and nothing more is noted.
	dedupBlocks = 1 << 18
)

// block is a part of a body that may stand in the segment already.
type block struct {
	off, len uint32
	hash     blockHash
}

// blockHash names the bytes of a block: two hashes with seeds of this process, which nobody outside can know. That
// they agree by chance for different bytes is less likely than that a disk returns wrong bytes with a right checksum;
// and the checksum of the whole body, taken before, would tell: other bytes would not be delivered, the record would
// be a hole. Comparing the bytes themselves would need to read them back.
type blockHash [2]uint64

var blockSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func hashBlock(b []byte) blockHash {
	return blockHash{maphash.Bytes(blockSeeds[0], b), maphash.Bytes(blockSeeds[1], b)}
}

// appendBlocks cuts the values of a body into blocks. What is no range of the body, or is out of order, is passed over.
func appendBlocks(blocks []block, body []byte, values []Range) []block {
	var end uint32
	for _, v := range values {
		stop := uint64(v.Off) + uint64(v.Len)
		if v.Off < end || stop > uint64(len(body)) {
			continue
		}
		for end = v.Off; uint64(end)+dedupLeast <= stop; {
			n := uint32(min(dedupBlock, stop-uint64(end)))
			blocks = append(blocks, block{end, n, hashBlock(body[end : end+n])})
			end += n
		}
	}
	return blocks
}

// blockTable knows where in the segment blocks stand. The zero value is empty.
type blockTable struct {
	slots []blockSlot // a power of two of them, at most half in use
	n     int
}

type blockSlot struct {
	hash blockHash
	off  uint32 // in the segment; 0: the slot is empty
}

// firstSlots and dedupBlocks are powers of two, so that a full table is half in use.
const firstSlots = 1 << 12

// at returns where the block stands already; or 0, and notes that it stands at off from now on.
func (t *blockTable) at(h blockHash, off uint32) uint32 {
	if 2*t.n >= len(t.slots) && t.n < dedupBlocks {
		t.grow()
	}
	s := t.slot(h)
	if s.off == 0 && t.n < dedupBlocks {
		*s = blockSlot{h, off}
		t.n++
		return 0
	}
	return s.off
}

// slot finds the block's slot, or the empty one that it would take.
func (t *blockTable) slot(h blockHash) *blockSlot {
	mask := uint64(len(t.slots) - 1)
	for i := h[0] & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.off == 0 || s.hash == h {
			return s
		}
	}
}

func (t *blockTable) grow() {
	old := t.slots
	t.slots = make([]blockSlot, max(firstSlots, 2*len(old)))
	for i := range old {
		if old[i].off != 0 {
			*t.slot(old[i].hash) = old[i]
		}
	}
}

func (t *blockTable) reset() {
	if t.n > 0 {
		clear(t.slots)
		t.n = 0
	}
}

// extent is a part of a body: bytes that stand in the frame, and after them bytes that stand earlier in the segment.
type extent struct {
	literal uint32 // length
	ref     uint32 // length
	refAt   uint32 // offset in the segment
}

// appendExtents says how a body is written whose blocks these are and whose first byte would stand at base. The last
// extent is a literal alone, maybe empty. A body in which nothing repeats is one extent.
func (t *blockTable) appendExtents(extents []extent, body int, blocks []block, base uint32) []extent {
	var done, literals uint32 // how much of the body is in extents; how much of that is literal
	for _, b := range blocks {
		literal := b.off - done // if b is a reference
		at := t.at(b.hash, base+literals+literal)
		if at == 0 {
			continue
		}
		literals += literal
		done = b.off + b.len
		if n := len(extents); literal == 0 && n > 0 && extents[n-1].refAt+extents[n-1].ref == at {
			extents[n-1].ref += b.len
			continue
		}
		extents = append(extents, extent{literal, b.len, at})
	}
	return append(extents, extent{literal: uint32(body) - done})
}

// dedupTrailer is the length of what ends a stored body with flagDedup:
//
//	literals | table: (literal, ref, ref at) as varints, for each extent | body crc | body len | table len | table crc |
//	         |                                                           |   u32    |   u32    |    u32    |    u32    |
//
// The body's checksum covers meta and the whole body as it was appended. The table's covers the table and the twelve bytes
// behind it: whoever reads ranges reads the table without the rest of the frame, and a damaged one would send him to
// other bytes than those he asks for.
const dedupTrailer = 16

// appendTable encodes extents and the trailer.
func appendTable(b []byte, extents []extent, crc, size uint32) []byte {
	start := len(b)
	for _, e := range extents {
		b = binary.AppendUvarint(b, uint64(e.literal))
		b = binary.AppendUvarint(b, uint64(e.ref))
		b = binary.AppendUvarint(b, uint64(e.refAt))
	}
	n := len(b) - start
	b = binary.LittleEndian.AppendUint32(b, crc)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// eachLiteral calls fn for the parts of body that extents leave in the frame, in order.
func eachLiteral(body []byte, extents []extent, fn func([]byte)) {
	at := uint32(0)
	for _, e := range extents {
		if e.literal > 0 {
			fn(body[at : at+e.literal])
		}
		at += e.literal + e.ref
	}
}

// checksumParts is the checksum of a frame's payload that stands in parts.
func checksumParts(meta, body []byte, extents []extent, table []byte) uint32 {
	crc := crc32.Checksum(meta, castagnoli)
	eachLiteral(body, extents, func(p []byte) { crc = crc32.Update(crc, castagnoli, p) })
	return crc32.Update(crc, castagnoli, table)
}
