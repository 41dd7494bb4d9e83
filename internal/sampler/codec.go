package sampler

import (
	"encoding/binary"
	"errors"
	"math"
)

// errShort is a record whose bytes end before its fields do, or that has bytes left.
var errShort = errors.New("record is malformed")

// appendString writes a length-prefixed string.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

// reader takes a record's fields off one after another. After the first fault every read gives zero; the caller
// asks err once at the end.
type reader struct {
	buf    []byte
	broken bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.buf)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// count reads the number of entries that follow, each of at least size bytes, so that a damaged number cannot make
// the reader allocate.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.buf)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.buf)) {
		r.fail()
		return nil
	}
	p := r.buf[:n:n]
	r.buf = r.buf[n:]
	return p
}

func (r *reader) bytes() []byte  { return r.take(r.uvarint()) }
func (r *reader) string() string { return string(r.bytes()) }

func (r *reader) byte() byte {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) float() float64 {
	if p := r.take(8); p != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(p))
	}
	return 0
}

func (r *reader) id(dst *[16]byte) { copy(dst[:], r.take(16)) }

func (r *reader) fail() { r.buf, r.broken = nil, true }

// done reports whether every field was there and nothing is left.
func (r *reader) done() error {
	if r.broken || len(r.buf) > 0 {
		return errShort
	}
	return nil
}
