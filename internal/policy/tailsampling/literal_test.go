package tailsampling

import (
	"fmt"
	"regexp"
	"testing"
)

func TestLiteralsOf_WhatCanBeWrittenOut(t *testing.T) {
	for expression, want := range map[string]string{
		`goroutine (scheduler|deadline)`: `goroutine scheduler, goroutine deadline`,
		`^/admin`:                        `^/admin`,
		`/internal/.*`:                   `/internal/`,
		`.*\.css$`:                       `.css$`,
		`^(value1|value2)$`:              `^value1$, ^value2$`,
		`^/v[12]/?$`:                     `^/v1/$, ^/v1$, ^/v2/$, ^/v2$`,
		`/health|^/live`:                 `/health, ^/live`,
		`.*`:                             ``,
		``:                               ``,
		`^$`:                             `^$`,
		`a{2}`:                           `aa`,
		`(^a|.*b)`:                       `^a, b`,
		`^.*a`:                           `no`,
		`a.*b`:                           `no`,
		`a.*$`:                           `no`,
		`(?i)a`:                          `no`,
		`(?m)^a`:                         `no`,
		`[a-z]`:                          `no`,
		`a+`:                             `no`,
		`\bword`:                         `no`,
		`a^b`:                            `no`,
		`a$b`:                            `no`,
		`\x{fffd}`:                       `no`,
		`[^a]`:                           `no`,
		`a(`:                             `no`,
	} {
		got := "no"
		if list, ok := literalsOf(expression); ok {
			got = ""
			for i, l := range list {
				if i > 0 {
					got += ", "
				}
				got += map[bool]string{true: "^"}[l.head] + string(l.text) + map[bool]string{true: "$"}[l.tail]
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// FuzzMatcher: a matcher says what the expression itself does, the first time and those after it.
func FuzzMatcher(f *testing.F) {
	for _, expression := range []string{
		``, `^`, `$`, `^$`, `^a`, `a$`, `.*a`, `a.*`, `^.*a`, `a.*$`, `a|^b`, `(a|b)c?$`, `[ab]c`, `é`, `a{2}`, `(?i)a`, `(?s).*`, `[0-9]+`,
		`$^`, `^(|a)$`, `(a|)(b|)$`, `\x{fffd}`, `(^a|.*b)c`, `(?:.*a|b.*)`, `.*^a`, `a$.*`, `(.*a)b`, `\QA.b\E`, `[^a]*b`, `a*?b`, `(a*)*`,
	} {
		for _, text := range []string{"", "a", "abc", "xab", "b", "aa", "A", "é", "\xc3\xc3\xa9", "a\nb", "\xffa", "ca\n"} {
			f.Add(expression, text)
		}
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		e, err := regexp.Compile(expression)
		if err != nil {
			return
		}
		m := newMatcher([]*regexp.Regexp{e}, 1)
		want := e.MatchString(text)
		for round := range 4 {
			if got := m.matches([]byte(text)); got != want {
				t.Errorf("%q of %q, round %d: got %v, want %v", expression, text, round, got, want)
			}
			m.matches([]byte(text)[:round%2*len(text)/2]) // another in the same place
		}
	})
}

// TestMatcher_TextsThatNeverComeAgain: they cost no memory; those that come again are remembered.
func TestMatcher_TextsThatNeverComeAgain(t *testing.T) {
	m := newMatcher([]*regexp.Regexp{regexp.MustCompile(`[0-9]+x`)}, 64)
	texts := make([][]byte, 2000)
	for i := range texts {
		texts[i] = fmt.Appendf(nil, "/api/items/%d", i)
	}
	next := 0
	if got := testing.AllocsPerRun(1000, func() { m.matches(texts[next]); next++ }); got > 0 {
		t.Errorf("allocations for a new text: got %v, want none", got)
	}
	for range 2 {
		m.matches(texts[0])
	}
	remembered := 0
	for i := range m.memory {
		if said := m.memory[i].said.Load(); said != nil && said.text == string(texts[0]) {
			remembered++
		}
	}
	if remembered != 1 {
		t.Errorf("places that remember a text which came again: got %d, want 1", remembered)
	}
}
