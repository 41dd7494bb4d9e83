package otlp

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
)

// msg is a protobuf message under construction.
type msg []byte

func (m msg) tag(num, wire int) msg { return binary.AppendUvarint(m, uint64(num)<<3|uint64(wire)) }

func (m msg) bytes(num int, value []byte) msg {
	m = binary.AppendUvarint(m.tag(num, wireLen), uint64(len(value)))
	return append(m, value...)
}

func (m msg) text(num int, value string) msg { return m.bytes(num, []byte(value)) }

func (m msg) varint(num int, v uint64) msg { return binary.AppendUvarint(m.tag(num, wireVarint), v) }

func (m msg) fixed64(num int, v uint64) msg {
	return binary.LittleEndian.AppendUint64(m.tag(num, wireFixed64), v)
}

func (m msg) fixed32(num int, v uint32) msg {
	return binary.LittleEndian.AppendUint32(m.tag(num, wireFixed32), v)
}

// attr appends a KeyValue with a string value under num.
func (m msg) attr(num int, key, value string) msg {
	return m.bytes(num, msg{}.text(1, key).bytes(2, msg{}.text(1, value)))
}

// inRequest wraps a span with valid surroundings.
func inRequest(span []byte) []byte {
	return msg{}.bytes(1, msg{}.bytes(2, msg{}.bytes(2, span)))
}

var (
	someTrace = []byte("0123456789abcdef")
	someID    = []byte("01234567")
)

// okSpan is the least span that Walk keeps.
func okSpan() msg { return msg{}.bytes(1, someTrace).bytes(2, someID) }

// maker writes random requests: with odd false, what a sender may write, in any order of fields; with odd true
// also what no sender should, most of which decoders must nevertheless read.
type maker struct {
	r   *rand.Rand
	odd bool
}

func newMaker(seed uint64, odd bool) *maker {
	return &maker{r: rand.New(rand.NewPCG(seed, 1)), odd: odd}
}

func (g *maker) one(in int) bool { return g.r.IntN(in) == 0 }

// rare is true now and then, and only for odd requests.
func (g *maker) rare() bool { return g.odd && g.one(80) }

// join puts fields together in random order, some of them twice or among unknown ones if odd.
func (g *maker) join(fields ...msg) msg {
	if g.one(3) || g.odd {
		g.r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	}
	var m msg
	for _, f := range fields {
		m = append(m, f...)
		if g.rare() {
			m = append(m, f...)
		}
		if g.rare() {
			m = append(m, g.unknown()...)
		}
	}
	return m
}

func (g *maker) unknown() msg {
	switch num := []int{17, 31, 257, 999, 1001, 1 << 28}[g.r.IntN(6)]; g.r.IntN(7) {
	case 0:
		return msg{}.varint(num, g.number())
	case 1:
		return msg{}.fixed64(num, g.number())
	case 2:
		return msg{}.fixed32(num, uint32(g.number()))
	case 3:
		return msg{}.tag(num, wireGroupStart).tag(num, wireGroupEnd)
	case 4:
		return msg{}.tag(num, wireGroupStart).varint(num, g.number())
	case 5:
		return msg{}.tag(num, 3+g.r.IntN(5))
	default:
		return msg{}.text(num, g.text())
	}
}

func (g *maker) number() uint64 {
	return []uint64{0, 1, 2, 3, 5, 6, 127, 128, 1 << 31, 1<<32 | 1, 1 << 63, g.r.Uint64(), 1<<64 - 1}[g.r.IntN(13)]
}

func (g *maker) text() string {
	return []string{
		"", "x", "llm", "gen_ai", "\xff\xfe not UTF-8", "https://opentelemetry.io/schemas/1.37.0",
		strings.Repeat("long ", 25), strings.Repeat("longer ", 40),
	}[g.r.IntN(8)]
}

func (g *maker) key() string {
	return append([]string{"other", "gen_ai.request.mode1", strings.Repeat("k", 128)}, askedKeys...)[g.r.IntN(len(askedKeys)+3)]
}

func (g *maker) id(size int) []byte {
	id := make([]byte, size)
	if g.rare() {
		return id[:g.r.IntN(size+1)]
	}
	for i := range id {
		id[i] = byte(1 + g.r.IntN(255))
	}
	return id
}

// many appends up to n fields made by f.
func many(g *maker, fields []msg, n, num int, f func() msg) []msg {
	for range g.r.IntN(n + 1) {
		fields = append(fields, msg{}.bytes(num, f()))
	}
	return fields
}
