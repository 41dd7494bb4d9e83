package sampler

import (
	"encoding/binary"
	"time"
	"unsafe"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/otlp"
	"github.com/tailwise/tailwise/internal/wal"
)

// The kinds of record. Numbers are on disk and never change their meaning.
const (
	kindData     wal.Kind = 1 // meta: route; body: the request
	kindVerdicts wal.Kind = 2 // body: decisions
	kindExported wal.Kind = 3 // body: marks
	kindCarried  wal.Kind = 4 // meta: carriedMeta; body: a request
	kindPolicy   wal.Kind = 5 // body: policyUse
)

// recordVersion leads every meta or body of ours. Version 1 is the first.
const recordVersion = 1

// Route says by which way a request came in and so by which way its kept spans go out.
type Route struct {
	Source   string // id of the receiver
	Metadata []KV   // chosen request metadata, sorted by key
}

// KV is one piece of request metadata, such as a tenant's header.
type KV struct {
	Key    string
	Values []string
}

func appendRoute(dst []byte, r Route) []byte {
	dst = append(dst, recordVersion)
	dst = appendString(dst, r.Source)
	dst = binary.AppendUvarint(dst, uint64(len(r.Metadata)))
	for _, kv := range r.Metadata {
		dst = appendString(dst, kv.Key)
		dst = binary.AppendUvarint(dst, uint64(len(kv.Values)))
		for _, v := range kv.Values {
			dst = appendString(dst, v)
		}
	}
	return dst
}

func readRoute(r *reader) Route {
	if r.byte() != recordVersion {
		r.fail()
	}
	route := Route{Source: r.string()}
	for range r.count(2) {
		kv := KV{Key: r.string()}
		for range r.count(1) {
			kv.Values = append(kv.Values, r.string())
		}
		route.Metadata = append(route.Metadata, kv)
	}
	return route
}

// decision is one verdict with all that its effects need: the ledger's row and the marks on exported spans.
type decision struct {
	trace         otlp.TraceID
	verdict       ledger.Verdict
	flags         decisionFlags
	decidedAt     time.Time
	start         time.Time
	duration      time.Duration
	spansN        int
	probability   float64
	policyVersion string
	session       string
	retention     string
	rules         []string
	threshold     string // th for the exported spans' tracestate; empty when not kept by chance
	randomness    string // rv likewise; empty when it need not be written
	facts         []byte // JSON
}

// bytes is the memory that d holds.
func (d *decision) bytes() int {
	n := int(unsafe.Sizeof(*d)) + len(d.facts) + len(d.session)
	for _, rule := range d.rules {
		n += int(unsafe.Sizeof(rule)) + len(rule)
	}
	return n
}

type decisionFlags uint8

const (
	// flagLate marks a fragment that follows an earlier verdict: it has effects and no row of its own.
	flagLate decisionFlags = 1 << iota
	// flagEarly marks a verdict that the memory bound forced before the trace's deadline.
	flagEarly
)

func (f decisionFlags) has(flag decisionFlags) bool { return f&flag != 0 }

func appendDecision(dst []byte, d *decision) []byte {
	dst = append(dst, d.trace[:]...)
	dst = append(dst, byte(d.verdict), byte(d.flags))
	dst = binary.AppendVarint(dst, d.decidedAt.UnixNano())
	dst = binary.AppendVarint(dst, d.start.UnixNano())
	dst = binary.AppendVarint(dst, int64(d.duration))
	dst = binary.AppendUvarint(dst, uint64(d.spansN))
	dst = appendFloat(dst, d.probability)
	for _, s := range [...]string{d.policyVersion, d.session, d.retention, d.threshold, d.randomness} {
		dst = appendString(dst, s)
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.rules)))
	for _, rule := range d.rules {
		dst = appendString(dst, rule)
	}
	return appendString(dst, d.facts)
}

func readDecision(r *reader) *decision {
	d := new(decision)
	r.id((*[16]byte)(&d.trace))
	d.verdict, d.flags = ledger.Verdict(r.byte()), decisionFlags(r.byte())
	d.decidedAt = time.Unix(0, r.varint()).UTC()
	d.start = time.Unix(0, r.varint()).UTC()
	d.duration = time.Duration(r.varint())
	d.spansN = int(r.uvarint())
	d.probability = r.float()
	for _, s := range [...]*string{&d.policyVersion, &d.session, &d.retention, &d.threshold, &d.randomness} {
		*s = r.string()
	}
	for range r.count(1) {
		d.rules = append(d.rules, r.string())
	}
	d.facts = append([]byte(nil), r.bytes()...)
	return d
}

