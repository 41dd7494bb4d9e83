package otlp

// TraceID and SpanID are the identifiers of the OTLP wire, in its byte order.
type (
	TraceID [16]byte
	SpanID  [8]byte
)

// Range is a run of bytes of the body that was walked. A zero Range is absent.
type Range struct{ Off, Len uint32 }

// In returns the bytes of body that r names. They alias body.
func (r Range) In(body []byte) []byte { return body[r.Off : r.Off+r.Len : r.Off+r.Len] }

// Run is a run of entries in one of the slices of an Index: [From, To).
type Run struct{ From, To uint32 }

// ValueType says how an attribute's value was written.
type ValueType uint8

// The kinds of AnyValue, in the order of the protocol's field numbers.
const (
	ValueEmpty  ValueType = iota
	ValueString           // Val: the text
	ValueBool             // Num: 0 or 1
	ValueInt              // Num: the bits of an int64
	ValueDouble           // Num: math.Float64bits
	ValueArray            // Val: the ArrayValue message
	ValueMap              // Val: the KeyValueList message
	ValueBytes            // Val: the bytes
)

// Attr is one attribute whose key was asked for.
type Attr struct {
	Key  KeyID
	Type ValueType
	Num  uint64
	Val  Range
}

// Resource is one ResourceSpans message.
type Resource struct {
	Msg    Range // the Resource message; absent when the sender wrote none
	Schema Range // schema_url of the ResourceSpans
	Attrs  Run   // into Index.Attrs
}

// Scope is one ScopeSpans message.
type Scope struct {
	Resource uint32 // into Index.Resources
	Msg      Range  // the InstrumentationScope message; absent when the sender wrote none
	Name     Range  // name of the InstrumentationScope, in Msg
	Schema   Range  // schema_url of the ScopeSpans
	Attrs    Run    // into Index.Attrs
}

// Span is what the walk takes from one span. Times are Unix nanoseconds as they came, unchecked.
type Span struct {
	Trace      TraceID
	ID         SpanID
	Parent     SpanID // zero: a root
	Start, End uint64
	Hash       uint64 // Hash of the span's own bytes; good within this process
	Msg        Range  // the Span message, without tag and length
	Name       Range
	TraceState Range
	Attrs      Run    // into Index.Attrs: the span's own attributes, then its events', each in wire order
	LinkTo     Run    // into Index.Links: the traces that its links name
	OwnTo      uint32 // into Index.Attrs: where the span's own attributes end and its events' begin
	Scope      uint32 // into Index.Scopes
	Flags      uint32
	Kind       uint8  // SpanKind; values outside the enumeration are 0
	Status     uint8  // StatusCode: 0 unset, 1 ok, 2 error; values outside are 0
	LinksN     uint16 // links of any kind, valid or not; stops at the largest uint16
}

// LargeValue is the length, in bytes, from which Walk notes the place of an attribute's value.
const LargeValue = 256

// Index is what one walk found in one body. It may be reused; the slices keep their capacity.
type Index struct {
	Resources []Resource
	Scopes    []Scope
	Spans     []Span // only those with a valid trace id and span id
	Attrs     []Attr
	Links     []TraceID // trace ids named by span links; a link whose trace id is zero names none
	Large     []Range   // values of attributes of at least LargeValue bytes, of spans, events, scopes and resources
	RejectedN int       // spans left out: ids that Walk says no to, or in a place that receivers ignore
}

// Reset empties x and keeps its memory.
func (x *Index) Reset() {
	x.Resources, x.Scopes, x.Spans = x.Resources[:0], x.Scopes[:0], x.Spans[:0]
	x.Attrs, x.Links, x.Large, x.RejectedN = x.Attrs[:0], x.Links[:0], x.Large[:0], 0
}
