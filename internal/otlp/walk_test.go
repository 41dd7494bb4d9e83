package otlp

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// walkOne walks a request of one span and returns it.
func walkOne(t *testing.T, span []byte) (Index, Span, []byte) {
	t.Helper()
	body := inRequest(span)
	x, ok := agree(t, body)
	if !ok || len(x.Spans) != 1 {
		t.Fatalf("taken %v, %d spans, want one\nbody %q", ok, len(x.Spans), body)
	}
	return x, x.Spans[0], body
}

func TestWalk_Empty(t *testing.T) {
	for _, body := range [][]byte{nil, {}, msg{}.bytes(1, nil), msg{}.bytes(1, msg{}.bytes(2, nil))} {
		if x, ok := agree(t, body); !ok || len(x.Spans) != 0 || x.RejectedN != 0 {
			t.Errorf("%q: taken %v, %d spans, %d rejected, want an empty index", body, ok, len(x.Spans), x.RejectedN)
		}
	}
}

func TestWalk_AbsentAndEmptyRanges(t *testing.T) {
	x, s, _ := walkOne(t, okSpan().text(5, ""))
	if s.Name == (Range{}) || s.Name.Len != 0 {
		t.Errorf("empty name: got %v, want a place without bytes", s.Name)
	}
	if s.TraceState != (Range{}) || x.Resources[0].Msg != (Range{}) || x.Scopes[0].Msg != (Range{}) {
		t.Errorf("absent: got %v, %v, %v, want zero ranges", s.TraceState, x.Resources[0].Msg, x.Scopes[0].Msg)
	}
}

