package vault

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// footer is what a block says of itself at its end: all that the catalog keeps of it in memory.
type footer struct {
	id      BlockID
	created int64 // ns since 1970
	class   string
	swap    BlockID // the swap that the block belongs to: it is alive only if that was committed; zero is none
	level   uint64  // 0: settled; merging adds one to the highest of its blocks

	sessionsN, tracesN, spansN uint64
	bodyBytes                  uint64 // of all bodies, unpacked
	first, last                int64  // the traces' earliest start and latest end, ns; noTime where none is known

	// When the first session expires, when more than half of the units' bytes have, and when all have; ns, forever is never.
	expiresFirst, expiresHalf, expiresLast int64

	unitsEnd int64 // offset behind the last chunk
	tables   [tablesN]table
	heap     extent // session ids
	filters  [filtersN]filter
}

// The tables of a block.
const (
	sessionRecords = iota // by ordinal: the order in which sessions were added
	traceRecords
	sessionIndex // by hash
	traceIndex
	nameIndex
	tablesN
)

var recordBytes = [tablesN]int{sessionRecordBytes, traceRecordBytes, 8, 8, 8}

// The filters of a block, one for each index, in the same order.
const (
	sessionFilter = iota
	traceFilter
	nameFilter
	filtersN
)

// extent is a run of bytes in a block.
type extent struct{ off, len int64 }

func (e extent) end() int64 { return e.off + e.len }

func appendFooter(b []byte, f *footer) []byte {
	b = append(b, f.id[:]...)
	b = append(b, f.swap[:]...)
	b = appendBytes(b, f.class)
	for _, n := range [...]uint64{f.level, f.sessionsN, f.tracesN, f.spansN, f.bodyBytes} {
		b = binary.AppendUvarint(b, n)
	}
	for _, n := range [...]int64{f.created, f.first, f.last, f.expiresFirst, f.expiresHalf, f.expiresLast, f.unitsEnd, f.heap.off, f.heap.len} {
		b = binary.AppendVarint(b, n)
	}
	for _, t := range f.tables {
		b = binary.AppendVarint(b, t.off)
		b = binary.AppendUvarint(b, uint64(t.n))
	}
	for _, t := range f.filters {
		b = binary.AppendVarint(b, t.off)
		b = binary.AppendUvarint(b, uint64(t.pages))
		b = binary.AppendUvarint(b, uint64(t.words))
	}
	return b
}

// parseFooter decodes a footer, whose checksum was good, of a block of size bytes. Every extent is within the block.
func parseFooter(b []byte, size int64) (*footer, error) {
	c := cursor{rest: b}
	f := &footer{id: c.id(), swap: c.id(), class: string(c.bytes())}
	for _, n := range [...]*uint64{&f.level, &f.sessionsN, &f.tracesN, &f.spansN, &f.bodyBytes} {
		*n = c.uvarint()
	}
	for _, n := range [...]*int64{&f.created, &f.first, &f.last, &f.expiresFirst, &f.expiresHalf, &f.expiresLast, &f.unitsEnd, &f.heap.off, &f.heap.len} {
		*n = c.varint()
	}
	extents := []extent{{0, f.unitsEnd}, f.heap}
	for i := range f.tables {
		off, n := c.varint(), c.uvarint()
		if n > uint64(size) {
			return nil, fmt.Errorf("footer: table of %d records", n)
		}
		f.tables[i] = table{off: off, n: int(n), record: recordBytes[i]}
		extents = append(extents, f.tables[i].extent())
	}
	for i := range f.filters {
		off, pages, words := c.varint(), c.uvarint(), c.uvarint()
		if pages > uint64(size) || words > maxFilterWords || pages > 0 && words == 0 {
			return nil, fmt.Errorf("footer: filter of %d pages of %d words", pages, words)
		}
		f.filters[i] = filter{off: off, pages: int(pages), words: int(words)}
		extents = append(extents, f.filters[i].extent())
	}
	if err := c.end(); err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	for _, e := range extents {
		if e.off < 0 || e.len < 0 || e.len > size || e.off > size-e.len {
			return nil, fmt.Errorf("footer: %d bytes at %d of a block of %d", e.len, e.off, size)
		}
	}
	if f.sessionsN != uint64(f.tables[sessionRecords].n) || f.tracesN != uint64(f.tables[traceRecords].n) {
		return nil, fmt.Errorf("footer: %d sessions and %d traces: the tables have others", f.sessionsN, f.tracesN)
	}
	return f, nil
}

// setExpiries works out when the first, over half and all of the sessions' bytes expire.
func (f *footer) setExpiries(sessions []sessionRecord) {
	f.expiresFirst, f.expiresHalf, f.expiresLast = expiries(sessions, func(i int) int64 { return sessions[i].expires })
}

// expiries says when the first, over half, and all of the sessions' bytes expire, each at the time that at gives.
func expiries(sessions []sessionRecord, at func(i int) int64) (first, half, last int64) {
	type dying struct{ at, bytes int64 }
	all := make([]dying, len(sessions))
	var total int64
	for i, s := range sessions {
		all[i] = dying{at(i), s.unit.len}
		total += s.unit.len
	}
	if len(all) == 0 {
		return forever, forever, forever
	}
	slices.SortFunc(all, func(a, b dying) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	half, last = all[len(all)-1].at, all[len(all)-1].at
	var dead int64
	for _, d := range all {
		if dead += d.bytes; 2*dead > total {
			half = d.at
			break
		}
	}
	return all[0].at, half, last
}
