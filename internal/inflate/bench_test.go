package inflate

import (
	"bytes"
	stdgzip "compress/gzip"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/tailwise/tailwise/internal/traffic"
)

// BenchmarkGunzip decodes requests as each library does it fastest: a whole body in memory, decoders used again. The
// rate is of what comes out.
func BenchmarkGunzip(b *testing.B) {
	for _, profile := range []traffic.Profile{traffic.Agent, traffic.Small} {
		p := request(b, profile, 300)
		src := compress(b, 0, 6, p)
		dst := make([]byte, 0, len(p))
		from := bytes.NewReader(src)

		run := func(name string, decode func() error) {
			b.Run(string(profile)+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					from.Reset(src)
					if err := decode(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("gunzip", func() error {
			_, err := Gunzip(dst, src, len(p))
			return err
		})
		z := NewReader(nil)
		run("reader", func() error {
			z.Reset(from)
			return readAll(z, dst[:len(p)])
		})
		k, s := new(gzip.Reader), new(stdgzip.Reader)
		run("klauspost", func() error {
			if err := k.Reset(from); err != nil {
				return err
			}
			return readAll(k, dst[:len(p)])
		})
		run("standard", func() error {
			if err := s.Reset(from); err != nil {
				return err
			}
			return readAll(s, dst[:len(p)])
		})
	}
}

// readAll reads exactly p and the end of the stream.
func readAll(r io.Reader, p []byte) error {
	if _, err := io.ReadFull(r, p); err != nil {
		return err
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return io.ErrShortBuffer
	}
	return nil
}
