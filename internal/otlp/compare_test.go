package otlp

import (
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// comparison holds an index against what pdata decoded from the same body.
type comparison struct {
	t      testing.TB
	x      *Index
	body   []byte
	keys   *Keys
	merged bool // resources and scopes cannot be compared

	resource, scope, span, zeroIDs int // how many were compared
}

func (o *comparison) compare(traces ptrace.Traces) {
	o.t.Helper()
	for _, rs := range traces.ResourceSpans().All() {
		o.compareResource(rs)
		o.resource++
	}
	if o.resource != len(o.x.Resources) || o.scope != len(o.x.Scopes) || o.span != len(o.x.Spans) {
		o.t.Fatalf("%d resources, %d scopes, %d spans; pdata finds %d, %d, %d\nbody %q",
			len(o.x.Resources), len(o.x.Scopes), len(o.x.Spans), o.resource, o.scope, o.span, o.body)
	}
	if o.x.RejectedN < o.zeroIDs {
		o.t.Fatalf("%d spans rejected, pdata finds %d with zero ids", o.x.RejectedN, o.zeroIDs)
	}
}

func (o *comparison) compareResource(rs ptrace.ResourceSpans) {
	o.t.Helper()
	if o.resource >= len(o.x.Resources) {
		o.t.Fatalf("%d resources, pdata finds more\nbody %q", len(o.x.Resources), o.body)
	}
	got := o.x.Resources[o.resource]
	same(o, "resource schema", string(got.Schema.In(o.body)), rs.SchemaUrl())
	if !o.merged {
		o.attrs("resource", got.Attrs, rs.Resource().Attributes())
	}
	for _, ss := range rs.ScopeSpans().All() {
		o.compareScope(ss)
		o.scope++
	}
}

func (o *comparison) compareScope(ss ptrace.ScopeSpans) {
	o.t.Helper()
	if o.scope >= len(o.x.Scopes) {
		o.t.Fatalf("%d scopes, pdata finds more\nbody %q", len(o.x.Scopes), o.body)
	}
	got := o.x.Scopes[o.scope]
	same(o, "scope's resource", int(got.Resource), o.resource)
	same(o, "scope schema", string(got.Schema.In(o.body)), ss.SchemaUrl())
	if !o.merged {
		same(o, "scope name", string(got.Name.In(o.body)), ss.Scope().Name())
		o.attrs("scope", got.Attrs, ss.Scope().Attributes())
	}
	for _, s := range ss.Spans().All() {
		if s.TraceID().IsEmpty() || s.SpanID().IsEmpty() {
			o.zeroIDs++
			continue
		}
		o.compareSpan(s)
		o.span++
	}
}

func (o *comparison) compareSpan(s ptrace.Span) {
	o.t.Helper()
	if o.span >= len(o.x.Spans) {
		o.t.Fatalf("%d spans, pdata finds more\nbody %q", len(o.x.Spans), o.body)
	}
	got := o.x.Spans[o.span]
	same(o, "span's scope", int(got.Scope), o.scope)
	same(o, "trace id", got.Trace, TraceID(s.TraceID()))
	same(o, "span id", got.ID, SpanID(s.SpanID()))
	same(o, "parent", got.Parent, SpanID(s.ParentSpanID()))
	same(o, "start", got.Start, uint64(s.StartTimestamp()))
	same(o, "end", got.End, uint64(s.EndTimestamp()))
	same(o, "name", string(got.Name.In(o.body)), s.Name())
	same(o, "trace state", string(got.TraceState.In(o.body)), s.TraceState().AsRaw())
	same(o, "flags", got.Flags, s.Flags())
	same(o, "kind", int32(got.Kind), inEnum(int32(s.Kind()), 5))
	same(o, "status", int32(got.Status), inEnum(int32(s.Status().Code()), 2))
	same(o, "links", int(got.LinksN), min(s.Links().Len(), 65535))
	o.attrs("span", Run{got.Attrs.From, got.OwnTo}, s.Attributes())
	var events []attr
	for _, e := range s.Events().All() {
		events = append(events, wantAttrs(o.keys, e.Attributes())...)
	}
	same2(o, "event attributes", o.spell(Run{got.OwnTo, got.Attrs.To}), events)
	var linked []TraceID
	for _, l := range s.Links().All() {
		if !l.TraceID().IsEmpty() {
			linked = append(linked, TraceID(l.TraceID()))
		}
	}
	same2(o, "linked traces", o.x.Links[got.LinkTo.From:got.LinkTo.To], linked)
}

func inEnum(v, last int32) int32 {
	if v < 0 || v > last {
		return 0
	}
	return v
}

func (o *comparison) attrs(what string, run Run, m pcommon.Map) {
	o.t.Helper()
	same2(o, what+" attributes", o.spell(run), wantAttrs(o.keys, m))
}

// spell lists the attributes of a run with their values; arrays and maps as pdata writes them.
func (o *comparison) spell(run Run) []attr {
	o.t.Helper()
	var all []attr
	for _, a := range o.x.Attrs[run.From:run.To] {
		val := string(a.Val.In(o.body))
		if a.Type == ValueArray || a.Type == ValueMap {
			value := msg{}.bytes(int(a.Type), a.Val.In(o.body))
			traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(
				msg{}.bytes(1, msg{}.bytes(1, msg{}.bytes(1, msg{}.text(1, "v").bytes(2, value)))))
			if err != nil {
				o.t.Fatalf("value of attribute %d: %v\nbody %q", a.Key, err, o.body)
			}
			v, _ := traces.ResourceSpans().At(0).Resource().Attributes().Get("v")
			val = canonical(v)
		}
		all = append(all, attr{key: a.Key, typ: a.Type, num: a.Num, val: val})
	}
	return all
}

func same[T comparable](o *comparison, what string, got, want T) {
	o.t.Helper()
	if got != want {
		o.t.Fatalf("resource %d, scope %d, span %d: %s: got %v, want %v\nbody %q",
			o.resource, o.scope, o.span, what, got, want, o.body)
	}
}

func same2[T comparable](o *comparison, what string, got, want []T) {
	o.t.Helper()
	if !slices.Equal(got, want) {
		o.t.Fatalf("resource %d, scope %d, span %d: %s: got %v, want %v\nbody %q",
			o.resource, o.scope, o.span, what, got, want, o.body)
	}
}

// deepest returns how deep the attribute values of traces nest.
func deepest(traces ptrace.Traces) int {
	depth := 0
	each := func(m pcommon.Map) { depth = max(depth, mapDepth(m)) }
	for _, rs := range traces.ResourceSpans().All() {
		each(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			each(ss.Scope().Attributes())
			for _, s := range ss.Spans().All() {
				each(s.Attributes())
				for _, e := range s.Events().All() {
					each(e.Attributes())
				}
				for _, l := range s.Links().All() {
					each(l.Attributes())
				}
			}
		}
	}
	return depth
}

func mapDepth(m pcommon.Map) int {
	depth := 0
	for _, v := range m.All() {
		depth = max(depth, valueDepth(v))
	}
	return depth
}

func valueDepth(v pcommon.Value) int {
	depth := -1
	switch v.Type() {
	case pcommon.ValueTypeMap:
		depth = mapDepth(v.Map())
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			depth = max(depth, valueDepth(e))
		}
	default:
		return 0
	}
	return 1 + max(depth, 0)
}