// TestWalk_Reuse proves that a walk leaves nothing of the one before.
func TestWalk_Reuse(t *testing.T) {
	keys := NewKeys(askedKeys)
	var used Index
	for seed := range uint64(50) {
		body := newMaker(seed, false).request()
		var fresh Index
		if err := errors.Join(used.Walk(body, keys), fresh.Walk(body, keys)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(used.Spans, fresh.Spans) || !slices.Equal(used.Attrs, fresh.Attrs) ||
			!slices.Equal(used.Resources, fresh.Resources) || !slices.Equal(used.Scopes, fresh.Scopes) ||
			!slices.Equal(used.Links, fresh.Links) {
			t.Fatalf("seed %d: used index gives %+v\nfresh one %+v", seed, used, fresh)
		}
	}
}

func TestWalk_NoAllocation(t *testing.T) {
	keys := NewKeys(askedKeys)
	body := newMaker(7, false).request()
	var x Index
	walk := func() {
		if err := x.Walk(body, keys); err != nil {
			t.Fatal(err)
		}
	}
	if got := testing.AllocsPerRun(20, walk); got != 0 || len(x.Spans) == 0 {
		t.Errorf("a walk over %d spans allocates %v times, want 0", len(x.Spans), got)
	}
}

func TestWalk_WrongIDs(t *testing.T) {
	link := msg{}.bytes(1, someTrace).bytes(2, someID)
	for name, span := range map[string]msg{
		"no ids":                nil,
		"no span id":            msg{}.bytes(1, someTrace),
		"trace id zero":         msg{}.bytes(1, make([]byte, 16)).bytes(2, someID),
		"trace id emptied":      okSpan().bytes(1, nil),
		"trace id of 15":        msg{}.bytes(1, someTrace[:15]).bytes(2, someID),
		"trace id of 17":        msg{}.bytes(1, append(someTrace[:16:16], 1)).bytes(2, someID),
		"trace id of 15, of 16": msg{}.bytes(1, someTrace[:15]).bytes(1, someTrace).bytes(2, someID),
		"span id zero":          msg{}.bytes(1, someTrace).bytes(2, make([]byte, 8)),
		"span id of 7":          msg{}.bytes(1, someTrace).bytes(2, someID[:7]),
		"parent of 9":           okSpan().bytes(4, append(someID[:8:8], 1)),
		"link's trace id of 8":  okSpan().bytes(13, msg{}.bytes(1, someID)),
		"link's span id of 16":  okSpan().bytes(13, msg{}.bytes(2, someTrace)),
		"late":                  okSpan().bytes(13, link).attr(9, "k", "v").bytes(4, someID[:1]),
	} {
		t.Run(name, func(t *testing.T) {
			x, ok := agree(t, msg{}.bytes(1, msg{}.bytes(2, msg{}.bytes(2, okSpan()).bytes(2, span).bytes(2, okSpan()))))
			if !ok || len(x.Spans) != 2 || x.RejectedN != 1 || len(x.Attrs) != 0 || len(x.Links) != 0 {
				t.Errorf("taken %v: %d spans, %d rejected, %d attributes, %d links; want 2, 1, 0, 0",
					ok, len(x.Spans), x.RejectedN, len(x.Attrs), len(x.Links))
			}
		})
	}
}

func TestWalk_EmptyParentIsRoot(t *testing.T) {
	if _, s, _ := walkOne(t, okSpan().bytes(4, someID).bytes(4, nil)); s.Parent != (SpanID{}) {
		t.Errorf("parent: got %x, want none", s.Parent)
	}
}

func TestWalk_Links(t *testing.T) {
	span := okSpan().
		bytes(13, msg{}.bytes(1, someTrace).bytes(2, someID)).
		bytes(13, msg{}.attr(4, "k", "not collected")).
		bytes(13, msg{}.bytes(1, bytes.Repeat([]byte{7}, 16)))
	x, s, _ := walkOne(t, span)
	want := []TraceID{TraceID(someTrace), {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}}
	if got := x.Links[s.LinkTo.From:s.LinkTo.To]; !slices.Equal(got, want) || s.LinksN != 3 || len(x.Attrs) != 0 {
		t.Errorf("got %x of %d links, %d attributes; want %x of 3, 0", got, s.LinksN, len(x.Attrs), want)
	}
	many := okSpan()
	for range math.MaxUint16 + 5 {
		many = many.bytes(13, nil)
	}
	if _, s, _ := walkOne(t, many); s.LinksN != math.MaxUint16 {
		t.Errorf("links of %d: got %d, want %d", math.MaxUint16+5, s.LinksN, math.MaxUint16)
	}
}

// TestWalk_OwnAttributesFirst has events before, between and after the attributes.
func TestWalk_OwnAttributesFirst(t *testing.T) {
	event := func(v string) msg { return msg{}.attr(3, "k", v) }
	x, s, body := walkOne(t, okSpan().bytes(11, event("e1")).attr(9, "k", "a1").bytes(11, event("e2")).attr(9, "k", "a2"))
	var got []string
	for _, a := range x.Attrs[s.Attrs.From:s.Attrs.To] {
		got = append(got, string(a.Val.In(body)))
	}
	if want := []string{"a1", "a2", "e1", "e2"}; !slices.Equal(got, want) || s.OwnTo != 2 {
		t.Errorf("got %q, own to %d; want %q, own to 2", got, s.OwnTo, want)
	}
}

// TestWalk_LongTags writes a field's tag in more bytes than it needs, which decoders allow.
func TestWalk_LongTags(t *testing.T) {
	attr := msg{}.text(1, "k").bytes(2, msg{}.text(1, "v"))
	long := append(okSpan(), 9<<3|wireLen|0x80, 0x80, 0x80, 0, byte(len(attr)))
	if x, _, _ := walkOne(t, append(long, attr...)); len(x.Attrs) != 1 {
		t.Errorf("%d attributes, want 1", len(x.Attrs))
	}
	cut := append(okSpan(), 0xaa, 0x80, 0x80, 0x80, 0x80, 0x01, 1, 'n') // field 5 and bits beyond the number's 31
	if _, s, body := walkOne(t, cut); string(s.Name.In(body)) != "n" {
		t.Errorf("name %q, want n", s.Name.In(body))
	}
}

// TestWalk_FarFields has field numbers that look like known ones if only their low bits are kept.
func TestWalk_FarFields(t *testing.T) {
	value := msg{}.text(1, "v").varint(257, 1).varint(258, 1).varint(1<<16|3, 9)
	x, s, _ := walkOne(t, okSpan().bytes(9, msg{}.text(1, "k").bytes(2, value)).varint(256+6, 2).text(256+5, "n"))
	if x.Attrs[0].Type != ValueString || s.Kind != 0 || s.Name != (Range{}) {
		t.Errorf("got type %d, kind %d, name %v; want a string, 0, none", x.Attrs[0].Type, s.Kind, s.Name)
	}
}

// TestWalk_Merges has singular messages in two pieces, which count as one.
func TestWalk_Merges(t *testing.T) {
	_, s, _ := walkOne(t, okSpan().bytes(15, msg{}.varint(3, 2)).bytes(15, msg{}.text(2, "why")))
	if s.Status != 2 {
		t.Errorf("status %d, want 2", s.Status)
	}
	two := msg{}.text(1, "other").bytes(2, msg{}.varint(3, 42)).bytes(2, nil).text(1, "k")
	if x, _, _ := walkOne(t, okSpan().bytes(9, two)); len(x.Attrs) != 1 || x.Attrs[0].Num != 42 {
		t.Errorf("attribute in pieces: got %+v, want one of 42", x.Attrs)
	}
}

// TestWalk_LastKindOfValue has values that are of several kinds, of which the last counts.
func TestWalk_LastKindOfValue(t *testing.T) {
	for _, c := range []struct {
		value msg
		want  ValueType
	}{
		{msg{}.text(1, "v").varint(3, 1), ValueInt},
		{msg{}.varint(3, 1).text(1, "v"), ValueString},
		{msg{}.text(7, "b").bytes(5, nil).varint(2, 1), ValueBool},
		{msg{}.bytes(6, nil).fixed64(4, 1), ValueDouble},
		{msg{}.text(1, "v").varint(8, 1), ValueEmpty},
	} {
		x, _, _ := walkOne(t, okSpan().bytes(9, msg{}.text(1, "k").bytes(2, c.value)))
		if len(x.Attrs) != 1 || x.Attrs[0].Type != c.want {
			t.Errorf("%q: got %+v, want one of type %d", c.value, x.Attrs, c.want)
		}
	}
}

// TestWalk_LastResource proves the documented difference from pdata: the last of two pieces stands alone.
func TestWalk_LastResource(t *testing.T) {
	first, last := msg{}.attr(1, "k", "first"), msg{}.attr(1, "k", "last")
	scopes := msg{}.bytes(1, msg{}.attr(3, "k", "a").text(1, "n")).bytes(2, okSpan()).bytes(1, msg{}.attr(3, "k", "b"))
	body := msg{}.bytes(1, msg{}.bytes(1, first).bytes(2, scopes).bytes(1, last))
	x, ok := agree(t, body)
	if !ok || !bytes.Equal(x.Resources[0].Msg.In(body), last) {
		t.Fatalf("taken %v, resource %q, want %q", ok, x.Resources[0].Msg.In(body), last)
	}
	for what, run := range map[string]Run{"last": x.Resources[0].Attrs, "b": x.Scopes[0].Attrs} {
		if run.To-run.From != 1 || string(x.Attrs[run.From].Val.In(body)) != what {
			t.Errorf("attributes %v, want one of %q", run, what)
		}
	}
	if x.Scopes[0].Name != (Range{}) {
		t.Errorf("scope name %q, want none", x.Scopes[0].Name.In(body))
	}
}

func TestWalk_OldScopeSpans(t *testing.T) {
	old := msg{}.bytes(1000, msg{}.bytes(2, okSpan().bytes(13, msg{}.bytes(1, someTrace))).bytes(1, msg{}.attr(3, "k", "v")))
	if x, ok := agree(t, msg{}.bytes(1, old)); !ok || len(x.Spans) != 1 || x.RejectedN != 0 {
		t.Errorf("alone: taken %v, %d spans, %d rejected; want 1, 0", ok, len(x.Spans), x.RejectedN)
	}
	x, ok := agree(t, msg{}.bytes(1, old.bytes(2, msg{}.bytes(2, okSpan()))))
	if !ok || len(x.Spans) != 1 || x.RejectedN != 1 || len(x.Scopes) != 1 || len(x.Attrs) != 0 || len(x.Links) != 0 {
		t.Errorf("beside new ones: taken %v, %d spans, %d rejected, %d scopes; want 1, 1, 1", ok, len(x.Spans), x.RejectedN, len(x.Scopes))
	}
	if _, ok := agree(t, msg{}.bytes(1, msg{}.bytes(1000, []byte{0xff}).bytes(2, nil))); ok {
		t.Error("malformed ones that do not count are taken, want refused")
	}
}

func TestWalk_Depth(t *testing.T) {
	nest := func(levels int) []byte {
		value := msg{}.text(1, "deep")
		for i := range levels {
			if i%2 == 0 {
				value = msg{}.bytes(5, msg{}.bytes(1, value))
			} else {
				value = msg{}.bytes(6, msg{}.bytes(1, msg{}.text(1, "k").bytes(2, value)))
			}
		}
		return inRequest(okSpan().bytes(9, msg{}.text(1, "k").bytes(2, value)))
	}
	if _, ok := agree(t, nest(maxDepth)); !ok {
		t.Errorf("%d levels are refused, want taken", maxDepth)
	}
	var x Index
	err := x.Walk(nest(maxDepth+1), nil)
	if !errors.Is(err, ErrMalformed) || !strings.HasSuffix(err.Error(), "value nested more than 1000 deep") {
		t.Errorf("%d levels: %v, want malformed", maxDepth+1, err)
	}
}

func TestWalk_Groups(t *testing.T) {
	start, end := msg{}.tag(30, wireGroupStart), msg{}.tag(30, wireGroupEnd)
	for _, c := range []struct {
		name  string
		group msg
		want  bool
	}{
		{"empty", slices.Concat(start, end), true},
		{"nested", slices.Concat(start, start, end, end), true},
		{"with a value", slices.Concat(start, msg{}.varint(1, 1), end), false},
		{"without end, as pdata takes it", start, true},
		{"end alone", end, false},
		{"many levels", slices.Concat(bytes.Repeat(start, 5000), bytes.Repeat(end, 5000)), true},
	} {
		if _, ok := agree(t, inRequest(slices.Concat(c.group, okSpan()))); ok != c.want {
			t.Errorf("%s: taken %v, want %v", c.name, ok, c.want)
		}
	}
	if _, ok := agree(t, inRequest(slices.Concat(okSpan(), start, end))); ok {
		t.Error("last in the message: taken, want refused as pdata does")
	}
}
