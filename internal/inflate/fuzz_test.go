package inflate

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"
)

// framed makes a member of a deflate stream: of as much of p as the oracle takes, with what it says that it contains,
// so that the member is valid whenever the deflate stream is.
func framed(p []byte) []byte {
	r := bytes.NewReader(p)
	contents, err := io.ReadAll(io.LimitReader(flate.NewReader(r), limit))
	if err != nil {
		return frame(p, nil)
	}
	return frame(p[:len(p)-r.Len()], contents)
}

// FuzzGunzip takes the input as a gzip stream and as a deflate stream.
func FuzzGunzip(f *testing.F) {
	small := []byte("small contents, small contents, and some more of them")
	for i, encoder := range encoders {
		for level := encoder.least; level <= encoder.most; level++ {
			src := compress(f, i, level, small)
			f.Add(src)
			f.Add(src[headerBytes : len(src)-trailerBytes])
		}
	}
	src := compress(f, 0, 6, small)
	f.Add(append(src, src...))
	f.Add(append(header(hasExtra|hasName|hasComment|hasHeaderSum, 3, 4), src[headerBytes:]...))
	f.Fuzz(func(t *testing.T, p []byte) {
		check(t, p)
		check(t, framed(p))
	})
}
