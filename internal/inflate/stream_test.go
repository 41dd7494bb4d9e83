package inflate

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"math/rand/v2"
)

// bitWriter writes a deflate stream bit by bit.
type bitWriter struct {
	p []byte
	n int // bits written
}

// bits writes the n lowest bits of v, the lowest first.
func (w *bitWriter) bits(n int, v uint) {
	for i := range n {
		if w.n%8 == 0 {
			w.p = append(w.p, 0)
		}
		w.p[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// code writes a Huffman code of n bits, the highest first.
func (w *bitWriter) code(n int, v uint) {
	w.bits(n, uint(bits.Reverse64(uint64(v))>>(64-n)))
}

func (w *bitWriter) align() { w.n = (w.n + 7) &^ 7 }

func (w *bitWriter) all() []byte { return w.p }

// frame makes a member of a deflate stream and what it contains.
func frame(deflated, contents []byte) []byte {
	src := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}, deflated...)
	src = binary.LittleEndian.AppendUint32(src, crc32.ChecksumIEEE(contents))
	return binary.LittleEndian.AppendUint32(src, uint32(len(contents)))
}

// header makes a member's header with these flags, extra bytes, and a name and comment of name bytes.
func header(flags byte, extra, name int) []byte {
	h := []byte{0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 255}
	if flags&hasExtra != 0 {
		h = binary.LittleEndian.AppendUint16(h, uint16(extra))
		h = append(h, make([]byte, extra)...)
	}
	for _, flag := range []byte{hasName, hasComment} {
		if flags&flag != 0 {
			for range name {
				h = append(h, 0xe9)
			}
			h = append(h, 0)
		}
	}
	if flags&hasHeaderSum != 0 {
		h = binary.LittleEndian.AppendUint16(h, uint16(crc32.ChecksumIEEE(h)))
	}
	return h
}

// testCode is a canonical Huffman code, made in the plainest way.
type testCode struct {
	lengths []int
	codes   []uint
}

func makeTestCode(lengths []int) testCode {
	c := testCode{lengths: lengths, codes: make([]uint, len(lengths))}
	next := uint(0)
	for n := 1; n <= maxCode; n++ {
		next <<= 1
		for symbol, length := range lengths {
			if length == n {
				c.codes[symbol] = next
				next++
			}
		}
	}
	return c
}

// write writes a symbol, and nothing if it has no code.
func (c testCode) write(w *bitWriter, symbol int) {
	if c.lengths[symbol] > 0 {
		w.code(c.lengths[symbol], c.codes[symbol])
	}
}

// randomLengths gives n symbols code lengths of at most most that make a complete code, and some symbols none.
func randomLengths(random *rand.Rand, n, most int) []int {
	open := []int{0} // lengths of the leaves of a tree, which are split at random
	deep := random.IntN(2) == 0
	leaves := 2 + random.IntN(n-1)
	for tries := 0; len(open) < leaves && tries < 4*leaves; tries++ {
		i := random.IntN(len(open))
		if deep {
			i = len(open) - 1
		}
		if open[i] < most {
			open[i]++
			open = append(open, open[i])
		} else {
			deep = false
		}
	}
	lengths := make([]int, n)
	copy(lengths, open)
	random.Shuffle(n, func(i, j int) { lengths[i], lengths[j] = lengths[j], lengths[i] })
	return lengths
}

// randomDeflate is a stream of random blocks; what it contains is left to chance, and whether it is valid.
func randomDeflate(random *rand.Rand) []byte {
	var w bitWriter
	blocks := 1 + random.IntN(4)
	for i := range blocks {
		last := uint(0)
		if i == blocks-1 {
			last = 1
		}
		w.bits(1, last)
		switch random.IntN(8) {
		case 0:
			randomStored(random, &w)
		case 1:
			w.bits(2, 1)
			randomSymbols(random, &w, fixedTestCodes)
		default:
			w.bits(2, 2)
			randomSymbols(random, &w, randomCodes(random, &w))
		}
	}
	return w.all()
}

func randomStored(random *rand.Rand, w *bitWriter) {
	w.bits(2, 0)
	w.align()
	n := random.UintN(300)
	w.bits(16, n)
	w.bits(16, ^n)
	for range n {
		w.bits(8, random.Uint())
	}
}

var fixedTestCodes = func() [2]testCode {
	lit, dist := make([]int, litSymbols), make([]int, distSymbols)
	for i := range lit {
		lit[i] = 8
		if i >= 144 && i < 256 {
			lit[i] = 9
		} else if i >= 256 && i < 280 {
			lit[i] = 7
		}
	}
	for i := range dist {
		dist[i] = 5
	}
	return [2]testCode{makeTestCode(lit), makeTestCode(dist)}
}()

// randomCodes writes the header of a dynamic block.
func randomCodes(random *rand.Rand, w *bitWriter) [2]testCode {
	lit, dist := randomLengths(random, 257+random.IntN(30), maxCode), randomLengths(random, 1+random.IntN(29)+1, maxCode)
	if lit[256] == 0 { // let the block end
		for i := range lit {
			if lit[i] > 0 {
				lit[256], lit[i] = lit[i], 0
				break
			}
		}
	}
	switch random.IntN(12) {
	case 0: // a single distance
		clear(dist)
		dist[random.IntN(len(dist))] = 1
	case 1: // none
		clear(dist)
	case 2: // over- or undersubscribed
		lit[random.IntN(len(lit))] = random.IntN(maxCode + 1)
	case 3:
		dist[random.IntN(len(dist))] = random.IntN(maxCode + 1)
	}
	w.bits(5, uint(len(lit)-257))
	w.bits(5, uint(len(dist)-1))
	writeLengths(random, w, append(append([]int{}, lit...), dist...))
	return [2]testCode{makeTestCode(lit), makeTestCode(dist)}
}

// writeLengths writes code lengths, with repetitions here and there.
func writeLengths(random *rand.Rand, w *bitWriter, lengths []int) {
	// Thirteen of 4 bits and six of 5 are a complete code.
	code := makeTestCode([]int{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5})
	w.bits(4, lengthSymbols-4)
	for _, symbol := range codeOrder {
		w.bits(3, uint(code.lengths[symbol]))
	}
	for i := 0; i < len(lengths); {
		run := 1
		for i+run < len(lengths) && lengths[i+run] == lengths[i] {
			run++
		}
		switch {
		case lengths[i] == 0 && run >= 11 && random.IntN(4) > 0:
			run = min(run, 138)
			code.write(w, 18)
			w.bits(7, uint(run-11))
		case lengths[i] == 0 && run >= 3 && random.IntN(4) > 0:
			run = min(run, 10)
			code.write(w, 17)
			w.bits(3, uint(run-3))
		case i > 0 && lengths[i] == lengths[i-1] && run >= 3 && random.IntN(4) > 0:
			run = min(run, 6)
			code.write(w, 16)
			w.bits(2, uint(run-3))
		default:
			run = 1
			code.write(w, lengths[i])
		}
		i += run
	}
}

// randomSymbols writes some symbols, nearly always ones that have a code, and the end of the block.
func randomSymbols(random *rand.Rand, w *bitWriter, codes [2]testCode) {
	lit, dist := codes[0], codes[1]
	for range random.IntN(600) {
		symbol := random.IntN(len(lit.lengths))
		if lit.lengths[symbol] == 0 || symbol == 256 {
			continue
		}
		if symbol > 285 && random.IntN(100) > 0 {
			continue
		}
		lit.write(w, symbol)
		if symbol > 256 {
			w.bits(int(litMeanings[symbol].used()), random.Uint())
			// The first distances, mostly, so that they do not all reach beyond the beginning.
			d := random.IntN(len(dist.lengths))
			for range 20 {
				if dist.lengths[d] > 0 && d < 12 || random.IntN(200) == 0 {
					break
				}
				d = random.IntN(len(dist.lengths))
			}
			dist.write(w, d)
			w.bits(int(distMeanings[d].used()), random.Uint())
		}
	}
	lit.write(w, 256)
}
