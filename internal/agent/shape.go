package agent

import (
	"github.com/tailwise/tailwise/internal/otlp"
)

// hashOf tells values apart within this process. It never returns 0.
func hashOf(a *otlp.Attr, body []byte) uint64 {
	switch a.Type {
	case otlp.ValueBool, otlp.ValueInt, otlp.ValueDouble:
		return mix(uint64(a.Type), a.Num)
	}
	return otlp.Hash(a.Val.In(body)) | 1
}

// shapeOf hashes the names and types of what a tool was given, not the values: {"q":"a","n":1} has the shape of
// {"n":2,"q":"b"}. What is no JSON object has the shape of its type.
func shapeOf(a *otlp.Attr, body []byte) uint64 {
	if a.Type != otlp.ValueString {
		return mix(1, uint64(a.Type))
	}
	shape := uint64(1)
	for scan := scanJSON(body, a.Val); ; {
		path, v, ok := scan.next()
		if !ok {
			return shape | 1
		}
		shape += mix(otlp.Hash(path), uint64(typeOf(&v, body))) // a sum, as the order of members is of no meaning
	}
}

// typeOf is the JSON type of a value: jsonScan returns numbers as text without quotes.
func typeOf(v *otlp.Attr, body []byte) otlp.ValueType {
	if v.Type == otlp.ValueString && (v.Val.Off == 0 || body[v.Val.Off-1] != '"') {
		return otlp.ValueDouble
	}
	return v.Type
}

// mix spreads two words over one.
func mix(a, b uint64) uint64 {
	const odd, odder = 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9
	x := (a + odd) ^ b*odder
	x = (x ^ x>>30) * odder
	return (x ^ x>>27) | 1
}
