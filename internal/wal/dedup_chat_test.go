package wal

import (
	"encoding/binary"
	"math/rand"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// letters is text in which nothing repeats.
func letters(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rng.Intn(26))
	}
	return b
}

// chat is conversations whose requests carry all that was said so far, after a prompt that they share.
type chat struct {
	rng       *rand.Rand
	prompts   [][]byte
	histories [][]byte
}

func newChat(seed int64, prompts [][]byte) *chat {
	return &chat{rng: rand.New(rand.NewSource(seed)), prompts: prompts, histories: make([][]byte, 3)}
}

// next is a record of one to four calls, each with a prompt and a history between bytes that are new.
func (c *chat) next() *Record {
	r := &Record{Kind: 1, Meta: letters(c.rng, c.rng.Intn(20))}
	for range 1 + c.rng.Intn(4) {
		h := &c.histories[c.rng.Intn(len(c.histories))]
		if len(*h) > 12<<10 {
			*h = nil
		}
		*h = append(*h, letters(c.rng, c.rng.Intn(3000))...)
		for _, value := range [][]byte{c.prompts[c.rng.Intn(len(c.prompts))], *h} {
			r.Body = append(r.Body, letters(c.rng, c.rng.Intn(100))...)
			r.Large = append(r.Large, Range{uint32(len(r.Body)), uint32(len(value))})
			r.Body = append(r.Body, value...)
		}
	}
	r.Body = append(r.Body, letters(c.rng, c.rng.Intn(100))...)
	return r
}

func prompts(rng *rand.Rand) (p [][]byte) {
	for _, n := range []int{100, dedupLeast, dedupBlock - 1, 3 * dedupBlock, 5000} {
		p = append(p, letters(rng, n))
	}
	return p
}

// places says for each byte of a record's body where in its segment it stands. It follows docs/formats/wal.md and shares
// nothing with the reader.
func places(t testing.TB, segment []byte, p Position) []uint32 {
	t.Helper()
	head := segment[p.Offset():]
	metaLen, bodyLen := binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
	at := p.Offset() + 32 + metaLen
	end := at + bodyLen
	table := segment[end:end]
	if head[5]&2 != 0 {
		tableLen := binary.LittleEndian.Uint32(segment[end-8:])
		table = segment[end-16-tableLen : end-16]
		end -= 16 + tableLen
	}
	var body []uint32
	run := func(from, n uint32) {
		for i := range n {
			body = append(body, from+i)
		}
	}
	for len(table) > 0 {
		var v [3]uint32
		for i := range v {
			u, n := binary.Uvarint(table)
			v[i], table = uint32(u), table[n:]
		}
		run(at, v[0])
		run(v[2], v[1])
		at += v[0]
	}
	run(at, end-at)
	return body
}

func readSegment(t testing.TB, fsys durable.FS, id SegmentID) []byte {
	t.Helper()
	f, err := fsys.Open("data/wal/" + segmentName(id))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) {
		t.Fatal(err)
	}
	return b
}
