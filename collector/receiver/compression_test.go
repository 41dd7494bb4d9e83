package receiver

import (
	"bufio"
	"bytes"
	stdgzip "compress/gzip"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/gzip"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

func TestCompression_OursIsRegistered(t *testing.T) {
	if got, ok := encoding.GetCompressor("gzip").(*grpcGzip); !ok {
		t.Errorf("gzip: got %T, want %T", encoding.GetCompressor("gzip"), got)
	}
	if got, ok := encoding.GetCompressor("zstd").(*grpcZstd); !ok {
		t.Errorf("zstd: got %T, want %T", encoding.GetCompressor("zstd"), got)
	}
}

func TestCompression_RoundTripAndReuse(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		c := encoding.GetCompressor(name)
		for i := range 20 { // the coders come back from their pools
			want := text(1000*i, uint64(i))
			got, err := io.ReadAll(decompress(t, c, compress(t, c, want)))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: round trip %d: got %d bytes, error %v, want the %d bytes", name, i, len(got), err, len(want))
			}
		}
	}
}

func TestCompression_ClosedStreamIsNotAnothers(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		c := encoding.GetCompressor(name)
		first := decompress(t, c, compress(t, c, text(5000, 1)))
		closer := first.(io.Closer)
		closer.Close()
		second := decompress(t, c, compress(t, c, text(5000, 2)))
		if n, err := first.Read(make([]byte, 10)); n != 0 || err == nil {
			t.Errorf("%s: read after close: got %d bytes, error %v, want an error", name, n, err)
		}
		closer.Close()
		if got, err := io.ReadAll(second); err != nil || !bytes.Equal(got, text(5000, 2)) {
			t.Errorf("%s: a second close of the first stream broke the second: %d bytes, error %v", name, len(got), err)
		}
	}
}

func TestCompression_BrokenStream(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		c := encoding.GetCompressor(name)
		whole := compress(t, c, text(5000, 1))
		for _, broken := range [][]byte{nil, []byte("no such format"), whole[:len(whole)/2]} {
			r, err := c.Decompress(mem.BufferSlice{mem.SliceBuffer(broken)}.Reader())
			if err == nil {
				var n int64
				if n, err = io.Copy(io.Discard, r); n == 5000 && err == nil {
					t.Errorf("%s: %d broken bytes: got all of the text", name, len(broken))
				}
				r.(io.Closer).Close()
			}
			if err == nil && len(broken) > 0 {
				t.Errorf("%s: %d broken bytes: got no error", name, len(broken))
			}
		}
	}
}

func compress(t testing.TB, c encoding.Compressor, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := c.Compress(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// decompress reads as gRPC does: from buffers of 16 KiB.
func decompress(t testing.TB, c encoding.Compressor, data []byte) io.Reader {
	t.Helper()
	r, err := c.Decompress(buffers(data).Reader())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func buffers(data []byte) (slice mem.BufferSlice) {
	for len(data) > 16<<10 {
		slice, data = append(slice, mem.SliceBuffer(data[:16<<10])), data[16<<10:]
	}
	return append(slice, mem.SliceBuffer(data))
}

// text is n bytes that compress about as prose does.
func text(n int, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	words := make([]string, 2000)
	for i := range words {
		word := make([]byte, 2+random.IntN(9))
		for j := range word {
			word[j] = byte('a' + random.IntN(26))
		}
		words[i] = string(word)
	}
	buf := make([]byte, 0, n+12)
	for len(buf) < n {
		buf = append(append(buf, words[int(random.ExpFloat64()*150)%len(words)]...), ' ')
	}
	return buf[:n]
}

// klauspost is the library's inflater as it is fastest: pooled, and behind a buffered reader, as it has quick loops for
// a few types of readers only, and gRPC's is not among them.
type klauspost struct {
	grpcGzip
	buffered *bufio.Reader
	z        gzip.Reader
}

func (k *klauspost) Decompress(r io.Reader) (io.Reader, error) {
	k.buffered.Reset(r)
	return &k.z, k.z.Reset(k.buffered)
}

// standard is the standard library's inflater: what HTTP servers of the Collector do unless told otherwise.
type standard struct{ grpcGzip }

func (*standard) Decompress(r io.Reader) (io.Reader, error) { return stdgzip.NewReader(r) }

// BenchmarkGunzip compares our inflater with the libraries' and with zstd, over a request of 4 MiB.
func BenchmarkGunzip(b *testing.B) {
	data := text(4<<20, 1)
	packed := compress(b, new(grpcGzip), data)
	for _, c := range []struct {
		name string
		encoding.Compressor
	}{{"standard", new(standard)}, {"klauspost", &klauspost{buffered: bufio.NewReaderSize(nil, 32<<10)}},
		{"ours", new(grpcGzip)}, {"zstd", new(grpcZstd)}} {
		b.Run(c.name, func(b *testing.B) {
			input := packed
			if c.name == "zstd" {
				input = compress(b, c, data)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				r := decompress(b, c, input)
				if n, err := io.Copy(io.Discard, r); err != nil || n != int64(len(data)) {
					b.Fatalf("got %d bytes, error %v", n, err)
				}
				if closer, ok := r.(io.Closer); ok {
					closer.Close()
				}
			}
		})
	}
}
