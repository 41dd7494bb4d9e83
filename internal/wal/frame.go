package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A frame is one record in a segment. All numbers are little endian; frames start at multiples of 8.
//
//	0       4   5   6   7   8          12         16        20         28        32
//	+-------+---+---+---+---+----------+----------+---------+----------+---------+------+------+-----+
//	| magic |ver|flg|knd| 0 | meta len | body len | payload | position | header  | meta | body | pad |
//	|  u32  |u8 |u8 |u8 |   |   u32    |   u32    | crc u32 |   u64    | crc u32 |      |      |     |
//	+-------+---+---+---+---+----------+----------+---------+----------+---------+------+------+-----+
//
// The payload checksum covers meta and body as they are stored, the header checksum the 28 bytes before it. Position
// is the frame's own: bytes of an older file, or a copy of a frame inside a body, stand elsewhere and so never pass
// for a frame. Both checksums are CRC-32C. The padding of 0 to 7 zero bytes keeps the next frame aligned, so that a
// search after damage looks at one byte in eight.
const (
	frameMagic   uint32 = 0x4d524654 // "TFRM"
	frameVersion uint8  = 1          // 1: first format
	frameHeader         = 32
	frameAlign          = 8

	// flagS2 says that the body is one S2 block.
	flagS2 uint8 = 1 << 0
	// flagDedup says that the body leaves out what stands earlier in the segment: its other bytes, then a table. Never
	// with flagS2.
	flagDedup uint8 = 1 << 1

	// kindSeal marks the clean end of a segment. It has no payload and is never delivered.
	kindSeal Kind = 0
)

// maxPayload bounds meta and body of a record together, in bytes, as stored.
const maxPayload = 1 << 30

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the decoded head of a frame.
type header struct {
	Flags   uint8
	Kind    Kind
	MetaLen uint32
	BodyLen uint32
	CRC     uint32
	Pos     Position
}

// payload is the length of meta and body as stored.
func (h header) payload() int64 { return int64(h.MetaLen) + int64(h.BodyLen) }

// size is the length of the whole frame with its padding.
func (h header) size() int64 { return frameSize(h.payload()) }

func frameSize(payload int64) int64 {
	return (frameHeader + payload + frameAlign - 1) &^ (frameAlign - 1)
}

// appendHeader encodes h.
func appendHeader(b []byte, h header) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, frameMagic)
	b = append(b, frameVersion, h.Flags, byte(h.Kind), 0)
	b = binary.LittleEndian.AppendUint32(b, h.MetaLen)
	b = binary.LittleEndian.AppendUint32(b, h.BodyLen)
	b = binary.LittleEndian.AppendUint32(b, h.CRC)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Pos))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

var (
	errNoFrame     = errors.New("no frame here")
	errFrameHeader = errors.New("frame header does not match its checksum")
	errFramePlace  = errors.New("frame names another position")
	errPayload     = errors.New("payload does not match its checksum")
	errCut         = errors.New("frame ends beyond the segment")
)

// parseHeader decodes the header in the first 32 bytes of b, which must stand at want. A whole header that this program
// cannot read is ErrVersion rather than damage: another program can.
func parseHeader(b []byte, want Position) (header, error) {
	if len(b) < frameHeader || binary.LittleEndian.Uint32(b) != frameMagic {
		return header{}, errNoFrame
	}
	if crc32.Checksum(b[:frameHeader-4], castagnoli) != binary.LittleEndian.Uint32(b[28:]) {
		return header{}, errFrameHeader
	}
	if b[4] != frameVersion {
		return header{}, fmt.Errorf("frame: %w: version %d, this program reads %d", ErrVersion, b[4], frameVersion)
	}
	h := header{
		Flags:   b[5],
		Kind:    Kind(b[6]),
		MetaLen: binary.LittleEndian.Uint32(b[8:]),
		BodyLen: binary.LittleEndian.Uint32(b[12:]),
		CRC:     binary.LittleEndian.Uint32(b[16:]),
		Pos:     Position(binary.LittleEndian.Uint64(b[20:])),
	}
	switch {
	case h.Pos != want:
		return header{}, errFramePlace
	case h.payload() > maxPayload:
		return header{}, fmt.Errorf("frame of %d bytes, the limit is %d", h.payload(), int64(maxPayload))
	case h.Flags&^(flagS2|flagDedup) != 0 || h.Flags == flagS2|flagDedup:
		return header{}, fmt.Errorf("frame: %w: flags %#x", ErrVersion, h.Flags)
	}
	return h, nil
}

// checksum is the payload checksum of a record.
func checksum(meta, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(meta, castagnoli), castagnoli, body)
}
