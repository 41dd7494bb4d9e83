package agent

import (
	"fmt"
	"time"
)

// Type is the type of a fact.
type Type uint8

// The types of facts, with what Lookup returns for them.
const (
	TypeInt      Type = iota // int64
	TypeText                 // string
	TypeDuration             // time.Duration
	TypeTexts                // []string, sorted
	TypeBool                 // bool
	TypeFloat                // float64, finite
)

// String returns the type's name in documents.
func (t Type) String() string {
	switch t {
	case TypeInt:
		return "int"
	case TypeText:
		return "string"
	case TypeDuration:
		return "duration"
	case TypeTexts:
		return "list(string)"
	case TypeBool:
		return "bool"
	case TypeFloat:
		return "double"
	}
	return fmt.Sprintf("type %d", t)
}

// Info describes a fact.
type Info struct {
	Name string // as rules and ledger rows say it
	Type Type
	Doc  string // one line, no full stop
}

// fact is a row of the table of facts. One of the functions is set, by type; each returns false where the fact is
// unknown.
type fact struct {
	Info
	quiet  bool                       // always known, and left out of JSON where it is zero or false
	number func(*Facts) (int64, bool) // TypeInt; TypeDuration in nanoseconds; TypeBool: 0 or 1
	float  func(*Facts) (float64, bool)
	text   func(*Facts) (string, bool)
	texts  func(*Facts) ([]string, bool)
}

// places finds a fact by name.
var places = func() map[string]int {
	m := make(map[string]int, len(facts))
	for i := range facts {
		m[facts[i].Name] = i
	}
	return m
}()

// Known returns all facts of this build. A fact's place here is the number that Number, Text and Texts take.
func Known() []Info {
	infos := make([]Info, len(facts))
	for i := range facts {
		infos[i] = facts[i].Info
	}
	return infos
}

// Number returns a fact of TypeInt, of TypeDuration in nanoseconds, or of TypeBool as 0 or 1; false if it is unknown.
// It panics if the fact at that place of Known is of another type.
func (f *Facts) Number(place int) (int64, bool) { return facts[place].number(f) }

// Float returns a fact of TypeFloat; false if it is unknown. It panics if the fact at that place of Known is of another
// type.
func (f *Facts) Float(place int) (float64, bool) { return facts[place].float(f) }

// Text returns a fact of TypeText; false if it is unknown. It panics if the fact at that place of Known is of
// another type.
func (f *Facts) Text(place int) (string, bool) { return facts[place].text(f) }

// Texts returns a fact of TypeTexts, not to be changed; false if it is unknown. It panics if the fact at that place
// of Known is of another type.
func (f *Facts) Texts(place int) ([]string, bool) { return facts[place].texts(f) }

// Lookup returns the fact of that name, typed as Type says; false if it is unknown or there is no such fact.
func (f *Facts) Lookup(name string) (any, bool) {
	at, found := places[name]
	if !found {
		return nil, false
	}
	var value any
	var known bool
	switch row := &facts[at]; row.Type {
	case TypeText:
		value, known = row.text(f)
	case TypeTexts:
		value, known = row.texts(f)
	case TypeFloat:
		value, known = row.float(f)
	default:
		var n int64
		n, known = row.number(f)
		switch value = n; row.Type {
		case TypeDuration:
			value = time.Duration(n)
		case TypeBool:
			value = n != 0
		}
	}
	if !known {
		return nil, false
	}
	return value, true
}
