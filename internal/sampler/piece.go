package sampler

// piece is spans of one trace that came by one route.
type piece struct {
	groups []group
	spans  []spanRef // in the order of groups
	bytes  int64
}

// split cuts a trace's spans into pieces of one route each, and of at most limit bytes unless one span is larger.
func split(groups []group, spans []spanRef, limit int64) []piece {
	var pieces []piece
	current := make(map[routeID]int) // the piece that takes more of a route
	at := 0
	for _, g := range groups {
		refs := spans[at : at+int(g.spansN)]
		at += int(g.spansN)
		for _, ref := range refs {
			i, ok := current[g.route]
			if !ok || pieces[i].bytes+int64(ref.Len) > limit {
				i = len(pieces)
				current[g.route] = i
				pieces = append(pieces, piece{})
			}
			pieces[i].add(g, ref)
		}
	}
	return pieces
}

func (p *piece) add(g group, ref spanRef) {
	if n := len(p.groups); n == 0 || !p.groups[n-1].holds(g.position, g.origin, g.scopeIndex) {
		g.spansN, g.bytes = 0, 0
		p.groups = append(p.groups, g)
		p.bytes += int64(g.resource.Len + g.resourceSchema.Len + g.scope.Len + g.scopeSchema.Len)
	}
	last := &p.groups[len(p.groups)-1]
	last.spansN++
	last.bytes += ref.Len
	p.spans = append(p.spans, ref)
	p.bytes += int64(ref.Len)
}
