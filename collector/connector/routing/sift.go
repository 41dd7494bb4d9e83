package routing

// list is a slice of pdata: of spans, of log records, of metrics, of data points.
type list[E any] interface {
	Len() int
	RemoveIf(func(E) bool)
	AppendEmpty() E
}

// element is an element of such a slice.
type element[E any] interface {
	MoveTo(E)
	CopyTo(E)
}

// sift moves or copies the elements that match to the list that to makes, in their order; to is called only when there
// is one. It reports whether a move has left the list empty, or found it so.
func sift[L list[E], E element[E]](from L, to func() L, moves bool, matches func(E) bool) bool {
	from.RemoveIf(func(e E) bool {
		if !matches(e) {
			return false
		}
		taken := to().AppendEmpty()
		if moves {
			e.MoveTo(taken)
		} else {
			e.CopyTo(taken)
		}
		return moves
	})
	return moves && from.Len() == 0
}
