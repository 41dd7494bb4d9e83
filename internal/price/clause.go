package price

import (
	"regexp"
	"strings"
)

// clause is a rule that a name meets or not. Names are in lower case.
type clause interface{ match(name string) bool }

type (
	equals     string
	startsWith string
	endsWith   string
	contains   string
	pattern    struct{ *regexp.Regexp }
	anyOf      []clause
	allOf      []clause
	not        struct{ clause }
)

func (c equals) match(name string) bool     { return name == string(c) }
func (c startsWith) match(name string) bool { return strings.HasPrefix(name, string(c)) }
func (c endsWith) match(name string) bool   { return strings.HasSuffix(name, string(c)) }
func (c contains) match(name string) bool   { return strings.Contains(name, string(c)) }
func (c pattern) match(name string) bool    { return c.MatchString(name) }
func (c not) match(name string) bool        { return !c.clause.match(name) }

func (c anyOf) match(name string) bool {
	for _, one := range c {
		if one.match(name) {
			return true
		}
	}
	return false
}

func (c allOf) match(name string) bool {
	for _, one := range c {
		if !one.match(name) {
			return false
		}
	}
	return true
}

// The keys of a clause that is a mapping. A word alone is "equals", a list alone "or".
var clauseKeys = []string{"equals", "starts_with", "ends_with", "contains", "regex", "or", "and", "not"}

// word returns the clause for a key whose value is a word. An unknown key gives nil.
func word(key, value string) (clause, error) {
	lower := strings.ToLower(value)
	switch key {
	case "equals":
		return equals(lower), nil
	case "starts_with":
		return startsWith(lower), nil
	case "ends_with":
		return endsWith(lower), nil
	case "contains":
		return contains(lower), nil
	case "regex":
		compiled, err := regexp.Compile(value)
		if err != nil {
			return nil, err
		}
		return pattern{compiled}, nil
	}
	return nil, nil
}
