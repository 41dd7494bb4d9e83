package agent

import (
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tailwise/tailwise/internal/otlp"
)

// readOne reads a span that has one attribute, under a scope, as the fold does. On an event if it stands there.
func readOne(t *testing.T, plan *Plan, scope, key string, value any, onEvent bool) *reading {
	t.Helper()
	traces := ptrace.NewTraces()
	scopes := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	scopes.Scope().SetName(scope)
	span := scopes.Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID{1})
	span.SetSpanID(pcommon.SpanID{2})
	attrs := span.Attributes()
	if onEvent {
		attrs = span.Events().AppendEmpty().Attributes()
	}
	if err := attrs.FromRaw(map[string]any{key: value}); err != nil {
		t.Fatal(err)
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	var x otlp.Index
	if err := x.Walk(body, plan.Keys()); err != nil {
		t.Fatal(err)
	}
	r := &reading{plan: plan, facts: new(Facts), x: &x, body: body, span: &x.Spans[0]}
	r.scan()
	return r
}

// scopeOf is a scope by which a dialect is known; for dialects without one, of which no row is bare, none.
func scopeOf(table *table) string {
	if len(table.scopes) == 0 {
		return "application"
	}
	return strings.ReplaceAll(table.scopes[0], "*", "x")
}

// speaks tells whether anything on the span speaks for a role.
func (r *reading) speaks(as role) bool {
	switch {
	case as == roleTopScore || as == roleScore:
		return r.retrieved.said&saidTop != 0
	case as == roleDistance:
		return r.retrieved.said&saidNear != 0
	case as.isNumber():
		_, said := r.number(as)
		return said
	}
	return r.texts[as].at != 0
}

// values are what a row is tried with.
func (r *row) values() []any {
	switch {
	case r.role.isNumber():
		return []any{7, 7.0, "7", ` "7.0e0" `}
	case r.words != nil:
		var list []any
		for word := range r.words {
			word = strings.ReplaceAll(word, "*", "anything")
			list = append(list, word, strings.ToUpper(word), `"`+word+`"`)
		}
		return list
	case r.role == roleStream:
		return []any{true, "true"}
	case r.role == roleFinish:
		return []any{"stop", []any{"stop"}, `["stop"]`, "stop, length"}
	}
	return []any{"word"}
}

// TestTables_EveryRowIsRead writes every key of every dialect on a span of that dialect.
func TestTables_EveryRowIsRead(t *testing.T) {
	plan := NewPlan(nil)
	for _, table := range tables {
		for i := range table.rows {
			row := &table.rows[i]
			key := strings.ReplaceAll(row.key, "*", "3")
			if row.members != nil {
				testMembers(t, plan, table, row)
				continue
			}
			for _, value := range row.values() {
				onEvent := row.role == roleException || row.key == "finish_reason"
				r := readOne(t, plan, scopeOf(table), key, value, onEvent)
				if row.role != roleMark && !r.speaks(row.role) {
					t.Errorf("%v: %s: %v says nothing", table.dialect, key, value)
				}
				if r.badN > 0 {
					t.Errorf("%v: %s: %v is counted as invalid", table.dialect, key, value)
				}
				word, is := value.(string)
				if want, known := row.words[word]; is && known && row.role == roleKind && r.saidKind != want {
					t.Errorf("%v: %s: %q: got kind %v, want %v", table.dialect, key, word, r.saidKind, want)
				}
			}
		}
	}
}

// testMembers writes each member of a JSON object, nested as its path says.
func testMembers(t *testing.T, plan *Plan, table *table, row *row) {
	t.Helper()
	for _, m := range row.members {
		names := strings.Split(strings.ReplaceAll(m.path, "*", "x"), ".")
		for _, value := range []string{`7`, `"7"`} {
			text := `{"first": [1, {"a": "}"}], "other": null, `
			for i, name := range names {
				if i > 0 {
					text += `{`
				}
				text += `"` + name + `": `
			}
			text += value + strings.Repeat("}", len(names))
			r := readOne(t, plan, scopeOf(table), row.key, text, false)
			if !r.speaks(m.role) || m.also != roleNone && !r.speaks(m.also) {
				t.Errorf("%v: %s: member %s says nothing in %s", table.dialect, row.key, m.path, text)
			}
		}
	}
}

