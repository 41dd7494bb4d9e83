package inflate

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
)

// maxRatio is above what RFC 1951 can make of a byte: a match of 258 bytes takes two bits at least.
const maxRatio = 258 * 8 / 2

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// Gunzip appends the contents of src, a whole gzip stream, to dst and returns it. It allocates nothing if dst has the
// capacity; SizeHint says how much that is. Contents above limit bytes are ErrTooLarge. The bytes between dst's length
// and its capacity are scratch; on an error dst comes back as it was.
func Gunzip(dst, src []byte, limit int) ([]byte, error) {
	d := inflaters.Get().(*inflater)
	defer d.free()
	d.src, d.last = src, true
	d.at = len(dst)
	most := len(dst) + min(limit, math.MaxInt-len(dst))
	d.out = room(dst, most)
	for {
		why, err := d.run()
		switch {
		case err != nil:
			return dst, err
		case why == finished:
			return d.out[:d.at], nil
		case len(d.out) == most:
			return dst, ErrTooLarge
		}
		hint := max(SizeHint(src, limit)-(d.at-len(dst)), d.at, 4096)
		d.out = room(slices.Grow(d.out[:d.at], hint), most)
	}
}

// room is all of p's capacity, but not more than most bytes.
func room(p []byte, most int) []byte { return p[:min(cap(p), most)] }

// free returns d to the pool, without the memory of others.
func (d *inflater) free() {
	d.reset()
	inflaters.Put(d)
}

// SizeHint is the size in bytes that the trailer of src, a gzip stream, gives for its last member; at most limit, and at
// most what src could contain. It is right for a valid stream of one member below 4 GiB.
func SizeHint(src []byte, limit int) int {
	if len(src) < headerBytes+trailerBytes {
		return 0
	}
	said := binary.LittleEndian.Uint32(src[len(src)-4:])
	return min(int(said), limit, len(src)*maxRatio)
}
