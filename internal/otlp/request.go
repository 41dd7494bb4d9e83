package otlp

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Group is some spans of one scope, with what stood around them. All are messages without tag and length, as
// the ranges of an Index give them; nil and empty are the same.
type Group struct {
	Resource       []byte   // Resource
	ResourceSchema []byte   // schema_url of the ResourceSpans
	Scope          []byte   // InstrumentationScope
	ScopeSchema    []byte   // schema_url of the ScopeSpans
	Spans          [][]byte // Span
	// Tails, if there are any, are one for each of Spans: more fields of the span, written behind it.
	Tails [][]byte
}

// tail returns what is written behind span i.
func (g *Group) tail(i int) []byte {
	if len(g.Tails) == 0 {
		return nil
	}
	return g.Tails[i]
}

// sameResource tells whether g and h belong in one ResourceSpans.
func (g *Group) sameResource(h *Group) bool {
	return bytes.Equal(g.Resource, h.Resource) && bytes.Equal(g.ResourceSchema, h.ResourceSchema)
}

// sameScope tells whether g and h, of one ResourceSpans, belong in one ScopeSpans.
func (g *Group) sameScope(h *Group) bool {
	return bytes.Equal(g.Scope, h.Scope) && bytes.Equal(g.ScopeSchema, h.ScopeSchema)
}

// prefix returns how many of the leading groups are like the first.
func prefix(groups []Group, same func(g, h *Group) bool) int {
	n := 1
	for n < len(groups) && same(&groups[0], &groups[n]) {
		n++
	}
	return n
}

// AppendRequest appends an ExportTraceServiceRequest (equally a TracesData) that holds the spans of groups in
// their order. Consecutive groups with an equal resource share one ResourceSpans, and with an equal scope too
// one ScopeSpans; equal means the same bytes, schema URLs included. What a sender wrote outside the messages of
// a Group, unknown fields or a ResourceSpans without scopes, is not restored.
func AppendRequest(dst []byte, groups []Group) []byte {
	for len(groups) > 0 {
		n := prefix(groups, (*Group).sameResource)
		dst = appendHead(dst, 1, resourceSpansSize(groups[:n]))
		dst = appendField(dst, 1, groups[0].Resource)
		dst = appendScopes(dst, groups[:n])
		dst = appendField(dst, 3, groups[0].ResourceSchema)
		groups = groups[n:]
	}
	return dst
}

// SizeRequest returns the number of bytes that AppendRequest appends for groups.
func SizeRequest(groups []Group) int {
	size := 0
	for len(groups) > 0 {
		n := prefix(groups, (*Group).sameResource)
		size += nestedSize(resourceSpansSize(groups[:n]))
		groups = groups[n:]
	}
	return size
}

// appendScopes appends the ScopeSpans of groups with one resource.
func appendScopes(dst []byte, groups []Group) []byte {
	for len(groups) > 0 {
		n := prefix(groups, (*Group).sameScope)
		dst = appendHead(dst, 2, scopeSpansSize(groups[:n]))
		dst = appendField(dst, 1, groups[0].Scope)
		for _, g := range groups[:n] {
			for i, span := range g.Spans {
				tail := g.tail(i)
				dst = append(appendHead(dst, 2, len(span)+len(tail)), span...)
				dst = append(dst, tail...)
			}
		}
		dst = appendField(dst, 3, groups[0].ScopeSchema)
		groups = groups[n:]
	}
	return dst
}

// resourceSpansSize is the size of the ResourceSpans message of groups with one resource.
func resourceSpansSize(groups []Group) int {
	size := fieldSize(groups[0].Resource) + fieldSize(groups[0].ResourceSchema)
	for len(groups) > 0 {
		n := prefix(groups, (*Group).sameScope)
		size += nestedSize(scopeSpansSize(groups[:n]))
		groups = groups[n:]
	}
	return size
}

// scopeSpansSize is the size of the ScopeSpans message of groups with one scope.
func scopeSpansSize(groups []Group) int {
	size := fieldSize(groups[0].Scope) + fieldSize(groups[0].ScopeSchema)
	for _, g := range groups {
		for i, span := range g.Spans {
			size += nestedSize(len(span) + len(g.tail(i)))
		}
	}
	return size
}

// appendHead appends the tag of a length-delimited field below 16, and the length.
func appendHead(dst []byte, field byte, size int) []byte {
	return binary.AppendUvarint(append(dst, field<<3|wireLen), uint64(size))
}

// appendField appends a field unless its value is empty, which is what an absent one means.
func appendField(dst []byte, field byte, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	return append(appendHead(dst, field, len(value)), value...)
}

// nestedSize is the size of a length-delimited field below 16 whose value has size bytes.
func nestedSize(size int) int { return 1 + (bits.Len(uint(size)|1)+6)/7 + size }

func fieldSize(value []byte) int {
	if len(value) == 0 {
		return 0
	}
	return nestedSize(len(value))
}
