package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// A segment file begins with this header, and holds frames from offset 40 on. Little endian.
//
//	0         8         12        16        24         28         32         36        40
//	+---------+---------+---------+---------+----------+----------+----------+---------+--------
//	|  magic  | version | segment | created | previous | its end  |    0     | header  | frames
//	|   8 B   |   u32   |   u32   | i64 ns  | u32      | u32      |   u32    | crc u32 |
//	+---------+---------+---------+---------+----------+----------+----------+---------+--------
//
// "Previous" is the segment that was written before this one, and "its end" the offset behind its last good frame.
// They make a sealed segment provable: bytes beyond the end were refused and are ignored, a file that is shorter
// has lost something. Both are 0 in the first segment.
const (
	segmentMagic          = "TWLOGSEG"
	segmentVersion uint32 = 1 // 1: first format
	segmentHeader         = 40
)

var errSegmentHeader = errors.New("segment header is damaged")

type segmentHead struct {
	ID      SegmentID
	Created time.Time
	Prev    SegmentID
	PrevEnd int64
}

func encodeSegmentHead(h segmentHead) []byte {
	b := make([]byte, 0, segmentHeader)
	b = append(b, segmentMagic...)
	b = binary.LittleEndian.AppendUint32(b, segmentVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.ID))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Created.UnixNano()))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.Prev))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.PrevEnd))
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseSegmentHead decodes the header of segment want. A version that this program cannot read is another error
// than damage, as the remedy is another: the newer program, not a repair.
func parseSegmentHead(b []byte, want SegmentID) (segmentHead, error) {
	if len(b) < segmentHeader || string(b[:8]) != segmentMagic {
		return segmentHead{}, errSegmentHeader
	}
	if crc32.Checksum(b[:segmentHeader-4], castagnoli) != binary.LittleEndian.Uint32(b[36:]) {
		return segmentHead{}, errSegmentHeader
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != segmentVersion {
		return segmentHead{}, fmt.Errorf("segment %d: %w: version %d, this program reads %d", want, ErrVersion, v, segmentVersion)
	}
	h := segmentHead{
		ID:      SegmentID(binary.LittleEndian.Uint32(b[12:])),
		Created: time.Unix(0, int64(binary.LittleEndian.Uint64(b[16:]))),
		Prev:    SegmentID(binary.LittleEndian.Uint32(b[24:])),
		PrevEnd: int64(binary.LittleEndian.Uint32(b[28:])),
	}
	if h.ID != want {
		return segmentHead{}, fmt.Errorf("%w: it names segment %d", errSegmentHeader, h.ID)
	}
	return h, nil
}

const segmentSuffix = ".wal"

func segmentName(id SegmentID) string { return fmt.Sprintf("%08d%s", id, segmentSuffix) }

// parseSegmentName gives the segment that a file holds, and whether the file is one of the log's at all.
func parseSegmentName(name string) (SegmentID, bool) {
	digits, ok := strings.CutSuffix(filepath.Base(name), segmentSuffix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n == 0 || segmentName(SegmentID(n)) != name {
		return 0, false
	}
	return SegmentID(n), true
}

// segment is one file of the log. All fields but the first group are guarded by Log.mu.
type segment struct {
	// Immutable.
	id   SegmentID
	file durable.File

	// end is the offset behind the last committed frame. Bytes beyond it do not exist for any reader.
	end int64
	// exact says that end is known from a commit or from the next segment's header, not guessed from the file's size.
	exact bool
	// holes are what Open found missing; they are reported before the segment's records.
	holes []Damage
	// sealed: nothing is written to it any more. delivered: the consumer has seen all of it.
	sealed, delivered bool
	// synced: sealed, and synced since. Only kept where commits do not wait for syncs.
	synced bool
	// users counts reads in flight; removed says that the last of them closes the file.
	users   int
	removed bool
}
