package inflate

import (
	"encoding/binary"
	"io"
)

// maxBlockHeader is more than the header of any block takes in bytes: 17 bits, 19 lengths of 3 bits, and at most 316
// codes of at most 7 bits with at most 7 more.
const maxBlockHeader = 600

// block takes a block's header: RFC 1951, section 3.2.3.
func (d *inflater) block() (stop, error) {
	if !d.last && len(d.src)-d.in < maxBlockHeader {
		return needInput, nil
	}
	v, ok := d.take(3)
	if !ok {
		return d.short()
	}
	d.final = v&1 != 0
	switch v >> 1 {
	case 0:
		return d.storedHeader()
	case 1:
		d.codes = fixed()
	case 2:
		if err := d.dynamicHeader(); err != nil {
			return onward, err
		}
		d.codes = &d.dynamic
	default:
		return onward, d.corrupt("type of the block")
	}
	d.next = inCodes
	return onward, nil
}

// endBlock goes to what follows a block.
func (d *inflater) endBlock() {
	d.next = atBlock
	if d.final {
		d.next = atTrailer
	}
}

func (d *inflater) storedHeader() (stop, error) {
	d.align()
	rest := d.src[d.in:]
	if len(rest) < 4 {
		return d.short()
	}
	n := binary.LittleEndian.Uint16(rest)
	if n != ^binary.LittleEndian.Uint16(rest[2:]) {
		return onward, d.corrupt("length of a stored block")
	}
	d.in += 4
	d.stored = int(n)
	d.next = inStored
	return onward, nil
}

func (d *inflater) copyStored() (stop, error) {
	n := copy(d.out[d.at:], d.src[d.in:min(d.in+d.stored, len(d.src))])
	d.at += n
	d.in += n
	d.stored -= n
	switch {
	case d.stored == 0:
		d.endBlock()
		return onward, nil
	case d.in == len(d.src):
		return d.short()
	default:
		return needRoom, nil
	}
}

// codeOrder is the order in which the lengths of the length code come: RFC 1951, section 3.2.7.
var codeOrder = [lengthSymbols]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamicHeader takes the codes of a block. Requires: maxBlockHeader bytes of input, or the last; so input that is too
// short is the end of the stream.
func (d *inflater) dynamicHeader() error {
	v, ok := d.take(5 + 5 + 4)
	if !ok {
		return io.ErrUnexpectedEOF
	}
	litN, distN, lengthN := v&31+257, v>>5&31+1, v>>10+4
	if litN > 286 || distN > 30 {
		return d.corrupt("number of codes")
	}
	if err := d.readLengthCode(lengthN); err != nil {
		return err
	}
	if err := d.readLengths(litN + distN); err != nil {
		return err
	}
	if !build(d.dynamic.lit[:], litBits, d.lengths[:litN], litMeanings[:]) ||
		!build(d.dynamic.dist[:], distBits, d.lengths[litN:litN+distN], distMeanings[:]) {
		return d.corrupt("codes over- or undersubscribed")
	}
	return nil
}

func (d *inflater) readLengthCode(n int) error {
	var lengths [lengthSymbols]uint8
	for _, symbol := range codeOrder[:n] {
		v, ok := d.take(3)
		if !ok {
			return io.ErrUnexpectedEOF
		}
		lengths[symbol] = uint8(v)
	}
	if !build(d.lengthT[:], lengthBits, lengths[:], lengthMeanings[:]) {
		return d.corrupt("code of the code lengths over- or undersubscribed")
	}
	return nil
}

// readLengths takes n code lengths. A repetition may go on from the literals' to the distances'.
func (d *inflater) readLengths(n int) error {
	for i := 0; i < n; {
		if d.heldN < lengthBits+7 {
			d.fill()
		}
		e := d.lengthT[d.held&(1<<lengthBits-1)]
		if e.used() > d.heldN {
			return io.ErrUnexpectedEOF
		}
		if e&literal != 0 {
			d.drop(e.used())
			d.lengths[i] = e.symbol()
			i++
			continue
		}
		repeat := int(e.index(d.held))
		d.drop(e.used())
		var length uint8
		if e&end != 0 && i > 0 {
			length = d.lengths[i-1]
		}
		if e&invalid != 0 || e&end != 0 && i == 0 || i+repeat > n {
			return d.corrupt("code lengths")
		}
		for j := range d.lengths[i : i+repeat] {
			d.lengths[i+j] = length
		}
		i += repeat
	}
	return nil
}
