package inflate

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/tailwise/tailwise/internal/traffic"
)

// limit is above what any test's stream contains.
const limit = 64 << 20

// readers come back from stream to stream, so that what one leaves behind meets the next.
var readers = sync.Pool{New: func() any { return NewReader(nil) }}

// read decodes with a Reader of src, as it is seen through view.
func read(src io.Reader, view func(io.Reader) io.Reader) ([]byte, error) {
	z := readers.Get().(*Reader)
	defer readers.Put(z)
	z.Reset(src)
	return io.ReadAll(view(z))
}

func asIs(r io.Reader) io.Reader { return r }

// oracle is what the standard library says of a stream.
func oracle(src []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, limit))
}

// check holds every way to decode src against the oracle, and returns whether it is a valid stream.
func check(t testing.TB, src []byte) bool {
	t.Helper()
	want, wantErr := oracle(src)
	compare := func(how string, got []byte, err error) {
		t.Helper()
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: got error %v, want %v; stream of %d bytes %x", how, err, wantErr, len(src), head(src))
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%s: got %d bytes, want %d, different from byte %d; stream of %d bytes %x",
				how, len(got), len(want), firstDifference(got, want), len(src), head(src))
		}
	}
	got, err := Gunzip(nil, src, limit)
	compare("growing", got, err)
	got, err = inRoom(t, src, len(want))
	compare("exact room", got, err)
	got, err = inRoom(t, src, len(want)+outSlack+100)
	compare("ample room", got, err)
	got, err = read(bytes.NewReader(src), asIs)
	compare("reader", got, err)
	if len(src) < 100_000 {
		got, err = read(iotest.HalfReader(iotest.DataErrReader(bytes.NewReader(src))), iotest.OneByteReader)
		compare("reader in small pieces", got, err)
		got, err = read(iotest.OneByteReader(bytes.NewReader(src)), asIs)
		compare("reader byte by byte", got, err)
	}
	return wantErr == nil
}

// inRoom decodes into a slice with room for n bytes, and fails if a byte around it changes.
func inRoom(t testing.TB, src []byte, n int) ([]byte, error) {
	t.Helper()
	const fence = 512
	memory := bytes.Repeat([]byte{0xa5}, fence+n+fence)
	dst := memory[fence : fence : fence+n]
	got, err := Gunzip(dst, src, limit)
	for _, outside := range [][]byte{memory[:fence], memory[fence+n:]} {
		if !bytes.Equal(outside, bytes.Repeat([]byte{0xa5}, fence)) {
			t.Fatalf("room of %d bytes: bytes around it changed; stream of %d bytes %x", n, len(src), head(src))
		}
	}
	return got, err
}

func head(p []byte) []byte { return p[:min(len(p), 200)] }

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// request is an OTLP request of about n spans.
func request(t testing.TB, profile traffic.Profile, n int) []byte {
	t.Helper()
	g, err := traffic.New(traffic.Config{Profile: profile, Concurrent: 10 * n, Shares: traffic.DefaultShares})
	if err != nil {
		t.Fatal(err)
	}
	for e := traffic.NewEmitter(g, 0); ; {
		batch, ok := e.Next()
		if !ok {
			t.Fatalf("%s traffic ended before a request of %d spans", profile, n)
		}
		if batch.SpansN >= n {
			return batch.Encode()
		}
	}
}

// contents are what the tests compress.
func contents(t testing.TB) map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 60_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	return map[string][]byte{
		"empty":  {},
		"byte":   {7},
		"agent":  request(t, traffic.Agent, 30),
		"small":  request(t, traffic.Small, 100),
		"zeros":  make([]byte, 150_000),
		"noise":  noise,
		"skewed": skewed(50_000, random),
		"near":   near(random),
		"far":    append(append(bytes.Clone(noise[:32<<10]), noise[:32<<10]...), noise[:33<<10]...),
	}
}

// skewed is n bytes, each half as frequent as the one before: their codes are as long as codes get.
func skewed(n int, random *rand.Rand) []byte {
	p := make([]byte, n)
	for i := range p {
		for random.Uint32()&1 == 0 && p[i] < 40 {
			p[i]++
		}
	}
	return p
}

// near repeats at every short distance, for every short length.
func near(random *rand.Rand) (p []byte) {
	for distance := 1; distance < 40; distance++ {
		for length := range 80 {
			for range distance {
				p = append(p, byte(random.Uint32()))
			}
			for range length {
				p = append(p, p[len(p)-distance])
			}
		}
	}
	return p
}
