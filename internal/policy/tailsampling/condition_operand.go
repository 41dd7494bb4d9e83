package tailsampling

import (
	"math"
	"strconv"
)

// enums are the names of numbers.
var enums = map[string]int64{
	"SPAN_KIND_UNSPECIFIED": 0, "SPAN_KIND_INTERNAL": 1, "SPAN_KIND_SERVER": 2, "SPAN_KIND_CLIENT": 3,
	"SPAN_KIND_PRODUCER": 4, "SPAN_KIND_CONSUMER": 5,
	"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2,
}

// constant reads a constant if one comes next.
func (p *parser) constant() (scalar, bool) {
	switch {
	case p.accept(word, "nil"):
		return scalar{}, true
	case p.accept(word, "true"):
		return scalar{kind: isBool, bits: 1}, true
	case p.accept(word, "false"):
		return scalar{kind: isBool}, true
	}
	if text, ok := p.next(quoted); ok {
		return scalar{kind: isText, text: []byte(text)}, true
	}
	if text, ok := p.next(symbol); ok {
		n, known := enums[text]
		if !known {
			p.fail()
		}
		return scalar{kind: isInt, bits: uint64(n)}, true
	}
	return p.number()
}

func (p *parser) number() (scalar, bool) {
	negative := p.accept(sign, "-")
	if text, ok := p.next(whole); ok {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.fail()
		}
		if negative {
			n = -n
		}
		return scalar{kind: isInt, bits: uint64(n)}, true
	}
	if text, ok := p.next(decimal); ok {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			p.fail()
		}
		if negative {
			f = -f
		}
		return scalar{kind: isFloat, bits: math.Float64bits(f)}, true
	}
	if negative {
		p.fail()
	}
	return scalar{}, false
}

// path reads what a comparison is about.
func (p *parser) path(c *comparison) {
	first, _ := p.next(word)
	context := "span"
	if p.events {
		context = "spanevent"
	}
	switch first {
	case "span", "spanevent", "resource":
		context = first
		if !p.accept(sign, ".") {
			p.fail()
			return
		}
		first, _ = p.next(word)
	}
	switch context + "." + first {
	case "span.attributes":
		c.of, c.slot = spanAttr, p.shape.slot(p.key())
	case "resource.attributes":
		c.of, c.slot = resourceAttr, p.shape.slot(p.key())
	case "spanevent.attributes":
		c.of, c.key = eventAttr, p.key()
	case "span.name":
		c.of = spanName
	case "spanevent.name":
		c.of = eventName
	case "span.kind":
		c.of = spanKind
	case "span.status":
		c.of = spanStatus
		if !p.accept(sign, ".") || !p.accept(word, "code") {
			p.fail()
		}
	default:
		p.fail()
	}
}

// key reads the key of an attribute.
func (p *parser) key() string {
	opened := p.accept(sign, "[")
	key, quoted := p.next(quoted)
	if !opened || !quoted || !p.accept(sign, "]") {
		p.fail()
	}
	return key
}
