package otlp

import (
	"slices"
	"testing"
)

// level is a message somewhere in a request, which around puts into an otherwise sound one.
type level struct {
	name   string
	bytes  msg
	around func(m msg) msg
}

// levels returns a small message of every kind with all its fields set.
func levels() []level {
	in := func(num int, before msg, around func(msg) msg) func(msg) msg {
		return func(m msg) msg { return around(before.bytes(num, m)) }
	}
	whole := func(m msg) msg { return m }
	inResourceSpans := in(1, nil, whole)
	inScopeSpans := in(2, nil, inResourceSpans)
	inSpan := in(2, nil, inScopeSpans)
	inResource, inScope := in(1, nil, inResourceSpans), in(1, nil, inScopeSpans)
	inAttr := in(9, okSpan(), inSpan)
	inValue := in(2, msg{}.text(1, "k"), inAttr)

	array := msg{}.bytes(1, msg{}.varint(3, 300)).bytes(1, msg{}.text(1, "e"))
	kvlist := msg{}.attr(1, "x", "y")
	attr := msg{}.text(1, "k").bytes(2, msg{}.text(1, "v"))
	event := msg{}.fixed64(1, 9).text(2, "e").bytes(3, attr).varint(4, 1)
	link := msg{}.bytes(1, someTrace).bytes(2, someID).text(3, "s").bytes(4, attr).varint(5, 1).fixed32(6, 1)
	status := msg{}.text(2, "bad").varint(3, 2)
	span := okSpan().text(3, "s").bytes(4, someID).text(5, "n").varint(6, 3).fixed64(7, 1).fixed64(8, 2).
		bytes(9, attr).varint(10, 1).bytes(11, event).varint(12, 1).bytes(13, link).varint(14, 1).
		bytes(15, status).fixed32(16, 257)
	entity := msg{}.text(1, "u").text(2, "t").text(3, "i").text(4, "d")
	resource := msg{}.bytes(1, attr).varint(2, 1).bytes(3, entity)
	scope := msg{}.text(1, "n").text(2, "v").bytes(3, attr).varint(4, 1)
	scopeSpans := msg{}.bytes(1, scope).bytes(2, okSpan()).text(3, "u")
	resourceSpans := msg{}.bytes(1, resource).bytes(2, scopeSpans).text(3, "u").bytes(1000, scopeSpans)
	return []level{
		{"request", msg{}.bytes(1, resourceSpans).bytes(1, nil), whole},
		{"resource spans", resourceSpans, inResourceSpans},
		{"resource", resource, inResource},
		{"entity ref", entity, in(3, nil, inResource)},
		{"scope spans", scopeSpans, inScopeSpans},
		{"scope", scope, inScope},
		{"span", span, inSpan},
		{"event", event, in(11, okSpan(), inSpan)},
		{"link", link, in(13, okSpan(), inSpan)},
		{"status", status, in(15, okSpan(), inSpan)},
		{"attribute", attr, inAttr},
		{"attribute, value first", msg{}.bytes(2, msg{}.fixed64(4, 1)).text(1, "k"), inAttr},
		{"value: string", msg{}.text(1, "v"), inValue},
		{"value: bool", msg{}.varint(2, 1), inValue},
		{"value: int", msg{}.varint(3, 1<<63), inValue},
		{"value: double", msg{}.fixed64(4, 1), inValue},
		{"value: array", msg{}.bytes(5, array), inValue},
		{"value: map", msg{}.bytes(6, kvlist), inValue},
		{"value: bytes", msg{}.text(7, "b"), inValue},
		{"value: index", msg{}.varint(8, 1), inValue},
		{"array", array, in(5, nil, inValue)},
		{"map", kvlist, in(6, nil, inValue)},
	}
}

// TestWalk_Mutations damages each kind of message in every place, while what is around it stays sound, so that
// the damage is met where that kind is read; then it damages the whole request in the same ways.
func TestWalk_Mutations(t *testing.T) {
	for _, l := range levels() {
		t.Run(l.name, func(t *testing.T) {
			if _, ok := agree(t, l.around(l.bytes)); !ok {
				t.Fatal("refused before any damage")
			}
			taken, refused := 0, 0
			count := func(m msg) {
				if _, ok := agree(t, m); ok {
					taken++
				} else {
					refused++
				}
			}
			damage(l.bytes, func(m msg) { count(l.around(m)) })
			damage(l.around(l.bytes), count)
			if taken == 0 || refused == 0 {
				t.Errorf("%d taken, %d refused, want some of both", taken, refused)
			}
		})
	}
}

// damage calls f with m cut short at every byte, and with every byte changed, left out and doubled.
func damage(m msg, f func(msg)) {
	for i := range m {
		f(slices.Clone(m[:i]))
		f(slices.Delete(slices.Clone(m), i, i+1))
		f(slices.Insert(slices.Clone(m), i, m[i]))
		for _, flip := range []byte{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff, m[i]} {
			changed := slices.Clone(m)
			changed[i] ^= flip
			f(changed)
		}
	}
}
