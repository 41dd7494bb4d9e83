package inflate

import "unsafe"

// How much input and room a round of fast asks for, in bytes. A round fills twice, from 8 bytes each time, of which it
// moves on by at most 7. It writes a literal and a match of at most 258, which is copied in steps of 32
// after the first 16, and so up to 31 bytes too far.
const (
	inSlack  = 16
	outSlack = 1 + 258 + 31
)

// fast decodes the current block while a whole round's input and room are left. At the block's end it goes to the next
// step. It returns what is wrong with the block, if anything.
//
// Memory is accessed without bounds checks. What bounds it: in <= inLast and at <= outLast hold at the beginning of
// every round, which leaves the slack above; a match is copied from no further back than begin, as its distance is
// checked; and an index into the tables is masked to the first level, or checked by the language.
//
// The next entry is looked up as soon as its bits are at the low end of held, before the match is copied and before
// held is filled, as the chain of look-ups is what takes the time. Right after filling, all 64 bits of held are the
// stream's, also those above heldN; a length and a distance use up 48 and leave more than the look-up takes.
//
// Only the lowest 6 bits of heldN count here, so that an entry is subtracted as it is.
func (d *inflater) fast() (fault string) {
	inLast, outLast := len(d.src)-inSlack, len(d.out)-outSlack
	if d.in > inLast || d.at > outLast {
		return ""
	}
	src, out := unsafe.Pointer(unsafe.SliceData(d.src)), unsafe.Pointer(unsafe.SliceData(d.out))
	in, at, begin := d.in, d.at, d.begin
	codes := d.codes
	held, heldN := d.held|load(src, in)<<(d.heldN&63), d.heldN
	e := codes.lit[held&(1<<litBits-1)]
	for in <= inLast && at <= outLast {
		held |= load(src, in) << (heldN & 63)
		in += int(7 - heldN>>3&7)
		heldN = heldN&7 | 56
		if e&literal != 0 {
			*(*byte)(unsafe.Add(out, at)) = e.symbol()
			at++
			held >>= e & 63
			heldN -= uint64(e)
			e = codes.lit[held&(1<<litBits-1)]
			if e&literal != 0 {
				*(*byte)(unsafe.Add(out, at)) = e.symbol()
				at++
				held >>= e & 63
				heldN -= uint64(e)
				e = codes.lit[held&(1<<litBits-1)]
				continue
			}
			held |= load(src, in) << (heldN & 63)
			in += int(7 - heldN>>3&7)
			heldN = heldN&7 | 56
		}
		if e&special != 0 {
			if e&link != 0 {
				e = codes.lit[e.index(held)]
			}
			if e&(literal|special) != 0 {
				held >>= e & 63
				heldN -= uint64(e)
				if e&literal != 0 {
					*(*byte)(unsafe.Add(out, at)) = e.symbol()
					at++
					e = codes.lit[held&(1<<litBits-1)]
					continue
				}
				if e&end != 0 {
					d.endBlock()
				} else {
					fault = "no such literal or length"
				}
				break
			}
		}
		length := int(e.value(held))
		held >>= e & 63
		heldN -= uint64(e)

		e = codes.dist[held&(1<<distBits-1)]
		if e&special != 0 {
			if e&link != 0 {
				e = codes.dist[e.index(held)]
			}
			if e&special != 0 {
				fault = "no such distance"
				break
			}
		}
		distance := int(e.value(held))
		held >>= e & 63
		heldN -= uint64(e)
		e = codes.lit[held&(1<<litBits-1)]
		if distance > at-begin {
			fault = "distance beyond the beginning"
			break
		}
		to := at
		at += length
		if distance < 16 {
			copyNear(out, to, at, distance)
			continue
		}
		copy16(out, to, to-distance)
		for to += 16; to < at; to += 32 {
			copy16(out, to, to-distance)
			copy16(out, to+16, to+16-distance)
		}
	}
	d.in, d.at, d.held, d.heldN = in, at, held, heldN&63
	return fault
}

// copyNear repeats the bytes from distance before at up to stop, and up to 8 bytes too far. Requires: distance is at
// least 1 and at most at; p begins at least stop+8 bytes, and stop is at least 3 after at.
func copyNear(p unsafe.Pointer, at, stop, distance int) {
	from := at - distance
	// Eight bytes from fewer before are right up to where they begin to overlap. After that the same bytes stand
	// there twice, and the distance may be doubled.
	for ; distance < 8; distance *= 2 {
		store(p, at, load(p, from))
		at += distance
	}
	for at < stop {
		store(p, at, load(p, from))
		at += 8
		from += 8
	}
}
