package agent

import (
	"strconv"
	"time"
)

// AppendJSON appends f as an object under the names that rules use: a duration in seconds, text over 128 bytes as
// "sha256:" and 16 hexadecimal digits, and under "attrs" what is known of the attribute keys that the policy asks
// for. Unknown facts are left out, and so are zero and false of those facts that are never unknown, except the oldest
// ones (spans, errors, roots, llm.calls, tool.calls). Equal facts give equal bytes. It is what a ledger row holds.
func (f *Facts) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	n := len(dst)
	for i := range facts {
		dst = f.appendFact(dst, &facts[i], len(dst) > n)
	}
	if f.hasAttrs() {
		if len(dst) > n {
			dst = append(dst, ',')
		}
		dst = append(dst, `"attrs":`...)
		dst = f.appendAttrs(dst)
	}
	return append(dst, '}')
}

// appendFact appends a member, with a comma before it if another precedes it, unless the fact is unknown.
func (f *Facts) appendFact(dst []byte, row *fact, comma bool) []byte {
	var number int64
	var float float64
	var text string
	var texts []string
	var known bool
	switch row.Type {
	case TypeText:
		text, known = row.text(f)
	case TypeTexts:
		texts, known = row.texts(f)
	case TypeFloat:
		float, known = row.float(f)
	default:
		number, known = row.number(f)
	}
	if !known || row.quiet && number == 0 {
		return dst
	}
	dst = appendKey(dst, row.Name, comma)
	switch row.Type {
	case TypeInt:
		return strconv.AppendInt(dst, number, 10)
	case TypeDuration:
		return strconv.AppendFloat(dst, time.Duration(number).Seconds(), 'g', -1, 64)
	case TypeBool:
		return strconv.AppendBool(dst, number != 0)
	case TypeFloat:
		return strconv.AppendFloat(dst, float, 'g', -1, 64)
	case TypeText:
		return appendString(dst, shown(text))
	}
	dst = append(dst, '[')
	for i, s := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, shown(s))
	}
	return append(dst, ']')
}

func (f *Facts) hasAttrs() bool {
	for i := range f.attrs {
		if f.attrs[i].count > 0 {
			return true
		}
	}
	return false
}

// appendAttrs appends {"key": {"count":.., "n":.., "sum":.., "min":.., "max":.., "values":[..], "more":true}} with
// the numbers only where there are any.
func (f *Facts) appendAttrs(dst []byte) []byte {
	dst = append(dst, '{')
	n := len(dst)
	for i, key := range f.plan.attrs {
		if f.attrs[i].count == 0 {
			continue
		}
		dst = appendKey(dst, key, len(dst) > n)
		dst = appendStats(dst, f.attrs[i].stats())
	}
	return append(dst, '}')
}

func appendStats(dst []byte, s AttrStats) []byte {
	dst = appendKey(append(dst, '{'), "count", false)
	dst = strconv.AppendInt(dst, s.Count, 10)
	if s.NumN > 0 {
		dst = appendKey(dst, "n", true)
		dst = strconv.AppendInt(dst, s.NumN, 10)
		for _, m := range []struct {
			name  string
			value float64
		}{{"sum", s.Sum}, {"min", s.Min}, {"max", s.Max}} {
			dst = appendKey(dst, m.name, true)
			dst = strconv.AppendFloat(dst, m.value, 'g', -1, 64)
		}
	}
	if len(s.Values) > 0 {
		dst = append(appendKey(dst, "values", true), '[')
		for i, v := range s.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, v)
		}
		dst = append(dst, ']')
	}
	if s.More {
		dst = append(appendKey(dst, "more", true), "true"...)
	}
	return append(dst, '}')
}

func appendValue(dst []byte, v Value) []byte {
	switch v.Kind() {
	case KindBool:
		return strconv.AppendBool(dst, v.Bool())
	case KindInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case KindFloat:
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 64)
	}
	return appendString(dst, shown(v.Text()))
}

func appendKey(dst []byte, key string, comma bool) []byte {
	if comma {
		dst = append(dst, ',')
	}
	return append(appendString(dst, key), ':')
}

// appendString appends s, which is valid UTF-8, as JSON.
func appendString(dst []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
