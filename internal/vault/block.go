package vault

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// ErrVersion says that a newer version of the program wrote a block. It is left as it is.
var ErrVersion = errors.New("written by a newer version")

// BlockID names a block: the time of its creation, then randomness. Ids sort by age.
type BlockID [16]byte

func (b BlockID) String() string { return hex.EncodeToString(b[:]) }

// Objects of the vault, by the beginning of their names.
const (
	blockPrefix = "blocks/"
	swapPrefix  = "swaps/"
	gravePrefix = "graves/"
)

func (b BlockID) object() string { return blockPrefix + b.String() }

// parseID reads the id behind prefix in an object's name.
func parseID(object, prefix string) (id BlockID, ok bool) {
	text, found := strings.CutPrefix(object, prefix)
	raw, err := hex.DecodeString(text)
	if !found || err != nil || len(raw) != len(id) || strings.ToLower(text) != text {
		return id, false
	}
	return BlockID(raw), true
}

// blockCRC is the checksum of something that belongs to a block.
func blockCRC(block BlockID, b []byte) uint32 {
	return crc32.Update(crc32.Checksum(block[:], castagnoli), castagnoli, b)
}

// A block begins with its header; chunks follow.
//
//	0       8         12          16         32        48         56      60    64      64+class
//	+-------+---------+-----------+----------+---------+----------+-------+-----+-------+-----+--------+
//	| magic | version | class len | block id | swap id | created  | crc   |  0  | class | pad | chunks |
//	| 8 b   | u32     | u32       | 16 b     | 16 b    | i64 ns   | u32   | u32 |       | 0-7 |        |
//	+-------+---------+-----------+----------+---------+----------+-------+-----+-------+-----+--------+
//
// The checksum covers the 56 bytes before it and the class. The footer says the same; the header is read when that is lost.
const (
	blockMagic          = "TWVBLOCK"
	blockVersion uint32 = 1 // 1: first format
	blockHeader         = 64
)

func appendBlockHeader(b []byte, f *footer) []byte {
	start := len(b)
	b = append(b, blockMagic...)
	b = binary.LittleEndian.AppendUint32(b, blockVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.class)))
	b = append(append(b, f.id[:]...), f.swap[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(f.created))
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(crc32.Checksum(b[start:], castagnoli), castagnoli, []byte(f.class)))
	b = append(append(b, 0, 0, 0, 0), f.class...)
	return append(b, make([]byte, -(len(b)-start)&(chunkAlign-1))...)
}

// parseBlockHeader gives the part of the footer that the header repeats.
func parseBlockHeader(b []byte) (*footer, error) {
	if len(b) < blockHeader || !bytes.HasPrefix(b, []byte(blockMagic)) {
		return nil, errors.New("no block header")
	}
	n := binary.LittleEndian.Uint32(b[12:])
	if n > MaxIDBytes || int(n) > len(b)-blockHeader {
		return nil, fmt.Errorf("block header: class of %d bytes", n)
	}
	class := b[blockHeader : blockHeader+int(n)]
	if crc32.Update(crc32.Checksum(b[:56], castagnoli), castagnoli, class) != binary.LittleEndian.Uint32(b[56:]) {
		return nil, errors.New("block header does not match its checksum")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != blockVersion {
		return nil, fmt.Errorf("block header: %w: version %d, this program reads %d", ErrVersion, v, blockVersion)
	}
	return &footer{id: BlockID(b[16:32]), swap: BlockID(b[32:48]), created: int64(binary.LittleEndian.Uint64(b[48:])), class: string(class)}, nil
}

// The last bytes of a block say where its footer is.
//
//	0            4         8       12    16
//	+------------+---------+-------+-----+-------+
//	| footer len | version | crc   |  0  | magic |
//	| u32        | u32     | u32   | u32 | 8 b   |
//	+------------+---------+-------+-----+-------+
//
// The checksum covers the footer, which stands before it, its length and the version. Every version keeps to this form,
// so that a damaged version is told from a newer one.
const (
	trailerMagic = "TWVBLEND"
	trailerBytes = 24

	// maxFooterBytes bounds a footer. Only the class in it has no fixed size.
	maxFooterBytes = 16 << 10
)

func appendTrailer(b, footer []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(footer)))
	b = binary.LittleEndian.AppendUint32(b, blockVersion)
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(crc32.Checksum(footer, castagnoli), castagnoli, b[start:]))
	return append(append(b, 0, 0, 0, 0), trailerMagic...)
}

// parseTrailer takes the end of a block and gives the footer's bytes, which must be in it: maxFooterBytes and the trailer
// are enough.
func parseTrailer(end []byte) ([]byte, error) {
	if len(end) < trailerBytes {
		return nil, errors.New("block is shorter than a trailer")
	}
	t := end[len(end)-trailerBytes:]
	if string(t[16:]) != trailerMagic {
		return nil, errors.New("no trailer: not a block, or its end is missing")
	}
	n := binary.LittleEndian.Uint32(t)
	if n > maxFooterBytes || int(n) > len(end)-trailerBytes {
		return nil, fmt.Errorf("trailer: footer of %d bytes", n)
	}
	footer := end[len(end)-trailerBytes-int(n) : len(end)-trailerBytes]
	if crc32.Update(crc32.Checksum(footer, castagnoli), castagnoli, t[:8]) != binary.LittleEndian.Uint32(t[8:]) {
		return nil, errors.New("footer does not match its checksum")
	}
	if v := binary.LittleEndian.Uint32(t[4:]); v != blockVersion {
		return nil, fmt.Errorf("trailer: %w: version %d, this program reads %d", ErrVersion, v, blockVersion)
	}
	return footer, nil
}
