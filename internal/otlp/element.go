package otlp

// EachElement calls fn for every string, bool, int and double in the array at r, which is the Val of a ValueArray that a
// walk of body has found. The Attr has no Key.
func EachElement(body []byte, r Range, fn func(Attr)) {
	b := body[:r.Off+r.Len]
	for pos := int(r.Off); pos < len(b); {
		tag, val, next := readField(b, pos)
		if next < 0 {
			return // which the walk would have refused
		}
		if tag == 1<<3|wireLen {
			var w walk
			var a Attr
			if w.anyValue(b[:next], int(val), 1, &a) && a.Type >= ValueString && a.Type <= ValueDouble {
				fn(a)
			}
		}
		pos = next
	}
}
