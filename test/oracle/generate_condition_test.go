package oracle

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// conditionMaker makes random conditions of OTTL: mostly comparisons and patterns, which can be told from the wire but for
// some values, and some that cannot, among them such that fail.
type conditionMaker struct {
	*rand.Rand
	events bool
}

func (m *conditionMaker) expression(depth int) string {
	if depth == 0 || chance(m.Rand, 0.4) {
		return m.atom()
	}
	switch m.IntN(4) {
	case 0:
		return m.expression(depth-1) + " and " + m.expression(depth-1)
	case 1:
		return m.expression(depth-1) + " or " + m.expression(depth-1)
	case 2:
		return "not (" + m.expression(depth-1) + ")"
	}
	return "(" + m.expression(depth-1) + ")"
}

func (m *conditionMaker) atom() string {
	if chance(m.Rand, 0.2) {
		return m.hard()
	}
	if chance(m.Rand, 0.3) {
		return m.match()
	}
	if chance(m.Rand, 0.05) {
		return pick(m.Rand, []string{"true", "false", "not true"})
	}
	op := pick(m.Rand, []string{"==", "!=", "<", "<=", ">", ">=", "==", "!="})
	left, right := m.path(), m.constant()
	if chance(m.Rand, 0.2) {
		left, right = right, left
	}
	if chance(m.Rand, 0.1) {
		return "not " + left + op + right
	}
	return left + " " + op + " " + right
}

// valuePatterns part values that are no texts, as they are written.
var valuePatterns = []string{
	"true", "^fals", `^-?\d+$`, "^0$", "-", `e\+300$`, "^1e-0?9$", "^500$", "9[.]5", "^1e", "0.5", "^[0-9a-f]{6,}$", "^76616c7565$",
	"^c3", `^\[`, `^\{"inner":`, "null", `"value"`, "NaN|Inf", "^(true|500|4.*)$", ".*1$", "1.*", "4|5", "^1e\\+?21",
}

// match makes a pattern, of values of any type.
func (m *conditionMaker) match() string {
	key := strconv.Quote(pick(m.Rand, keys[:4]))
	path := pick(m.Rand, []string{"attributes[" + key + "]", "attributes[" + key + "]", "resource.attributes[" + key + "]", "name", "kind"})
	if m.events {
		path = pick(m.Rand, []string{path, path, "span.attributes[" + key + "]", "span.name"})
	}
	pattern := pick(m.Rand, pick(m.Rand, [][]string{patterns, valuePatterns}))
	return pick(m.Rand, []string{"", "", "not "}) + "IsMatch(" + path + ", " + strconv.Quote(pattern) + ")"
}

// hard makes conditions that need the spans.
func (m *conditionMaker) hard() string {
	key := strconv.Quote(pick(m.Rand, keys[:4]))
	list := []string{
		"IsMatch(attributes[" + key + "], Concat([\"^val\"], \"\"))",
		"IsMatch(attributes[" + key + "], \"1\") == true",
		"Len(attributes[" + key + "]) > 2",
		"Int(attributes[" + key + "]) >= 400",
		"attributes[" + key + "] == resource.attributes[" + key + "]",
		"attributes[" + key + "][\"inner\"] == \"value\"",
		"attributes[" + key + "] + 1 == 2",
		"IsString(attributes[" + key + "]) and scope.name == \"lib\"",
		"resource.schema_url == \"\"",
	}
	if !m.events {
		list = append(list, "IsRootSpan()", "trace_state[\"key\"] == \"value\"", "(end_time - start_time) > Duration(\"1s\")",
			"kind.string == \"Server\"", "status.message == \"value\"")
	}
	return pick(m.Rand, list)
}

func (m *conditionMaker) path() string {
	key := strconv.Quote(pick(m.Rand, keys))
	list := []string{
		"attributes[" + key + "]", "attributes[" + key + "]", "attributes[" + key + "]",
		"resource.attributes[" + key + "]", "name", "span.attributes[" + key + "]", "span.name", "span.status.code", "span.kind",
	}
	if m.events {
		list = append(list, "spanevent.attributes["+key+"]", "spanevent.name")
	} else {
		list = append(list, "status.code", "kind")
	}
	return pick(m.Rand, list)
}

func (m *conditionMaker) constant() string {
	switch m.IntN(6) {
	case 0:
		return strconv.FormatInt(max(pick(m.Rand, integers), -1<<62), 10)
	case 1:
		return pick(m.Rand, []string{"0.5", "400.0", "500.0", "1.", "-1.0", "499.5", ".5"})
	case 2:
		return pick(m.Rand, []string{"true", "false", "nil", "nil"})
	case 3:
		return pick(m.Rand, []string{"STATUS_CODE_ERROR", "STATUS_CODE_OK", "STATUS_CODE_UNSET", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "2"})
	}
	return fmt.Sprintf(`"%s"`, pick(m.Rand, texts[:7]))
}
