package migrate

import (
	"slices"
	"strings"
)

// condition is what a policy samples by, in the language of rules, with its opposite: where a fact is absent neither a
// comparison nor its negation holds, and a policy that does not sample must still be one that `not` samples.
type condition struct {
	yes, no term
	unless  []string // which traces it decides otherwise; none: none
}

// term is a piece of a condition. The empty text is always true or never, by holds.
type term struct {
	text  string
	holds bool
	loose bool // binds more loosely than &&
}

func constant(holds bool) condition {
	return condition{yes: term{holds: holds}, no: term{holds: !holds}}
}

// test makes a condition of two texts that are never unknown both.
func test(yes, no string, unless ...string) condition {
	return condition{term{text: yes}, term{text: no}, unless}
}

func (c condition) negated() condition { return condition{c.no, c.yes, c.unless} }

// always and never tell constants.
func (c condition) always() bool { return c.yes.text == "" && c.yes.holds }
func (c condition) never() bool  { return c.yes.text == "" && !c.yes.holds }

// allOf is the conjunction; of none it is always true.
func allOf(list []condition) condition {
	var yes, no []term
	var unless []string
	for _, c := range list {
		yes, no = append(yes, c.yes), append(no, c.no)
		for _, u := range c.unless {
			if !slices.Contains(unless, u) {
				unless = append(unless, u)
			}
		}
	}
	return condition{conjunction(yes), disjunction(no), unless}
}

func conjunction(terms []term) term {
	var texts []string
	for _, t := range terms {
		switch {
		case t.text == "" && !t.holds:
			return term{}
		case t.text == "":
		case t.loose && len(terms) > 1:
			texts = append(texts, "("+t.text+")")
		default:
			texts = append(texts, t.text)
		}
	}
	if len(texts) == 0 {
		return term{holds: true}
	}
	return term{text: strings.Join(texts, " && "), loose: len(terms) == 1 && terms[0].loose}
}

func disjunction(terms []term) term {
	var texts []string
	loose := false
	for _, t := range terms {
		if t.text == "" && t.holds {
			return term{holds: true}
		}
		if t.text != "" {
			texts = append(texts, t.text)
			loose = loose || t.loose
		}
	}
	return term{text: strings.Join(texts, " || "), loose: loose || len(texts) > 1}
}
