package inflate

// symbolBits is more than a symbol uses up in bits, a length with its distance: 15+5+15+13.
const symbolBits = 48

// inflateBlock decodes the current block.
func (d *inflater) inflateBlock() (stop, error) {
	if fault := d.fast(); fault != "" {
		return onward, d.corrupt(fault)
	}
	if d.next != inCodes {
		return onward, nil
	}
	return d.careful()
}

// careful decodes symbol by symbol, up to the last byte of input and of room. It is the plain form of fast, and goes on
// where that has to stop.
func (d *inflater) careful() (stop, error) {
	for {
		if d.heldN < symbolBits {
			d.fill()
			if d.heldN < symbolBits && !d.last {
				return needInput, nil
			}
		}
		e := d.codes.lit[d.held&(1<<litBits-1)]
		if e&link != 0 {
			e = d.codes.lit[e.index(d.held)]
		}
		switch {
		case e.used() > d.heldN:
			return d.short()
		case e&literal != 0:
			if d.at == len(d.out) {
				return needRoom, nil
			}
			d.out[d.at] = e.symbol()
			d.at++
			d.drop(e.used())
		case e&end != 0:
			d.drop(e.used())
			d.endBlock()
			return onward, nil
		case e&invalid != 0:
			return onward, d.corrupt("no such literal or length")
		default:
			if why, err := d.match(e); why != onward || err != nil {
				return why, err
			}
		}
	}
}

// match copies a match whose length is e. It leaves all as it was when there is no room.
func (d *inflater) match(e entry) (stop, error) {
	length, used := int(e.value(d.held)), e.used()
	rest := d.held >> used
	e = d.codes.dist[rest&(1<<distBits-1)]
	if e&link != 0 {
		e = d.codes.dist[e.index(rest)]
	}
	if e&invalid != 0 {
		return onward, d.corrupt("no such distance")
	}
	if used += e.used(); used > d.heldN {
		return d.short()
	}
	distance := int(e.value(rest))
	switch {
	case distance > d.at-d.begin:
		return onward, d.corrupt("distance beyond the beginning")
	case length > len(d.out)-d.at:
		return needRoom, nil
	}
	d.drop(used)
	for range length { // byte by byte, as a match may repeat what it writes
		d.out[d.at] = d.out[d.at-distance]
		d.at++
	}
	return onward, nil
}
