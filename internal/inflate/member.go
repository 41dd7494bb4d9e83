package inflate

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// The frame of a member: RFC 1952, section 2.3.
const (
	headerBytes  = 10
	trailerBytes = 8

	hasHeaderSum = 1 << 1
	hasExtra     = 1 << 2
	hasName      = 1 << 3
	hasComment   = 1 << 4

	// maxString bounds a name or a comment with the zero that ends it, as the standard library does.
	maxString = 512
)

// header takes a member's header. Nothing at all in its place ends the stream, unless it is the first.
func (d *inflater) header() (stop, error) {
	rest := d.src[d.in:]
	if len(rest) == 0 && d.last && d.members > 0 {
		d.next = atEnd
		return finished, nil
	}
	n, fault := headerLen(rest)
	if fault != "" {
		return onward, d.corrupt(fault)
	}
	if n > len(rest) {
		return d.short()
	}
	d.in += n
	d.members++
	d.begin, d.summed, d.sum, d.size = d.at, d.at, 0, 0
	d.next = atBlock
	return onward, nil
}

// headerLen returns the length in bytes of the header at the beginning of p, or a number above len(p) when p ends
// before it does.
func headerLen(p []byte) (n int, fault string) {
	n = headerBytes
	if len(p) < n {
		return n, ""
	}
	if p[0] != 0x1f || p[1] != 0x8b || p[2] != 8 {
		return 0, "no gzip header"
	}
	flags := p[3]
	if flags&hasExtra != 0 {
		if len(p) < n+2 {
			return n + 2, ""
		}
		n += 2 + int(binary.LittleEndian.Uint16(p[n:]))
	}
	for _, flag := range []byte{hasName, hasComment} {
		if flags&flag == 0 {
			continue
		}
		if len(p) <= n {
			return n + 1, ""
		}
		zero := bytes.IndexByte(p[n:min(n+maxString, len(p))], 0)
		switch {
		case zero >= 0:
			n += zero + 1
		case len(p)-n >= maxString:
			return 0, "name or comment too long"
		default:
			return len(p) + 1, ""
		}
	}
	if flags&hasHeaderSum != 0 {
		if len(p) < n+2 {
			return n + 2, ""
		}
		if binary.LittleEndian.Uint16(p[n:]) != uint16(crc32.ChecksumIEEE(p[:n])) {
			return 0, "checksum of the header"
		}
		n += 2
	}
	return n, ""
}

// trailer takes a member's checksum and size, and compares.
func (d *inflater) trailer() (stop, error) {
	d.align()
	rest := d.src[d.in:]
	if len(rest) < trailerBytes {
		return d.short()
	}
	d.addToSum()
	if binary.LittleEndian.Uint32(rest) != d.sum || binary.LittleEndian.Uint32(rest[4:]) != d.size {
		return onward, d.corrupt("checksum or size of the contents")
	}
	d.in += trailerBytes
	d.next = atHeader
	return onward, nil
}

// addToSum brings the checksum up to date.
func (d *inflater) addToSum() {
	fresh := d.out[d.summed:d.at]
	d.sum = crc32.Update(d.sum, crc32.IEEETable, fresh)
	d.size += uint32(len(fresh))
	d.summed = d.at
}
