package tailsampling

import "regexp"

// parseCondition reads a condition that OTTL has accepted, of spans or of their events, if it is made of comparisons
// between constants and attributes, names, kinds and status codes, and of IsMatch of attributes and names with a
// constant. Anything else, also where it could be told with more
// effort, gives false: then OTTL itself is asked.
func parseCondition(text string, events bool, s *shape) (condition, bool) {
	tokens, ok := tokenize(text)
	if !ok {
		return condition{}, false
	}
	trial := parser{tokens: tokens, events: events, shape: newShape()} // keys of what cannot be read are not looked for
	if trial.expression(); trial.failed || trial.at != len(tokens) {
		return condition{}, false
	}
	p := parser{tokens: tokens, events: events, shape: s}
	return p.expression(), true
}

// parser reads tokens. Once it has failed, what it returns means nothing.
type parser struct {
	tokens []token
	at     int
	events bool
	shape  *shape
	failed bool
}

// accept steps over the next token if it is that one.
func (p *parser) accept(kind tokenKind, text string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at] == (token{kind, text}) {
		p.at++
		return true
	}
	return false
}

// next steps over the next token if it is of that kind.
func (p *parser) next(kind tokenKind) (string, bool) {
	if p.at < len(p.tokens) && p.tokens[p.at].kind == kind {
		p.at++
		return p.tokens[p.at-1].text, true
	}
	return "", false
}

func (p *parser) fail() { p.failed = true }

func (p *parser) expression() condition {
	terms := []condition{p.term()}
	for !p.failed && p.accept(word, "or") {
		terms = append(terms, p.term())
	}
	return join(anyOf, terms)
}

func (p *parser) term() condition {
	parts := []condition{p.part()}
	for !p.failed && p.accept(word, "and") {
		parts = append(parts, p.part())
	}
	return join(allOf, parts)
}

// join makes one condition of several.
func join(kind conditionKind, parts []condition) condition {
	if len(parts) == 1 {
		return parts[0]
	}
	return condition{kind: kind, parts: parts}
}

func (p *parser) part() condition {
	if p.accept(word, "not") {
		return condition{kind: negation, parts: []condition{p.bare()}}
	}
	return p.bare()
}

func (p *parser) bare() condition {
	if p.accept(sign, "(") {
		c := p.expression()
		if !p.accept(sign, ")") {
			p.fail()
		}
		return c
	}
	for kind, text := range map[conditionKind]string{yes: "true", no: "false"} {
		if before := p.at; p.accept(word, text) {
			if p.at == len(p.tokens) || p.tokens[p.at].kind != sign || p.tokens[p.at].text == ")" {
				return condition{kind: kind}
			}
			p.at = before
		}
	}
	if c, is := p.isMatch(); is {
		return c
	}
	c := p.comparison()
	if c.of == spanKind || c.of == spanStatus {
		return listing(c)
	}
	return condition{comparison: c}
}

// isMatch reads IsMatch(path, "pattern") if that comes next.
func (p *parser) isMatch() (condition, bool) {
	before := p.at
	for i, part := range [...]string{"I", "s", "M", "atch"} { // how names are cut into tokens
		if !p.accept([...]tokenKind{symbol, word}[i%2], part) {
			p.at = before
			return condition{}, false
		}
	}
	c := condition{kind: matching}
	opened := p.accept(sign, "(")
	p.path(&c.comparison)
	parted := p.accept(sign, ",")
	pattern, isQuoted := p.next(quoted)
	e, err := regexp.Compile(pattern)
	if !opened || !parted || !isQuoted || !p.accept(sign, ")") || err != nil || c.of == spanKind || c.of == spanStatus {
		p.fail()
		return c, true
	}
	c.pattern = newMatcher([]*regexp.Regexp{e}, 0)
	return c, true
}

var operators = map[string]operator{"==": equal, "!=": unequal, "<": less, "<=": atMost, ">": more, ">=": atLeast}

// turned is the operator that says the same with the sides swapped.
var turned = [...]operator{equal: equal, unequal: unequal, less: more, atMost: atLeast, more: less, atLeast: atMost}

// comparison reads one with a constant on one side.
func (p *parser) comparison() (c comparison) {
	with, constantLeft := p.constant()
	if !constantLeft {
		p.path(&c)
	}
	text, _ := p.next(sign)
	op, known := operators[text]
	if p.failed || !known {
		p.fail()
		return c
	}
	c.op = op
	if constantLeft {
		c.op = turned[op]
		p.path(&c)
	} else if with, known = p.constant(); !known {
		p.fail()
	}
	c.with = with
	return c
}
