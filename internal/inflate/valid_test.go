package inflate

import (
	"bytes"
	stdgzip "compress/gzip"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

type writer interface {
	io.WriteCloser
	Flush() error
}

// encoders are the libraries that senders use, with the range of their levels.
var encoders = []struct {
	name        string
	least, most int
	open        func(io.Writer, int) (writer, error)
}{
	{"standard", stdgzip.HuffmanOnly, stdgzip.BestCompression, func(w io.Writer, level int) (writer, error) {
		return stdgzip.NewWriterLevel(w, level)
	}},
	{"klauspost", gzip.StatelessCompression, gzip.BestCompression, func(w io.Writer, level int) (writer, error) {
		return gzip.NewWriterLevel(w, level)
	}},
}

// compress writes data in pieces, flushing after each.
func compress(t testing.TB, encoder, level int, pieces ...[]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := encoders[encoder].open(&buf, level)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pieces {
		if i > 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestValid_EveryEncoderAndLevel(t *testing.T) {
	data := contents(t)
	for name, p := range data {
		for i, encoder := range encoders {
			for level := encoder.least; level <= encoder.most; level++ {
				for _, src := range [][]byte{
					compress(t, i, level, p),
					compress(t, i, level, slices.Collect(slices.Chunk(p, 7001))...), // flushing leaves empty stored blocks
				} {
					if !check(t, src) {
						t.Errorf("%s, %s at level %d: the oracle refuses it", name, encoder.name, level)
					}
				}
			}
		}
	}
}

func TestValid_Members(t *testing.T) {
	a, b := compress(t, 0, 6, []byte("one member")), compress(t, 0, 6, []byte("another member"))
	empty := compress(t, 0, 6)
	src := slices.Concat(a, empty, b, empty, a)
	if !check(t, src) {
		t.Error("the oracle refuses five members")
	}
	got, err := Gunzip([]byte("kept, "), src, limit)
	if want := "kept, one memberanother memberone member"; string(got) != want || err != nil {
		t.Errorf("five members: got %q, error %v, want %q", got, err, want)
	}
	for name, tail := range map[string][]byte{
		"garbage":      []byte("some bytes of garbage"),
		"few bytes":    {0x1f},
		"zeros":        make([]byte, 20),
		"half a frame": a[:len(a)/2],
	} {
		if check(t, slices.Concat(a, tail)) {
			t.Errorf("%s behind a member: the oracle accepts it", name)
		}
	}
}

func TestValid_MemberDoesNotReachIntoTheOneBefore(t *testing.T) {
	// The second member is a stored block and three bytes from 20,000 before. Its trailer fits what a decoder finds that
	// looks into the first; where the first is large, a Reader has moved its window in between.
	for _, history := range []int{30_000, 120_000} {
		var w bitWriter
		w.bits(3, 0b000)
		w.align()
		w.bits(16, 12_000)
		w.bits(16, ^uint(12_000))
		for range 12_000 {
			w.bits(8, 0)
		}
		w.bits(3, 0b011)
		w.code(7, 257-256)
		w.code(5, 28)
		w.bits(13, 20_000-16_385)
		w.code(7, 0) // the end of the block
		src := slices.Concat(compress(t, 0, 6, make([]byte, history)), frame(w.all(), make([]byte, 12_003)))
		if check(t, src) {
			t.Errorf("a distance beyond the beginning of the member, behind %d bytes: the oracle accepts it", history)
		}
	}
}

func TestValid_HeaderFields(t *testing.T) {
	const all = hasExtra | hasName | hasComment | hasHeaderSum
	body := compress(t, 0, 6, []byte("contents"))[headerBytes:]
	for flags := range byte(1 << 6) {
		for _, extra := range []int{0, 1, 65535} {
			for _, name := range []int{0, 1, 511, 512} {
				if flags&all == 0 && extra+name > 0 || flags&hasExtra == 0 && extra > 0 {
					continue
				}
				src := append(header(flags, extra, name), body...)
				// A name of 511 bytes and its zero is the longest that the standard library takes.
				want := flags&(hasName|hasComment) == 0 || name <= 511
				if got := check(t, src); got != want {
					t.Errorf("flags %06b, extra %d, name %d: accepted %v, want %v", flags, extra, name, got, want)
				}
				if flags&hasHeaderSum != 0 && want {
					src[4] ^= 1
					if check(t, src) {
						t.Errorf("flags %06b, extra %d, name %d: accepted with a wrong checksum", flags, extra, name)
					}
				}
			}
		}
	}
}

func TestValid_HeaderTimeIsIgnored(t *testing.T) {
	var buf bytes.Buffer
	w := stdgzip.NewWriter(&buf)
	w.ModTime, w.OS, w.Name = time.Unix(1<<31, 0), 3, "request.pb"
	if _, err := fmt.Fprint(w, "contents"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !check(t, buf.Bytes()) {
		t.Error("the oracle refuses it")
	}
}
