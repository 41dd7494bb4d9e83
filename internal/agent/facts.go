package agent

import (
	"math"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Facts is what is known of one trace: sums, extremes and names, folded span by span with a Plan, and a few words
// for each span, from which what depends on the tree is found out when it is first asked for. The zero value is
// ready. It belongs to one goroutine.
//
// Invariant: facts do not depend on the order in which spans were folded. Whatever only one span can supply is taken
// from the lowest by rank, bounded sets keep the lowest values, and the tree is built of sorted spans, so a restart
// that reads the spans in another order comes to the same verdict.
type Facts struct {
	plan *Plan // of the first fold; nil before

	start, end uint64 // Unix nanoseconds; 0: no span has one

	spans, errors, roots int64

	root          rootFacts
	service       pick
	environment   pick
	agent         pick
	session       pick
	user          pick
	tenant        pick
	feature       pick
	version       pick
	prompt        pick
	promptVersion pick
	promptClass   pick
	incident      pick

	services    textSet
	models      textSet // named by calls to models
	otherModels textSet // named by the spans around them

	signals signals

	attrs []attrFold // by place in Plan.Attrs

	// What the tree is made of.
	nodes []node
	acts  bool // one of them is more than code that runs, and the tree has something to count
	calls []call
	uses  []use
	words wordList

	tree *treeFacts // of the spans folded so far; nil: not found out yet
}

// rootFacts is what the earliest root says.
type rootFacts struct {
	pick
	status uint8
}

func addCount(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// MaxTexts is how many texts a textSet holds: the lowest.
const MaxTexts = 32

// textSet is a sorted set of texts.
type textSet []string

func (s *textSet) add(text string) {
	at, found := slices.BinarySearch(*s, text)
	if found || at == MaxTexts {
		return
	}
	if len(*s) == MaxTexts {
		*s = (*s)[:MaxTexts-1]
	}
	*s = slices.Insert(*s, at, text)
}

// addBytes is add, and quick for what is there.
func (s *textSet) addBytes(b []byte, in *Interner) {
	for _, text := range *s {
		if text == string(b) {
			return
		}
	}
	s.add(in.text(b))
}

func (s *textSet) reset() {
	clear(*s)
	*s = (*s)[:0]
}

// Reset makes f as new and keeps the memory of its slices for the next trace, unless this one was far larger than
// others.
func (f *Facts) Reset() {
	old := *f
	old.services.reset()
	old.models.reset()
	old.otherModels.reset()
	for i := range old.attrs {
		old.attrs[i].reset()
	}
	*f = Facts{services: old.services, models: old.models, otherModels: old.otherModels, attrs: old.attrs[:0]}
	if cap(old.nodes) <= usualNodes {
		f.nodes, f.calls, f.uses = old.nodes[:0], old.calls[:0], old.uses[:0]
	}
	old.words.reset()
	old.signals.reset()
	old.forgetTree()
	f.words, f.signals = old.words, old.signals
}

// usualNodes is how many spans facts keep room for.
const usualNodes = 64

// Start returns when the first span began, in Unix nanoseconds; 0 if no span says.
func (f *Facts) Start() uint64 { return f.start }

// End returns when the last span ended, in Unix nanoseconds; 0 if no span says.
func (f *Facts) End() uint64 { return f.end }

// Duration returns the time from Start to End. It is 0 where either is not known or they are the wrong way round,
// and the longest possible where it would be longer.
func (f *Facts) Duration() time.Duration {
	if f.start == 0 || f.end <= f.start {
		return 0
	}
	return time.Duration(min(f.end-f.start, math.MaxInt64))
}

// HasRoot tells whether a span without parent has been folded.
func (f *Facts) HasRoot() bool { return f.roots > 0 }

// Session returns the id of the conversation that the trace belongs to, as it may be stored and shown: a value over
// 128 bytes is replaced by its hash. It is empty where no span names one.
func (f *Facts) Session() string { return shown(f.session.text) }

// modelNames returns the models that calls name, or else those that the spans around them name.
func (f *Facts) modelNames() []string {
	if len(f.models) > 0 {
		return f.models
	}
	return f.otherModels
}

// Attr returns what is known of an attribute key, and false if no span had it or the plan does not gather it.
func (f *Facts) Attr(key string) (AttrStats, bool) {
	if f.plan == nil {
		return AttrStats{}, false
	}
	i, found := slices.BinarySearch(f.plan.attrs, key)
	if !found || f.attrs[i].count == 0 {
		return AttrStats{}, false
	}
	return f.attrs[i].stats(), true
}

// Bytes returns roughly how much memory f holds. Texts that an Interner shares are counted by their headers only.
func (f *Facts) Bytes() int {
	const header = int(unsafe.Sizeof(""))
	n := int(unsafe.Sizeof(*f)) + header*(cap(f.services)+cap(f.models)+cap(f.otherModels))
	for _, p := range []*pick{&f.session, &f.user, &f.tenant, &f.feature} {
		n += len(p.text)
	}
	n += cap(f.nodes)*int(unsafe.Sizeof(node{})) + cap(f.calls)*int(unsafe.Sizeof(call{})) + cap(f.uses)*int(unsafe.Sizeof(use{}))
	n += f.words.bytes() + f.signals.bytes() + f.tree.bytes()
	n += cap(f.attrs) * int(unsafe.Sizeof(attrFold{}))
	for i := range f.attrs {
		a := &f.attrs[i]
		n += 8*cap(a.sum) + cap(a.values)*int(unsafe.Sizeof(Value{}))
		for _, v := range a.values {
			if len(v.text) > maxShared {
				n += len(v.text)
			}
		}
	}
	return n
}

// begin ties f to the plan that it is folded with.
//
// Requires: facts of two plans are never mixed; the caller resets f first and folds all spans again.
func (f *Facts) begin(p *Plan) {
	f.forgetTree()
	if f.plan == p {
		return
	}
	if f.plan != nil {
		panic("agent: facts were folded with another plan: " + strings.Join(f.plan.attrs, ", "))
	}
	f.plan = p
	f.attrs = slices.Grow(f.attrs[:0], len(p.attrs))[:len(p.attrs)]
}
