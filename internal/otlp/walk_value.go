package otlp

import (
	"encoding/binary"
	"fmt"
)

var (
	keyValueWires = wires{anyWire, wireLen, wireLen, wireVarint}
	anyValueWires = wires{
		anyWire, wireLen, wireVarint, wireVarint, wireFixed64, wireLen, wireLen, wireLen, wireVarint,
	}
	valuesWires = wires{anyWire, wireLen} // ArrayValue and KeyValueList
)

// attr reads a KeyValue and appends it to x.Attrs if its key is asked for.
func (w *walk) attr(b []byte, pos int) bool {
	key, typ, val, end := plainAttr(b, pos)
	if end != 0 {
		if typ == ValueString && end-int(val) >= LargeValue {
			w.x.Large = append(w.x.Large, between(int(val), end))
		}
		if id, found := w.keys.Find(key); found {
			w.x.Attrs = append(w.x.Attrs, plainValue(id, typ, val, end))
		}
		return true
	}
	name, a, ok := w.keyValue(b, pos, 0)
	if !ok {
		return false
	}
	if a.Val.Len >= LargeValue {
		w.x.Large = append(w.x.Large, a.Val)
	}
	if id, found := w.keys.Find(name.In(b)); found {
		a.Key = id
		w.x.Attrs = append(w.x.Attrs, a)
	}
	return true
}

// plainAttr reads a KeyValue in the form that nearly all have: one key and one value, a string, bool, int or
// double, in either order (SDKs write the key first, a Collector the value), and nothing else. A string is
// b[val:end]. Any other form, and any fault, gives end zero, and keyValue has to look.
func plainAttr(b []byte, pos int) (key []byte, typ ValueType, val uint64, end int) {
	const keyHead, valueHead = 1<<3 | wireLen, 2<<3 | wireLen
	if len(b)-pos < 2 {
		return nil, 0, 0, 0
	}
	from, to := pos+2, pos+2+int(b[pos+1])
	if b[pos+1] >= 0x80 {
		from, to = longPiece(b, pos+1)
	}
	if to < 0 || to+1 >= len(b) {
		return nil, 0, 0, 0
	}
	from2, to2 := to+2, to+2+int(b[to+1])
	if b[to+1] >= 0x80 {
		from2, to2 = longPiece(b, to+1)
	}
	if to2 != len(b) {
		return nil, 0, 0, 0
	}
	switch {
	case b[pos] == keyHead && b[to] == valueHead:
		typ, val, end = plainScalar(b, from2)
		return b[from:to], typ, val, end
	case b[pos] == valueHead && b[to] == keyHead:
		typ, val, end = plainScalar(b[:to], from)
		return b[from2:to2], typ, val, end
	}
	return nil, 0, 0, 0
}

// plainScalar reads the AnyValue from pos to the end of b for plainAttr.
func plainScalar(b []byte, pos int) (typ ValueType, val uint64, end int) {
	if pos >= len(b) {
		return 0, 0, 0
	}
	switch head := b[pos]; head {
	case 1<<3 | wireLen:
		if from, to := piece(b, pos+1); to == len(b) {
			return ValueString, uint64(from), to
		}
	case 2<<3 | wireVarint, 3<<3 | wireVarint:
		if val, next := varint(b, pos+1); next == len(b) {
			return ValueType(head >> 3), val, next
		}
	case 4<<3 | wireFixed64:
		if len(b)-pos == 9 {
			return ValueDouble, binary.LittleEndian.Uint64(b[pos+1:]), len(b)
		}
	}
	return 0, 0, 0
}

// plainValue makes the Attr of what plainAttr found.
func plainValue(id KeyID, typ ValueType, val uint64, end int) Attr {
	switch typ {
	case ValueString:
		return Attr{Key: id, Type: typ, Val: between(int(val), end)}
	case ValueBool:
		return Attr{Key: id, Type: typ, Num: min(val, 1)}
	}
	return Attr{Key: id, Type: typ, Num: val}
}

// keyValue reads a KeyValue of any form: the last key, and the last value of those it has. The Attr has no Key.
// The value of a KeyValue stands depth values deep.
func (w *walk) keyValue(b []byte, pos, depth int) (key Range, a Attr, ok bool) {
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !keyValueWires.allow(tag) {
			return key, a, w.fail("attribute", b, pos)
		}
		switch tag {
		case 1<<3 | wireLen:
			key = between(int(val), next)
		case 2<<3 | wireLen:
			if !w.anyValue(b[:next], int(val), depth, &a) {
				return key, a, false
			}
		}
		pos = next
	}
	return key, a, true
}

// anyValue reads a value into a, which keeps what it had if the message is empty, and checks what is nested.
func (w *walk) anyValue(b []byte, pos, depth int, a *Attr) bool {
	if depth > maxDepth {
		w.err = &MalformedError{Offset: pos, What: fmt.Sprintf("attribute: value nested more than %d deep", maxDepth)}
		return false
	}
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !anyValueWires.allow(tag) {
			return w.fail("attribute value", b, pos)
		}
		switch typ := ValueType(tag >> 3 & 0xf); tag {
		case 1<<3 | wireLen, 7<<3 | wireLen:
			*a = Attr{Type: typ, Val: between(int(val), next)}
		case 2<<3 | wireVarint:
			*a = Attr{Type: typ, Num: min(val, 1)}
		case 3<<3 | wireVarint, 4<<3 | wireFixed64:
			*a = Attr{Type: typ, Num: val}
		case 5<<3 | wireLen, 6<<3 | wireLen:
			*a = Attr{Type: typ, Val: between(int(val), next)}
			if !w.values(b[:next], int(val), depth+1, typ) {
				return false
			}
		case 8<<3 | wireVarint: // an index into a string table, which traces have not
			*a = Attr{}
		}
		pos = next
	}
	return true
}

// values checks the elements of an array or a map.
func (w *walk) values(b []byte, pos, depth int, typ ValueType) bool {
	for pos < len(b) {
		tag, val, next := readField(b, pos)
		if next < 0 || !valuesWires.allow(tag) {
			return w.fail("attribute value", b, pos)
		}
		if tag == 1<<3|wireLen && !w.element(b[:next], int(val), depth, typ) {
			return false
		}
		pos = next
	}
	return true
}

func (w *walk) element(b []byte, pos, depth int, typ ValueType) bool {
	if typ == ValueArray {
		var a Attr
		return w.anyValue(b, pos, depth, &a)
	}
	_, _, ok := w.keyValue(b, pos, depth)
	return ok
}
