package vault

import (
	"encoding/binary"
)

// A filter says of a hash whether the block surely has no record of it. It is a Bloom filter in pages, of which a hash
// concerns one: asking costs one read, or none while the page is in the cache. A wrong "maybe", one time in a hundred,
// costs a read or two of the index.
type filter struct {
	off   int64
	pages int // 0: there is nothing
	words int // of 8 bytes, in a page
}

const (
	filterBitsPerHash = 10
	filterProbes      = 6
	maxFilterWords    = (pageBytes - 4) / 8
)

// filterFor gives the measures of a filter for n hashes.
func filterFor(off int64, n int) filter {
	words := (n*filterBitsPerHash + 63) / 64
	if words <= maxFilterWords {
		return filter{off, min(n, 1), words}
	}
	return filter{off, (words + maxFilterWords - 1) / maxFilterWords, maxFilterWords}
}

func (f filter) stride() int64  { return int64(8*f.words + 4) }
func (f filter) extent() extent { return extent{f.off, int64(f.pages) * f.stride()} }

// page is the one that a hash concerns, its checksum included.
func (f filter) page(hash uint64) extent {
	return extent{f.off + int64(f.pageOf(hash))*f.stride(), f.stride()}
}

// pageOf spreads hashes over the pages by bits that bits does not use.
func (f filter) pageOf(hash uint64) int { return int((hash >> 32) * uint64(f.pages) >> 32) }

// bit gives the i-th place of a hash in its page. Only the bits that an index entry keeps count.
func (f filter) bit(hash uint64, i int) (word int, bit uint64) {
	const spread = 0x9E3779B97F4A7C15
	h := (hash >> ordinalBits) * spread
	place := (h>>32 + uint64(i)*(h|1)&0xffffffff) % uint64(64*f.words)
	return int(place / 64), 1 << (place % 64)
}

// appendFilter appends the pages of a filter that holds the hashes of index entries.
func appendFilter(b []byte, f filter, entries []uint64, block BlockID) []byte {
	words := make([]uint64, f.pages*f.words)
	for _, e := range entries {
		page := words[f.pageOf(e)*f.words:]
		for i := range filterProbes {
			word, bit := f.bit(e, i)
			page[word] |= bit
		}
	}
	payload := make([]byte, 0, 8*f.words)
	for i := range f.pages {
		payload = payload[:0]
		for _, w := range words[i*f.words : (i+1)*f.words] {
			payload = binary.LittleEndian.AppendUint64(payload, w)
		}
		b = appendPage(b, payload, block, f.off+int64(i)*f.stride())
	}
	return b
}

// mayHave asks the page that f.page named, without its checksum.
func (f filter) mayHave(page []byte, hash uint64) bool {
	for i := range filterProbes {
		word, bit := f.bit(hash, i)
		if binary.LittleEndian.Uint64(page[8*word:])&bit == 0 {
			return false
		}
	}
	return true
}
