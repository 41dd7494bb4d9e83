package otlp

// The messages of a trace request, made at random by a maker.

func (g *maker) request() msg {
	return g.join(many(g, nil, 3, 1, g.resourceSpans)...)
}

func (g *maker) resourceSpans() msg {
	fields := many(g, nil, 3, 2, g.scopeSpans)
	if g.rare() {
		fields = many(g, fields[:g.r.IntN(len(fields)+1)], 2, 1000, g.scopeSpans)
	}
	if !g.one(4) {
		fields = append(fields, msg{}.bytes(1, g.resource()))
	}
	if g.one(2) {
		fields = append(fields, msg{}.text(3, g.text()))
	}
	return g.join(fields...)
}

func (g *maker) resource() msg {
	fields := many(g, []msg{msg{}.varint(2, g.number())}, 4, 1, func() msg { return g.keyValue(0) })
	return g.join(many(g, fields, 2, 3, g.entityRef)...)
}

func (g *maker) entityRef() msg {
	return g.join(msg{}.text(1, g.text()), msg{}.text(2, g.text()), msg{}.text(3, g.key()), msg{}.text(4, g.key()))
}

func (g *maker) scopeSpans() msg {
	fields := many(g, nil, 4, 2, g.span)
	if !g.one(4) {
		fields = append(fields, msg{}.bytes(1, g.scope()))
	}
	if g.one(2) {
		fields = append(fields, msg{}.text(3, g.text()))
	}
	return g.join(fields...)
}

func (g *maker) scope() msg {
	fields := []msg{msg{}.text(1, g.text()), msg{}.text(2, g.text()), msg{}.varint(4, g.number())}
	return g.join(many(g, fields, 3, 3, func() msg { return g.keyValue(0) })...)
}

func (g *maker) span() msg {
	fields := []msg{
		msg{}.bytes(1, g.id(16)), msg{}.bytes(2, g.id(8)), msg{}.text(3, g.text()), msg{}.text(5, g.text()),
		msg{}.varint(6, g.number()), msg{}.fixed64(7, g.number()), msg{}.fixed64(8, g.number()),
		msg{}.varint(10, g.number()), msg{}.varint(12, g.number()), msg{}.varint(14, g.number()),
		msg{}.fixed32(16, uint32(g.number())),
	}
	if !g.one(3) {
		fields = append(fields, msg{}.bytes(4, g.id(8)), msg{}.bytes(15, g.status()))
	}
	fields = many(g, fields, 8, 9, func() msg { return g.keyValue(0) })
	return g.join(many(g, many(g, fields, 2, 11, g.event), 2, 13, g.link)...)
}

func (g *maker) status() msg { return g.join(msg{}.text(2, g.text()), msg{}.varint(3, g.number())) }

func (g *maker) event() msg {
	fields := []msg{msg{}.fixed64(1, g.number()), msg{}.text(2, g.text()), msg{}.varint(4, g.number())}
	return g.join(many(g, fields, 3, 3, func() msg { return g.keyValue(0) })...)
}

func (g *maker) link() msg {
	fields := []msg{
		msg{}.bytes(1, g.id(16)), msg{}.bytes(2, g.id(8)), msg{}.text(3, g.text()),
		msg{}.varint(5, g.number()), msg{}.fixed32(6, uint32(g.number())),
	}
	return g.join(many(g, fields, 2, 4, func() msg { return g.keyValue(0) })...)
}

func (g *maker) keyValue(depth int) msg {
	fields := []msg{msg{}.text(1, g.key())}
	if !g.one(10) {
		fields = append(fields, msg{}.bytes(2, g.anyValue(depth)))
	}
	return g.join(fields...)
}

func (g *maker) anyValue(depth int) msg {
	switch kind := g.r.IntN(9); {
	case kind == 0:
		return nil
	case kind == 2 || kind == 3 || kind == 8 && g.odd:
		return g.join(msg{}.varint(kind, g.number()))
	case kind == 4:
		return g.join(msg{}.fixed64(4, g.number()))
	case kind == 5 && depth < 4:
		return g.join(msg{}.bytes(5, g.join(many(g, nil, 3, 1, func() msg { return g.anyValue(depth + 1) })...)))
	case kind == 6 && depth < 4:
		return g.join(msg{}.bytes(6, g.join(many(g, nil, 3, 1, func() msg { return g.keyValue(depth + 1) })...)))
	case kind == 7:
		return g.join(msg{}.text(7, g.text()))
	}
	return g.join(msg{}.text(1, g.text()))
}
