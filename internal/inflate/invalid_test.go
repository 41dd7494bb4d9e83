package inflate

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestInvalid_Truncated(t *testing.T) {
	for level, p := range map[int][]byte{
		0: []byte("stored, and short"),
		1: bytes.Repeat([]byte("fixed codes "), 5),
		6: skewed(1000, rand.New(rand.NewPCG(1, 1))),
	} {
		src := compress(t, 0, level, p)
		for n := range src {
			if check(t, src[:n]) {
				t.Errorf("level %d, %d of %d bytes: the oracle accepts it", level, n, len(src))
			}
		}
	}
	if _, err := Gunzip(nil, nil, limit); err != io.ErrUnexpectedEOF {
		t.Errorf("no bytes: got error %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func TestInvalid_BitFlips(t *testing.T) {
	for level, p := range map[int][]byte{
		0: []byte("stored, and short"),
		1: bytes.Repeat([]byte("fixed codes "), 5),
		6: skewed(300, rand.New(rand.NewPCG(1, 1))),
	} {
		src := compress(t, 0, level, p)
		for i := range 8 * len(src) {
			flipped := bytes.Clone(src)
			flipped[i/8] ^= 1 << (i % 8)
			check(t, flipped)
		}
	}
}

// The frame around a flipped deflate stream is made new, so that only what is in it can be at fault.
func TestInvalid_BitFlipsBehindTheChecksum(t *testing.T) {
	src := compress(t, 0, 6, skewed(500, rand.New(rand.NewPCG(1, 1))))
	deflated := src[headerBytes : len(src)-trailerBytes]
	valid := 0
	for i := range 8 * len(deflated) {
		flipped := bytes.Clone(deflated)
		flipped[i/8] ^= 1 << (i % 8)
		if check(t, framed(flipped)) {
			valid++
		}
	}
	if valid == 0 {
		t.Error("no flipped stream is valid, and many should be")
	}
}

func TestInvalid_Garbage(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		p := make([]byte, random.IntN(300))
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		check(t, p)
		check(t, framed(p))
	}
}

func TestInvalid_ByHand(t *testing.T) {
	for _, c := range []struct {
		name, what string
		write      func(*bitWriter)
	}{
		{"reserved block type", "type of the block", func(w *bitWriter) { w.bits(3, 0b111) }},
		{"stored length without its complement", "length of a stored block", func(w *bitWriter) {
			w.bits(3, 0b001)
			w.align()
			w.bits(32, 5)
		}},
		{"literal 286", "no such literal or length", func(w *bitWriter) { w.bits(3, 0b011); w.code(8, 0xc0+286-280) }},
		{"distance 30", "no such distance", func(w *bitWriter) { fixedMatch(w, 30) }},
		{"distance 2 of 1", "distance beyond the beginning", func(w *bitWriter) { fixedMatch(w, 1) }},
		{"287 literals", "number of codes", func(w *bitWriter) { w.bits(3, 0b101); w.bits(5, 30); w.bits(5, 0) }},
		{"31 distances", "number of codes", func(w *bitWriter) { w.bits(3, 0b101); w.bits(5, 0); w.bits(5, 30) }},
		{"no lengths of lengths", "code lengths", func(w *bitWriter) { w.bits(3, 0b101); w.bits(14, 0); w.bits(4*3, 0) }},
		{"first length repeated", "code lengths", func(w *bitWriter) { lengthsOf16And0(w); w.code(1, 1); w.bits(2, 0) }},
		{"repetition beyond the lengths", "code lengths", func(w *bitWriter) {
			lengthsOf16And0(w)
			w.bits(255, 0)
			w.code(1, 1)
			w.bits(2, 1)
		}},
		{"no literals", "no such literal or length", func(w *bitWriter) { lengthsOf16And0(w); w.bits(258, 0) }},
		{"second code of a code of one", "code lengths", func(w *bitWriter) {
			w.bits(3, 0b101)
			w.bits(14, 0)
			w.bits(4*3, 0b001_000_000_000) // lengths of 0 only
			w.code(1, 1)
		}},
	} {
		var w bitWriter
		c.write(&w)
		w.align()
		w.bits(128, 0) // enough input, so that its end is not the fault
		src := frame(w.all(), nil)
		if check(t, src) {
			t.Errorf("%s: the oracle accepts it", c.name)
		}
		for _, room := range []int{10, 1000} {
			var corrupt *Corrupt
			_, err := Gunzip(make([]byte, 0, room), src, limit)
			if !errors.As(err, &corrupt) || corrupt.What != c.what || corrupt.At < headerBytes || corrupt.At > int64(len(src)) {
				t.Errorf("%s, room of %d: got error %v, want %q behind the header", c.name, room, err, c.what)
			}
		}
	}
}

// fixedMatch writes a fixed block: a byte, and three bytes from that distance.
func fixedMatch(w *bitWriter, distance uint) {
	w.bits(3, 0b011)
	w.code(8, 0x30+'a')
	w.code(7, 257-256)
	w.code(5, distance)
	w.code(7, 0) // the end of the block
}

// lengthsOf16And0 begins a dynamic block of 257 literals and one distance, whose code lengths are 0, code 0, or a
// repetition, code 1.
func lengthsOf16And0(w *bitWriter) {
	w.bits(3, 0b101)
	w.bits(14, 0)
	for _, symbol := range codeOrder[:4] {
		if symbol == 16 || symbol == 0 {
			w.bits(3, 1)
		} else {
			w.bits(3, 0)
		}
	}
}

func TestRandomStreams(t *testing.T) {
	valid := 0
	for seed := range uint64(1500) {
		src := framed(randomDeflate(rand.New(rand.NewPCG(seed, 0))))
		if check(t, src) {
			valid++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if valid < 300 || valid > 1400 {
		t.Errorf("%d of 1500 random streams are valid, want a good part but not all", valid)
	}
}

func TestReader_SourceFails(t *testing.T) {
	src := compress(t, 0, 6, bytes.Repeat([]byte("contents "), 100))
	fault := errors.New("connection lost")
	for n := range src {
		z := NewReader(io.MultiReader(bytes.NewReader(src[:n]), failing{fault}))
		if _, err := io.ReadAll(z); err != fault {
			t.Fatalf("after %d bytes: got error %v, want %v", n, err, fault)
		}
		if _, err := z.Read(make([]byte, 1)); err != fault {
			t.Fatalf("after %d bytes, again: got error %v, want %v", n, err, fault)
		}
	}
}

func TestReader_UsedAgainAfterAnyEnd(t *testing.T) {
	whole := compress(t, 0, 6, skewed(300_000, rand.New(rand.NewPCG(1, 1))))
	other := compress(t, 1, 1, []byte("other contents"))
	z := NewReader(nil)
	for _, first := range [][]byte{whole, whole[:len(whole)/2], slices.Concat(whole[:99], whole[100:]), nil} {
		z.Reset(bytes.NewReader(first))
		_, _ = io.Copy(io.Discard, z) // how it ends is the other tests' concern
		z.Reset(bytes.NewReader(other))
		if got, err := io.ReadAll(z); string(got) != "other contents" || err != nil {
			t.Errorf("after a stream of %d bytes: got %q, error %v", len(first), got, err)
		}
	}
}

// failing is a source that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
