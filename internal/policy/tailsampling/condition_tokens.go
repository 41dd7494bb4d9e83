package tailsampling

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	word   tokenKind = iota // lower case
	symbol                  // upper case: an enumeration's value
	quoted
	whole
	decimal
	sign // one of == != < <= > >= ( ) [ ] . , -
)

type token struct {
	kind tokenKind
	text string
}

// tokenize cuts a condition. It gives false for what parseCondition does not read.
func tokenize(text string) (tokens []token, ok bool) {
	if !utf8.ValidString(text) {
		return nil, false // OTTL replaces what is not valid
	}
	for {
		text = strings.TrimLeft(text, " \t\r\n\f")
		if text == "" {
			return tokens, true
		}
		t, size := nextToken(text)
		if size == 0 {
			return nil, false
		}
		tokens, text = append(tokens, t), text[size:]
	}
}

func nextToken(text string) (token, int) {
	switch c := text[0]; {
	case c == '"':
		return quotedToken(text)
	case isLower(c):
		n := run(text, func(c byte) bool { return isLower(c) || isDigit(c) || c == '_' })
		return token{word, text[:n]}, n
	case isUpper(c):
		n := run(text, func(c byte) bool { return isUpper(c) || isDigit(c) || c == '_' })
		return token{symbol, text[:n]}, n
	case isDigit(c):
		return numberToken(text)
	}
	for _, s := range []string{"==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ".", ",", "-"} {
		if strings.HasPrefix(text, s) {
			return token{sign, s}, len(s)
		}
	}
	return token{}, 0
}

// quotedToken reads a text in quotes, with escapes as in Go.
func quotedToken(text string) (token, int) {
	var value []byte
	for rest := text[1:]; rest != ""; {
		if rest[0] == '"' {
			return token{quoted, string(value)}, len(text) - len(rest) + 1
		}
		r, _, after, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			return token{}, 0
		}
		value, rest = utf8.AppendRune(value, r), after // a rune even of \xff
	}
	return token{}, 0
}

// numberToken reads a number without exponent that nothing follows that could belong to it.
func numberToken(text string) (token, int) {
	n := run(text, isDigit)
	kind := whole
	if n < len(text) && text[n] == '.' {
		kind = decimal
		n += 1 + run(text[n+1:], isDigit)
	}
	if n < len(text) && (isLower(text[n]) || isUpper(text[n]) || text[n] == '.' || text[n] == '_') {
		return token{}, 0
	}
	return token{kind, text[:n]}, n
}

func run(text string, of func(byte) bool) int {
	n := 0
	for n < len(text) && of(text[n]) {
		n++
	}
	return n
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
