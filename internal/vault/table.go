package vault

import (
	"encoding/binary"
	"fmt"
)

// A table is records of one size, in pages that each end with a checksum of their own, so that one record costs one
// read of at most pageBytes. Only the last page is shorter.
type table struct {
	off    int64
	n      int // records
	record int // bytes of one
}

const pageBytes = 4096

func (t table) perPage() int { return (pageBytes - 4) / t.record }
func (t table) pages() int   { return (t.n + t.perPage() - 1) / t.perPage() }

func (t table) extent() extent {
	return extent{t.off, int64(t.n)*int64(t.record) + 4*int64(t.pages())}
}

// page is where page i stands, its checksum included.
func (t table) page(i int) extent {
	stride := int64(t.perPage()*t.record + 4)
	n := min(t.perPage(), t.n-i*t.perPage())
	return extent{t.off + int64(i)*stride, int64(n*t.record + 4)}
}

// appendPages appends records, which are whole ones of size bytes, as pages that stand at off.
func appendPages(b, records []byte, size int, block BlockID, off int64) []byte {
	full := (pageBytes - 4) / size * size
	for len(records) > 0 {
		n := min(full, len(records))
		b = appendPage(b, records[:n], block, off)
		off += int64(n) + 4
		records = records[n:]
	}
	return b
}

// appendPage appends a page and its checksum, which covers its place too.
func appendPage(b, payload []byte, block BlockID, off int64) []byte {
	return binary.LittleEndian.AppendUint32(append(b, payload...), pageCRC(payload, block, off))
}

func pageCRC(payload []byte, block BlockID, off int64) uint32 {
	var at [8]byte
	binary.LittleEndian.PutUint64(at[:], uint64(off))
	return blockCRC(block, at[:]) ^ blockCRC(block, payload)
}

// checkPage gives the payload of the page that stands at off.
func checkPage(page []byte, block BlockID, off int64) ([]byte, error) {
	n := len(page) - 4
	if n < 0 || binary.LittleEndian.Uint32(page[n:]) != pageCRC(page[:n], block, off) {
		return nil, fmt.Errorf("page of %d bytes does not match its checksum", len(page))
	}
	return page[:n], nil
}

// sessionRecord says where a session of a block is.
type sessionRecord struct {
	hash        uint64
	unit        extent // its chunks
	bodyBytes   int64
	expires     int64
	first, last int64 // start of the earliest and end of the latest trace; noTime where none is known
	tracesN     uint32
	spansN      uint32
	id          struct {
		off, len, crc uint32 // in the heap
	}
}

const sessionRecordBytes = 7*8 + 8 + 5*4 + 4

func appendSessionRecord(b []byte, r *sessionRecord) []byte {
	for _, n := range [...]uint64{r.hash, uint64(r.unit.off), uint64(r.unit.len), uint64(r.bodyBytes), uint64(r.expires), uint64(r.first), uint64(r.last), 0} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	for _, n := range [...]uint32{r.tracesN, r.spansN, r.id.off, r.id.len, r.id.crc, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

// parseSessionRecord decodes a record. A unit that is not within the block's units is damage.
func parseSessionRecord(b []byte, f *footer) (r sessionRecord, err error) {
	c := cursor{rest: b}
	r.hash = c.u64()
	r.unit = extent{int64(c.u64()), int64(c.u64())}
	r.bodyBytes, r.expires, r.first, r.last = int64(c.u64()), int64(c.u64()), int64(c.u64()), int64(c.u64())
	c.u64()
	r.tracesN, r.spansN = c.u32(), c.u32()
	r.id.off, r.id.len, r.id.crc = c.u32(), c.u32(), c.u32()
	c.u32()
	if err := c.end(); err != nil {
		return r, fmt.Errorf("session record: %w", err)
	}
	if !f.holds(r.unit) || int64(r.id.off)+int64(r.id.len) > f.heap.len || r.id.len > 4*MaxIDBytes {
		return r, fmt.Errorf("session record: unit of %d bytes at %d, id of %d bytes: beyond the block", r.unit.len, r.unit.off, r.id.len)
	}
	return r, nil
}

// holds tells whether e is within the block's units.
func (f *footer) holds(e extent) bool {
	return e.off >= 0 && e.len >= 0 && e.len <= f.unitsEnd && e.off <= f.unitsEnd-e.len
}

// traceRecord says where a trace of a block is.
type traceRecord struct {
	id      TraceID
	session uint32 // ordinal
	spansN  uint32
	start   int64
	chunks  extent // from the first to the last that holds some of it
}

const traceRecordBytes = 16 + 4 + 4 + 8 + 16

func appendTraceRecord(b []byte, r *traceRecord) []byte {
	b = append(b, r.id[:]...)
	b = binary.LittleEndian.AppendUint32(b, r.session)
	b = binary.LittleEndian.AppendUint32(b, r.spansN)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.start))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.chunks.off))
	return binary.LittleEndian.AppendUint64(b, uint64(r.chunks.len))
}

func parseTraceRecord(b []byte, f *footer) (r traceRecord, err error) {
	c := cursor{rest: b}
	r.id, r.session, r.spansN, r.start = c.id(), c.u32(), c.u32(), int64(c.u64())
	r.chunks = extent{int64(c.u64()), int64(c.u64())}
	if err := c.end(); err != nil {
		return r, fmt.Errorf("trace record: %w", err)
	}
	if !f.holds(r.chunks) || uint64(r.session) >= f.sessionsN {
		return r, fmt.Errorf("trace record: %d bytes at %d of session %d: beyond the block", r.chunks.len, r.chunks.off, r.session)
	}
	return r, nil
}

// An index entry is the upper 40 bits of a hash and a record's ordinal in 24. Several records may share a hash: what the
// index proposes, the record confirms.
const (
	ordinalBits = 24
	maxOrdinals = 1 << ordinalBits
)

func indexEntry(hash uint64, ordinal int) uint64 {
	return hash>>ordinalBits<<ordinalBits | uint64(ordinal)
}
