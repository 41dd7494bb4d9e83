package inflate

import "io"

// Memory of a Reader in bytes. A match reaches back windowBytes at most, so that much of the output stays when the
// rest makes room; a larger outBytes moves it less often, a smaller one stays in the processor's cache.
const (
	windowBytes = 32 << 10
	outBytes    = 128 << 10
	inBytes     = 32 << 10
)

// Reader decodes a gzip stream as it comes, in memory that does not grow with it. Not safe for concurrent use.
type Reader struct {
	from io.Reader
	d    inflater
	in   []byte // d.src is its beginning
	out  []byte // d.out is all of it, and out[given:d.at] is still to be read
	// given is how much of out has been read.
	given int
	err   error
}

// NewReader returns a Reader of r, and r may be nil when Reset follows.
func NewReader(r io.Reader) *Reader {
	z := &Reader{in: make([]byte, inBytes), out: make([]byte, outBytes)}
	z.Reset(r)
	return z
}

// Reset begins a new stream, with the memory of the old one. A nil r lets go of the old one's source.
func (z *Reader) Reset(r io.Reader) {
	z.from, z.given, z.err = r, 0, nil
	z.d.reset()
	z.d.src, z.d.out = z.in[:0], z.out
}

// Read implements [io.Reader]. What it returned is only known to be sound when it returns io.EOF. It fails with a
// [*Corrupt], with io.ErrUnexpectedEOF, or with what the source failed with.
func (z *Reader) Read(p []byte) (int, error) {
	for z.given == z.d.at {
		if z.err != nil {
			return 0, z.err
		}
		z.advance()
	}
	n := copy(p, z.out[z.given:z.d.at])
	z.given += n
	return n, nil
}

// advance decodes until something stops it, and mends that. Requires: all output has been read.
func (z *Reader) advance() {
	z.makeRoom()
	why, err := z.d.run()
	z.d.addToSum()
	switch {
	case err != nil:
		z.err = err
	case why == finished:
		z.err = io.EOF
	case why == needInput:
		z.err = z.more()
	}
}

// makeRoom moves the window to the beginning of the output when less than as much is free behind it.
func (z *Reader) makeRoom() {
	d := &z.d
	if len(z.out)-d.at >= windowBytes {
		return
	}
	drop := d.at - windowBytes
	copy(z.out, z.out[drop:d.at])
	d.at, z.given = windowBytes, windowBytes
	d.summed -= drop
	d.begin = max(d.begin-drop, 0)
}

// more reads on, behind the input that is not used up.
func (z *Reader) more() error {
	d := &z.d
	d.giveBack()
	rest := copy(z.in, d.src[d.in:])
	d.before += int64(d.in)
	d.in = 0
	if rest == len(z.in) { // in a long header; its length is bounded
		z.in = append(z.in, make([]byte, len(z.in))...)
	}
	n, err := io.ReadAtLeast(z.from, z.in[rest:], 1)
	d.src = z.in[:rest+n]
	if err == io.EOF {
		d.last = true
		return nil
	}
	return err
}
