package tailsampling

import (
	"bytes"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// literal is a text that a regular expression looks for: anywhere, or at one end, or at both.
type literal struct {
	text       []byte
	head, tail bool // it must begin, it must end what is matched
}

// in tells whether text has the literal where it must be.
func (l *literal) in(text []byte) bool {
	switch {
	case l.head && l.tail:
		return bytes.Equal(text, l.text)
	case l.head:
		return bytes.HasPrefix(text, l.text)
	case l.tail:
		return bytes.HasSuffix(text, l.text)
	}
	return bytes.Contains(text, l.text)
}

// Bounds of what literalsOf writes out.
const (
	mostLiterals = 32
	mostOfClass  = 16 // characters of a class
)

// literalsOf returns literals of which a text has one if and only if the expression matches it; false where that cannot
// be said in a few of them. Characters that do not encode as themselves, as U+FFFD, which stands for any byte that is no
// UTF-8, are left to the engine.
func literalsOf(expression string) ([]literal, bool) {
	e, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return expand(trim(e.Simplify()))
}

// trim leaves out repetitions at the ends that may be empty, as nothing hinges on what they take.
func trim(e *syntax.Regexp) *syntax.Regexp {
	isStar := func(e *syntax.Regexp) bool { return e.Op == syntax.OpStar }
	switch e.Op {
	case syntax.OpStar:
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	case syntax.OpCapture:
		return trim(e.Sub[0])
	case syntax.OpAlternate:
		of := &syntax.Regexp{Op: syntax.OpAlternate}
		for _, sub := range e.Sub {
			of.Sub = append(of.Sub, trim(sub))
		}
		return of
	case syntax.OpConcat:
		sub := e.Sub
		for len(sub) > 0 && isStar(sub[0]) {
			sub = sub[1:]
		}
		for len(sub) > 0 && isStar(sub[len(sub)-1]) {
			sub = sub[:len(sub)-1]
		}
		return &syntax.Regexp{Op: syntax.OpConcat, Sub: sub}
	}
	return e
}

// expand writes an expression out.
func expand(e *syntax.Regexp) ([]literal, bool) {
	switch e.Op {
	case syntax.OpEmptyMatch:
		return []literal{{}}, true
	case syntax.OpBeginText:
		return []literal{{head: true}}, true
	case syntax.OpEndText:
		return []literal{{tail: true}}, true
	case syntax.OpLiteral:
		if e.Flags&syntax.FoldCase != 0 || slices.ContainsFunc(e.Rune, isOdd) {
			return nil, false
		}
		return []literal{{text: []byte(string(e.Rune))}}, true
	case syntax.OpCharClass:
		return expandClass(e.Rune)
	case syntax.OpCapture:
		return expand(e.Sub[0])
	case syntax.OpQuest:
		list, ok := expand(e.Sub[0])
		return append(list, literal{}), ok
	case syntax.OpAlternate:
		return expandAny(e.Sub)
	case syntax.OpConcat:
		return expandAll(e.Sub)
	}
	return nil, false
}

func isOdd(r rune) bool { return r == utf8.RuneError || !utf8.ValidRune(r) }

// expandClass writes a class out, of which ranges are the bounds of its ranges.
func expandClass(ranges []rune) (list []literal, ok bool) {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] >= mostOfClass {
			return nil, false
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if isOdd(r) {
				return nil, false
			}
			list = append(list, literal{text: []byte(string(r))})
		}
	}
	return list, len(list) <= mostOfClass
}

func expandAny(of []*syntax.Regexp) (list []literal, ok bool) {
	for _, e := range of {
		more, ok := expand(e)
		if list = append(list, more...); !ok || len(list) > mostLiterals {
			return nil, false
		}
	}
	return list, true
}

func expandAll(of []*syntax.Regexp) ([]literal, bool) {
	list := []literal{{}}
	for _, e := range of {
		more, ok := expand(e)
		if !ok || len(list)*len(more) > mostLiterals {
			return nil, false
		}
		var longer []literal
		for _, before := range list {
			for _, after := range more {
				if before.tail && len(after.text) > 0 || after.head && len(before.text) > 0 {
					return nil, false // it never matches, which nobody means
				}
				longer = append(longer, literal{
					text: slices.Concat(before.text, after.text), head: before.head || after.head, tail: before.tail || after.tail,
				})
			}
		}
		list = longer
	}
	return list, true
}
