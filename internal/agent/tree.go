package agent

import (
	"slices"
	"sync"
	"unsafe"
)

// treeFacts is what depends on which span is below which.
type treeFacts struct {
	usage      Usage
	usageKnown bool

	cost, reported int64 // nano-dollars; reported is the part that spans say themselves
	costKnown      bool
	reportedKnown  bool
	unpriced       textSet // models that the price table does not have
	unpricedN      int64   // calls to them

	llmCalls, llmErrors                    int64
	toolCalls, toolErrors, toolTimeouts    int64
	toolRepeats, toolRejections            int64
	retrievals, embeddings, handoffs       int64
	retries, steps, orphans, runs, topRuns int64
	turnSpans                              int64
	toolNames                              textSet
	agents                                 textSet
	agent                                  wordID // of the earliest run
}

func (t *treeFacts) reset() {
	unpriced, tools, agents := t.unpriced, t.toolNames, t.agents
	unpriced.reset()
	tools.reset()
	agents.reset()
	*t = treeFacts{unpriced: unpriced, toolNames: tools, agents: agents}
}

func (t *treeFacts) bytes() int {
	if t == nil {
		return 0
	}
	return int(unsafe.Sizeof(*t)) + int(unsafe.Sizeof(""))*(cap(t.unpriced)+cap(t.toolNames)+cap(t.agents))
}

// trees are pooled: a trace has one from its first question to its last.
var trees = sync.Pool{New: func() any { return new(treeFacts) }}

// finish finds out what depends on the tree, once for the spans that were folded so far. The walk of a trace of 45
// spans takes a few microseconds, where keeping it up to date with every span would cost more and depend on their order.
func (f *Facts) finish() *treeFacts {
	if f.tree == nil {
		f.tree = trees.Get().(*treeFacts)
		if f.acts {
			f.walkTree(nil)
		} else {
			f.countOrphans()
		}
	}
	return f.tree
}

// countOrphans does what is left of the walk where no span is an action: services' traces need not pay for agents'.
func (f *Facts) countOrphans() {
	w := walkers.Get().(*walker)
	defer w.done()
	w.facts = f
	if !w.link() { // then the order tells which of them is whose parent
		f.sortNodes()
		w.link()
	}
	w.arrange()
	for i := range f.nodes {
		if w.isOrphan(int32(i)) {
			f.tree.orphans++
		}
	}
}

// forgetTree gives up what depends on the tree, as more spans come or the facts are used for another trace.
func (f *Facts) forgetTree() {
	if f.tree != nil {
		f.tree.reset()
		trees.Put(f.tree)
		f.tree = nil
	}
}

// walker is one walk over the tree of a trace. Walkers are pooled, so that it allocates nothing once warm.
type walker struct {
	facts  *Facts
	emit   func(*Action) bool // nil: count into facts.tree
	show   func(*Span) bool   // nil: nobody asks for spans
	ended  bool               // emit wants no more
	action Action             // of the span being visited
	span   Span               // likewise, for show

	slots   []int32          // open addressing by span id: places of nodes, and of parents that are missing
	missing []uint64         // ids of parents that are missing
	parents []int32          // by node: its parent's place; from len(nodes) on: rootGroup, then the missing ones
	before  []int32          // by node: the sibling that started before it; -1: none
	last    []int32          // by place of a parent: the child that started last; -1: none
	pending []int32          // by node: children that were not seen yet
	order   []int32          // nodes, children before their parents
	below   []belowBits      // by node: what is somewhere under it
	flags   []nodeFlags      // by node: its own, and what children say of it
	marks   []markBits       // by node
	about   []context        // by node: what is above it, and itself
	steps   []steps          // by run, from 1; 0: of spans that are under none
	numbers []int32          // by node: of a step, its number
	uses    []uint64         // of tools: name and arguments
	fails   []uint64         // of tools that failed: name and shape
	answers map[uint64]int32 // by the id of a model's response: the call that it was first seen on
}

// belowBits says what there is under a span.
type belowBits uint8

const (
	belowLLM       belowBits = 1 << iota // a call to a model that the span is only a cover of
	belowLLMUsed                         // one that says what it used
	belowEmbedUsed                       // the same of embeddings and reranks
	belowAnyUsed                         // a call to a model that says what it used, however far below
	belowCost                            // one that says what it cost
	belowAnyCost                         // anything that says what it cost, however far below
	// belowCover are those that do not reach through a tool or another run.
	belowCover = belowLLM | belowLLMUsed | belowEmbedUsed | belowCost
)

type markBits uint8

const (
	markAttempt markBits = 1 << iota // another attempt replaced it
	markRun                          // a part of a pipeline that stands for the run
	markUsage                        // what it says of usage counts
	markCost                         // the cost that it reports counts
	markPrice                        // its usage counts and nobody reports its cost
)

// context is what is above a span, itself included.
type context struct {
	run, step, tool int32 // places of nodes; -1: none
	turn            bool
	attempt         bool     // it is part of an attempt that another one replaced
	claimed         bool     // a sum above counts for all of it
	paid            payment  // a reported cost above counts for it
	near            SpanKind // the nearest tool, run or call to a model
	agent           wordID
}

// payment says who reports the cost of a span.
type payment uint8

const (
	unpaid    payment = iota
	paidCall          // the call that the span is a part of
	paidBySum         // a span around calls
)

// steps are the steps of one run.
type steps struct {
	written bool   // by spans of their own
	number  int32  // of the last
	end     uint64 // of its calls to models
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

// walkTree walks over the tree and counts, or gives each action to emit until it returns false.
func (f *Facts) walkTree(emit func(*Action) bool) { f.walkWith(emit, nil) }

func (f *Facts) walkWith(emit func(*Action) bool, show func(*Span) bool) {
	w := walkers.Get().(*walker)
	w.facts, w.emit, w.show, w.ended = f, emit, show, false
	f.sortNodes()
	w.link()
	w.adopt()
	w.arrange()
	w.lookBelow()
	w.findAttempts()
	w.descend()
	if emit == nil {
		w.countLoops()
	}
	w.done()
}

// done returns the walker to the pool.
func (w *walker) done() {
	const most = 4096 // spans that a pooled walker keeps room for
	if cap(w.order) <= most {
		w.facts, w.emit, w.show = nil, nil, nil
		walkers.Put(w)
	}
}

// sized returns s with n elements that are zero.
func sized[T any](s []T, n int) []T {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}
