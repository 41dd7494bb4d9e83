package inflate

import "math/bits"

// build fills table, whose first level is width bits wide, from the code length of each symbol, 0 to maxCode. It
// returns false for a code that is over- or undersubscribed. As in the standard library, there are two exceptions: no
// code at all, and a single code of one bit; what they leave open is invalid.
func build(table []entry, width int, lengths []uint8, meanings []entry) bool {
	var c code
	c.sort(lengths)
	switch {
	case c.longest == 0:
		c.fillSingle(table[:1<<width], invalid)
	case c.longest == 1 && c.count[1] == 1:
		c.fillSingle(table[:1<<width], meanings[c.order[0]].coded(1))
	case c.space != 1<<maxCode:
		return false
	default:
		c.fillFirst(table, width, meanings)
		c.fillSecond(table, width, meanings)
	}
	return true
}

// code is a canonical Huffman code while its table is built.
type code struct {
	count   [maxCode + 1]int
	longest int
	space   int // what the codes take of the 1<<maxCode numbers of the longest possible ones
	order   [litSymbols]uint16

	// Where the filling is: reversed is the next code with its first bit lowest, as it lies in the stream.
	reversed, symbolsN int
}

// sort brings the symbols in the order of their codes: by length, then by number.
func (c *code) sort(lengths []uint8) {
	for _, n := range lengths {
		c.count[n&maxCode]++
	}
	var at [maxCode + 1]int
	sum := 0
	for n := 1; n <= maxCode; n++ {
		at[n] = sum
		sum += c.count[n]
		c.space = c.space<<1 + c.count[n]
		if c.count[n] > 0 {
			c.longest = n
		}
	}
	for symbol, n := range lengths {
		if n > 0 {
			c.order[at[n&maxCode]] = uint16(symbol)
			at[n&maxCode]++
		}
	}
}

// take returns the next code, reversed, and its symbol.
func (c *code) take(length int) (reversed int, symbol uint16) {
	reversed, symbol = c.reversed, c.order[c.symbolsN]
	c.symbolsN++
	// One more, with the carry going towards the low end: the highest clear bit is set, all above it are cleared.
	// The last code of all has none, and nothing follows it.
	carry := 1 << bits.Len(uint(^reversed&(1<<length-1))) >> 1
	c.reversed = reversed&(carry-1) | carry
	return reversed, symbol
}

// fillSingle fills a table of a code that has one bit and one symbol, or of none at all.
func (c *code) fillSingle(table []entry, zero entry) {
	for i := range table {
		table[i] = invalid
		if i&1 == 0 {
			table[i] = zero
		}
	}
}

// fillFirst fills the first level: what is there for codes of n bits is there twice for n+1 bits.
func (c *code) fillFirst(table []entry, width int, meanings []entry) {
	for n := 1; n <= width; n++ {
		for range c.count[n] {
			reversed, symbol := c.take(n)
			table[reversed] = meanings[symbol].coded(n)
		}
		if n < width {
			copy(table[1<<n:2<<n], table[:1<<n])
		}
	}
}

// fillSecond fills the second level, and links the first to it.
func (c *code) fillSecond(table []entry, width int, meanings []entry) {
	prefix, begin, size := -1, 0, 1<<max(c.longest-width, 0)
	free := 1 << width
	for n := width + 1; n <= c.longest; n++ {
		for range c.count[n] {
			reversed, symbol := c.take(n)
			if p := reversed & (1<<width - 1); p != prefix {
				prefix, begin = p, free
				free += size
				table[p] = link | entry(begin)<<32 | entry(size-1)<<16 | entry(width)<<8
			}
			for i := reversed >> width; i < size; i += 1 << (n - width) {
				table[begin+i] = meanings[symbol].coded(n)
			}
		}
	}
}
