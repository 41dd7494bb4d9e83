package inflate

// Widths of the tables' first level in bits, and the longest codes of RFC 1951. Longer codes than the first level go
// on in second tables behind it. Eleven bits hold nearly all codes of real requests; wider tables cost more to build
// than they save.
const (
	litBits    = 11
	distBits   = 9
	lengthBits = 7 // no code of a code length is longer
	maxCode    = 15
)

// Symbols of each alphabet, with those that only the fixed codes have: they stand for nothing.
const (
	litSymbols    = 288
	distSymbols   = 32
	lengthSymbols = 19
)

// Sizes of the tables. All second tables of a code have the size that its longest code asks for. In a complete code
// at least two symbols share each of them, which bounds their number.
const (
	litEntries  = 1<<litBits + litSymbols/2<<(maxCode-litBits)
	distEntries = 1<<distBits + distSymbols/2<<(maxCode-distBits)
)

// tables are the codes of one block.
type tables struct {
	lit  [litEntries]entry
	dist [distEntries]entry
}

// entry says what the bits that led to it mean:
//
//	bits 0-5   how many bits are used up, code and extra bits
//	bits 8-13  how many of them are the code
//	bits 16-31 mask of the extra bits
//	bits 32-59 the literal, or the number that the extra bits are added to
//	bits 60-63 what it is: none of them for a length or a distance
//
// A link counts the first level's width as its code, and the index in the second table as extra bits. It uses up
// nothing, as the entry that it leads to counts the whole code.
type entry uint64

const (
	literal entry = 1 << 63
	link    entry = 1 << 62
	end     entry = 1 << 61 // of the block; of code lengths: the previous one repeated
	invalid entry = 1 << 60
	special       = link | end | invalid
)

// used is how many bits the entry uses up, below 64.
func (e entry) used() uint64 { return uint64(e) & 63 }

// symbol is the literal of an entry that is one.
func (e entry) symbol() byte { return byte(e >> 32) }

// value is the length or distance of an entry that was found at the low end of held. Requires: it is neither a literal
// nor special.
func (e entry) value(held uint64) uint {
	return uint(e>>32) + uint(held>>(e>>8&63)&uint64(uint16(e>>16)))
}

// index is where a link that was found at the low end of held leads.
func (e entry) index(held uint64) uint { return (e &^ (literal | special)).value(held) }

// withExtra is an entry of base and a number of extra bits, without its code.
func withExtra(base, extra int) entry {
	return entry(base)<<32 | entry(1<<extra-1)<<16 | entry(extra)
}

// coded is the entry with its code's width, which adds to what it uses up.
func (e entry) coded(width int) entry { return e + entry(width)<<8 + entry(width) }

// The meaning of each symbol, without its code: RFC 1951, sections 3.2.5 and 3.2.7.
var (
	litMeanings    = makeLitMeanings()
	distMeanings   = makeDistMeanings()
	lengthMeanings = makeLengthMeanings()
)

func makeLitMeanings() (m [litSymbols]entry) {
	for i := range m[:256] {
		m[i] = literal | entry(i)<<32
	}
	m[256] = end
	base := 3
	for i := range m[257:285] {
		extra := max(i/4-1, 0)
		m[257+i] = withExtra(base, extra)
		base += 1 << extra
	}
	m[285] = withExtra(258, 0)
	m[286], m[287] = invalid, invalid
	return m
}

func makeDistMeanings() (m [distSymbols]entry) {
	base := 1
	for i := range m[:30] {
		extra := max(i/2-1, 0)
		m[i] = withExtra(base, extra)
		base += 1 << extra
	}
	m[30], m[31] = invalid, invalid
	return m
}

func makeLengthMeanings() (m [lengthSymbols]entry) {
	for i := range m[:16] {
		m[i] = literal | entry(i)<<32
	}
	m[16] = end | withExtra(3, 2)
	m[17] = withExtra(3, 3)
	m[18] = withExtra(11, 7)
	return m
}

// makeFixed makes the codes of RFC 1951, section 3.2.6.
func makeFixed() *tables {
	var lengths [litSymbols]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	t := new(tables)
	build(t.lit[:], litBits, lengths[:], litMeanings[:])
	for i := range distSymbols {
		lengths[i] = 5
	}
	build(t.dist[:], distBits, lengths[:distSymbols], distMeanings[:])
	return t
}
