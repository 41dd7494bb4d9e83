package agent

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/tailwise/tailwise/internal/otlp"
)

// node is what is remembered of one span for the tree: 48 bytes.
type node struct {
	id, parent uint64
	start      uint64   // Unix nanoseconds; 0: not set
	length     uint32   // in units of lengthUnit; stops at the largest uint32, which is 73 minutes
	name       wordID   // model that was asked for, tool or agent, by kind
	agent      wordID   // of the agent that the span says it belongs to
	side       int32    // a model's call: into Facts.calls; a tool's: into Facts.uses; -1: none
	origin     origin   // of what wrote the span
	kind       SpanKind // never spanEcho
	flags      nodeFlags
	dialect    Dialect
	resent     uint8 // attempts that the span says came before it
}

// origin is what wrote a span: 24 bits of a hash of its scope's name, and below them the place of its service's name in
// the wordList, 0 where it has none or the place does not fit.
type origin uint32

func newOrigin(scope []byte, service wordID) origin {
	o := origin(otlp.Hash(scope)) &^ math.MaxUint8
	if service <= math.MaxUint8 {
		o |= origin(service)
	}
	return o
}

// scope tells scopes apart.
func (o origin) scope() uint32 { return uint32(o >> 8) }

func (o origin) service() wordID { return wordID(o & math.MaxUint8) }

// lengthUnit is in nanoseconds.
const lengthUnit = 1 << 10

type nodeFlags uint8

const (
	flagFailed  nodeFlags = 1 << iota
	flagTimeout           // it failed because something took too long
	flagEcho              // no action itself; what it used counts
	flagSized             // the span says when it ended
)

func (f nodeFlags) has(flag nodeFlags) bool { return f&flag != 0 }

// isPlain tells whether nothing but the span's place is ever counted: it is a service's own, or a request that is not
// known to have been sent again.
func (n *node) isPlain() bool {
	return (n.kind == SpanOther || n.kind == SpanHTTP) && n.side < 0 && n.resent == 0 && !n.flags.has(flagEcho)
}

// end returns when the span ended, in Unix nanoseconds, rounded down.
func (n *node) end() uint64 { return n.start + uint64(n.length)*lengthUnit }

// call is what a span says of the use of a model, its own or the sum of those below it: 48 bytes.
type call struct {
	usage    compactUsage
	model    wordID // that answered, or else was asked for
	provider wordID
	said     callSaid
	tier     tier
	cost     int64  // nano-dollars, as reported
	response uint64 // hash of the response's id; 0: none
}

type callSaid uint8

const (
	saidUsage callSaid = 1 << iota
	saidCost
)

// tier is the tier of service that a call was made in, where it has a price of its own.
type tier uint8

const (
	tierStandard tier = iota
	tierBatch
	tierFlex
	tierPriority
	tierFast
)

var tierNames = [...]string{"", "batch", "flex", "priority", "fast"}

// compactUsage is a Usage of one call, which role.most bounds.
type compactUsage struct{ input, read, write, output, reasoning uint32 }

// use is what a tool was given.
type use struct {
	arguments uint64 // hash; 0: not said
	shape     uint64 // hash of the shape of the arguments, of tools that failed; 0: not known
}

// wordID is a place in a wordList; 0 is no word.
type wordID uint32

// wordList is the distinct names that the spans of a trace carry.
type wordList struct {
	list   []string          // from the second place on
	places map[string]wordID // once there are too many to look through
	own    int               // bytes of those in places
}

// fewWords is up to how many names a list is looked through.
const fewWords = 16

// of returns the place of a name, which it adds if it is new.
func (w *wordList) of(b []byte, in *Interner) wordID {
	if len(b) == 0 {
		return 0
	}
	if len(w.list) == 0 {
		w.list = append(w.list, "")
	}
	if w.places == nil {
		for i, s := range w.list {
			if s == string(b) {
				return wordID(i)
			}
		}
	} else if id, known := w.places[string(b)]; known {
		return id
	}
	return w.add(in.text(b), b)
}

// add puts a name in. Texts that the Interner changed, because they are too long or no UTF-8, may be there already.
func (w *wordList) add(text string, raw []byte) wordID {
	if len(text) > maxShared {
		text = hashText(text)
	}
	if text != string(raw) {
		if id, known := w.places[text]; known {
			return id
		}
		if at := slices.Index(w.list[:min(len(w.list), fewWords+1)], text); at >= 0 {
			return wordID(at)
		}
	}
	id := wordID(len(w.list))
	w.list = append(w.list, text)
	if len(w.list) > fewWords && w.places == nil {
		w.places = make(map[string]wordID, 4*fewWords)
		for i, s := range w.list {
			w.places[s] = wordID(i)
		}
	}
	if w.places != nil {
		w.places[text] = id
		w.own += len(text)
	}
	return id
}

func (w *wordList) text(id wordID) string {
	if id == 0 {
		return ""
	}
	return w.list[id]
}

func (w *wordList) reset() {
	if cap(w.list) > 4*fewWords {
		*w = wordList{}
		return
	}
	clear(w.list)
	*w = wordList{list: w.list[:0]}
}

func (w *wordList) bytes() int {
	const header, entry = 16, 48 // of a slice's place and of a map's
	return header*cap(w.list) + entry*len(w.places) + w.own
}

// sortNodes puts the spans in an order that does not depend on the one in which they came.
func (f *Facts) sortNodes() {
	slices.SortFunc(f.nodes, func(a, b node) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		if a.id != b.id {
			return cmp.Compare(a.id, b.id)
		}
		return f.compareAlike(&a, &b)
	})
}

// compareAlike orders spans with the same start and id, which only faulty libraries send, by all that they say.
func (f *Facts) compareAlike(a, b *node) int {
	return cmp.Or(
		cmp.Compare(a.parent, b.parent), cmp.Compare(a.length, b.length), cmp.Compare(a.kind, b.kind),
		cmp.Compare(a.flags, b.flags), cmp.Compare(a.dialect, b.dialect), cmp.Compare(a.resent, b.resent),
		cmp.Compare(f.words.text(a.name), f.words.text(b.name)), cmp.Compare(f.words.text(a.agent), f.words.text(b.agent)),
		f.compareSides(a, b),
	)
}

func (f *Facts) compareSides(a, b *node) int {
	if a.kind != b.kind {
		return 0 // which has been compared
	}
	if a.side < 0 || b.side < 0 {
		return -cmp.Compare(min(a.side, 0), min(b.side, 0))
	}
	if a.kind == SpanTool {
		u, v := &f.uses[a.side], &f.uses[b.side]
		return cmp.Or(cmp.Compare(u.arguments, v.arguments), cmp.Compare(u.shape, v.shape))
	}
	c, d := &f.calls[a.side], &f.calls[b.side]
	return cmp.Or(
		cmp.Compare(c.usage.input, d.usage.input), cmp.Compare(c.usage.read, d.usage.read), cmp.Compare(c.usage.write, d.usage.write),
		cmp.Compare(c.usage.output, d.usage.output), cmp.Compare(c.usage.reasoning, d.usage.reasoning), cmp.Compare(c.said, d.said),
		cmp.Compare(c.cost, d.cost), cmp.Compare(f.words.text(c.model), f.words.text(d.model)),
		cmp.Compare(f.words.text(c.provider), f.words.text(d.provider)), cmp.Compare(c.response, d.response),
	)
}

// idOf packs a span's id into a word.
func idOf(id [8]byte) uint64 { return binary.BigEndian.Uint64(id[:]) }