// TestTables_Marks says of which dialect a span is that has one key.
func TestTables_Marks(t *testing.T) {
	plan := NewPlan(nil)
	seen := make(map[string]int)
	for _, table := range tables {
		for i := range table.rows {
			seen[table.rows[i].key]++
		}
	}
	for _, table := range tables {
		for i := range table.rows {
			row := &table.rows[i]
			if row.bare || row.role == roleException || seen[row.key] > 1 {
				continue
			}
			r := readOne(t, plan, "application", strings.ReplaceAll(row.key, "*", "3"), "true", false)
			if r.dialect != table.dialect {
				t.Errorf("%s: got dialect %v, want %v", row.key, r.dialect, table.dialect)
			}
		}
	}
}

// TestTables_Scopes says of which dialect a span is by its scope.
func TestTables_Scopes(t *testing.T) {
	for _, table := range tables {
		for _, scope := range table.scopes {
			if got := new(Interner).dialectsOf([]byte(strings.ReplaceAll(scope, "*", "x"))); !got.has(table.dialect) {
				t.Errorf("%s: got dialects %b, want %v among them", scope, got, table.dialect)
			}
		}
	}
	for _, scope := range []string{"", "support-agent", "openinference", "my.langsmith"} {
		if got := dialectsOfScope(scope); got != 0 {
			t.Errorf("%q: got dialects %b, want none", scope, got)
		}
	}
}

// TestTables_Names says what spans are by their names alone.
func TestTables_Names(t *testing.T) {
	plan := NewPlan(nil)
	for _, table := range tables {
		for _, n := range table.names {
			name := strings.ReplaceAll(n.name, "*", "x")
			r := readOne(t, plan, scopeOf(table), "nothing", "", false)
			r.dialects |= setOf(table.dialect)
			r.body = append(r.body, name...)
			r.span.Name = otlp.Range{Off: uint32(len(r.body) - len(name)), Len: uint32(len(name))}
			if got, found := r.kindByName(); !found || spanKindNames[got] != spanKindNames[n.kind] {
				t.Errorf("%v: %q: got %v, want %v", table.dialect, name, got, n.kind)
			}
		}
	}
}

// TestJSONScan reads what is well-formed, and what is not as far as it goes.
func TestJSONScan(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":{"c":"x","d":{"e":true}},"f":null,"g":[1,{"h":2}],"i":-1.5e3}`: `a=1 b.c=x b.d.e=true g=[] i=-1.5e3`,
		`  { "a" : "x" , "b" : { } , "c" : 2 } trailing`:                           `a=x c=2`,
		`{'a': 1, 'b': {'c': True, "d": 'x"y'}}`:                                   `a=1 b.c=True b.d=x"y`,
		`{"a":"quo\"ted","b":2}`:                                                   `b=2`,
		`{"a":1,"b":{"c":"cut of`:                                                  `a=1`,
		`{"a":1,"b`:                                                                `a=1`,
		`{"a"`:                                                                     ``,
		`{"a":`:                                                                    ``,
		`{"a":[1,"]",{"b":"\""}],"c":3}`:                                           `a=[] c=3`,
		`[{"a":1}]`:                                                                ``, `"text"`: ``, `7`: ``, ``: ``, `}`: ``, `{}`: ``, `{{`: ``, `{,,`: ``,
		`{"` + strings.Repeat("n", 100) + `":1,"b":2}`:       `b=2`,
		`{"` + strings.Repeat("n", 100) + `":{"b":1},"b":2}`: ``,
		strings.Repeat(`{"a":`, 20) + `1`:                    ``,
	} {
		var got []string
		for scan := scanJSON([]byte(text), otlp.Range{Len: uint32(len(text))}); ; {
			path, v, ok := scan.next()
			if !ok {
				break
			}
			value := string(v.Val.In([]byte(text)))
			switch {
			case v.Type == otlp.ValueBool:
				value = "true"
			case v.Type == otlp.ValueArray:
				value = "[]"
			}
			got = append(got, string(path)+"="+value)
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%s: got %s, want %s", text, joined, want)
		}
	}
}
