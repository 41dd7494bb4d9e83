package inflate

import (
	"encoding/binary"
	"unsafe"
)

// load reads 8 bytes at p+i. Requires: they are within the slice that p begins.
func load(p unsafe.Pointer, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, i))[:])
}

// store writes 8 bytes at p+i. Requires: they are within the slice that p begins.
func store(p unsafe.Pointer, i int, v uint64) {
	binary.LittleEndian.PutUint64((*[8]byte)(unsafe.Add(p, i))[:], v)
}

// copy16 copies 16 bytes from p+from to p+to. Requires: both are within the slice that p begins, and do not overlap.
func copy16(p unsafe.Pointer, to, from int) {
	*(*[16]byte)(unsafe.Add(p, to)) = *(*[16]byte)(unsafe.Add(p, from))
}

// fill takes bytes in while the held bits leave room for one, and leaves at least 56 unless the input ends before.
func (d *inflater) fill() {
	if d.in+8 <= len(d.src) {
		d.held |= binary.LittleEndian.Uint64(d.src[d.in:]) << (d.heldN & 63)
		d.in += int(7 - d.heldN>>3)
		d.heldN |= 56
		return
	}
	for d.heldN < 56 && d.in < len(d.src) {
		d.held |= uint64(d.src[d.in]) << d.heldN
		d.in++
		d.heldN += 8
	}
}

// drop uses n held bits up. Requires: n <= heldN.
func (d *inflater) drop(n uint64) {
	d.held >>= n & 63
	d.heldN -= n
}

// take uses n held bits up and returns them as a number, after filling; false when the input has no n more.
func (d *inflater) take(n uint64) (v int, ok bool) {
	if d.heldN < n {
		d.fill()
		if d.heldN < n {
			return 0, false
		}
	}
	v = int(d.held & (1<<n - 1))
	d.drop(n)
	return v, true
}

// giveBack returns whole held bytes to the input, which leaves less than 8 bits. The owner calls it before it moves src.
func (d *inflater) giveBack() {
	d.in -= int(d.heldN >> 3)
	d.heldN &= 7
	d.held &= 1<<d.heldN - 1
}

// align goes on at the next whole byte.
func (d *inflater) align() {
	d.giveBack()
	d.held, d.heldN = 0, 0
}