// encodeDecisions renders the body of a verdicts record.
func encodeDecisions(ds []*decision) []byte {
	dst := append(make([]byte, 0, 64+512*len(ds)), recordVersion)
	dst = binary.AppendUvarint(dst, uint64(len(ds)))
	for _, d := range ds {
		dst = appendDecision(dst, d)
	}
	return dst
}

func decodeDecisions(body []byte) ([]*decision, error) {
	r := &reader{buf: body}
	if r.byte() != recordVersion {
		return nil, errShort
	}
	var ds []*decision
	for range r.count(minDecisionBytes) {
		ds = append(ds, readDecision(r))
	}
	return ds, r.done()
}

// minDecisionBytes is the size of a decision whose strings are all empty.
const minDecisionBytes = 16 + 2 + 4 + 8 + 7

// mark says that the backend has answered for a trace.
type mark struct {
	trace     otlp.TraceID
	decidedAt time.Time    // of the decision, by which the ledger finds its row
	at        time.Time    // when it answered
	through   wal.Position // everything of the trace that entered the log up to here is answered for
	refused   string       // why the backend refused for good; empty: accepted
}

func encodeMarks(marks []mark) []byte {
	dst := append(make([]byte, 0, 16+48*len(marks)), recordVersion)
	dst = binary.AppendUvarint(dst, uint64(len(marks)))
	for _, m := range marks {
		dst = append(dst, m.trace[:]...)
		dst = binary.AppendVarint(dst, m.decidedAt.UnixNano())
		dst = binary.AppendVarint(dst, m.at.UnixNano())
		dst = binary.AppendUvarint(dst, uint64(m.through))
		dst = appendString(dst, m.refused)
	}
	return dst
}

func decodeMarks(body []byte) ([]mark, error) {
	r := &reader{buf: body}
	if r.byte() != recordVersion {
		return nil, errShort
	}
	var marks []mark
	for range r.count(16 + 4) {
		var m mark
		r.id((*[16]byte)(&m.trace))
		m.decidedAt = time.Unix(0, r.varint()).UTC()
		m.at = time.Unix(0, r.varint()).UTC()
		m.through = wal.Position(r.uvarint())
		m.refused = r.string()
		marks = append(marks, m)
	}
	return marks, r.done()
}

// carriedMeta says what a carried record holds: spans of one trace, each run of them from one older record.
type carriedMeta struct {
	route    Route
	trace    otlp.TraceID
	origins  []origin
	decision *decision // of a kept trace that is not exported; nil while it is open
	refused  string    // set when the backend has refused the trace
}

// origin is a run of spans, in the order of the carried body, that first stood in one record.
type origin struct {
	position wal.Position
	spansN   int
}

func encodeCarried(m carriedMeta) []byte {
	dst := appendRoute(nil, m.route)
	dst = append(dst, m.trace[:]...)
	dst = binary.AppendUvarint(dst, uint64(len(m.origins)))
	for _, o := range m.origins {
		dst = binary.AppendUvarint(dst, uint64(o.position))
		dst = binary.AppendUvarint(dst, uint64(o.spansN))
	}
	dst = appendString(dst, m.refused)
	if m.decision == nil {
		return append(dst, 0)
	}
	return appendDecision(append(dst, 1), m.decision)
}

func decodeCarried(meta []byte) (carriedMeta, error) {
	r := &reader{buf: meta}
	m := carriedMeta{route: readRoute(r)}
	r.id((*[16]byte)(&m.trace))
	for range r.count(2) {
		m.origins = append(m.origins, origin{wal.Position(r.uvarint()), int(r.uvarint())})
	}
	m.refused = r.string()
	if r.byte() == 1 {
		m.decision = readDecision(r)
	}
	return m, r.done()
}

func encodePolicyUse(u ledger.PolicyUse) []byte {
	dst := []byte{recordVersion}
	dst = appendString(dst, u.Version)
	dst = appendString(dst, u.Text)
	dst = binary.AppendVarint(dst, u.From.UnixNano())
	return binary.AppendVarint(dst, int64(u.Calibrate))
}

func decodePolicyUse(body []byte) (ledger.PolicyUse, error) {
	r := &reader{buf: body}
	if r.byte() != recordVersion {
		return ledger.PolicyUse{}, errShort
	}
	u := ledger.PolicyUse{Version: r.string(), Text: append([]byte(nil), r.bytes()...)}
	u.From = time.Unix(0, r.varint()).UTC()
	u.Calibrate = time.Duration(r.varint())
	return u, r.done()
}
