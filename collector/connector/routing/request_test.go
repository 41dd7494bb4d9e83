package routing

import (
	"context"
	"strings"
	"testing"
)

func TestParseComparison(t *testing.T) {
	for text, want := range map[string]comparison{
		`request["X-Tenant"] == "acme"`:     {key: "X-Tenant", value: "acme"},
		`request["X-Tenant"] != "acme"`:     {key: "X-Tenant", value: "acme", unequal: true},
		`  request["a b"]=="c d"  `:         {key: "a b", value: "c d"},
		`request["x"] == ""`:                {key: "x"},
		`request["x"] == "a = b ! c"`:       {key: "x", value: "a = b ! c"},
		`request["x"] == "say "hi" or \""`:  {key: "x", value: `say "hi" or \"`},
		`request["x"] == " spaces "`:        {key: "x", value: " spaces "},
		`request["x"] == "request["y"]"`:    {key: "x", value: `request["y"]`},
		"request[\"x\"]\n  ==\n\t\"value\"": {key: "x", value: "value"},
	} {
		if got, err := parseComparison(text); err != nil || got != want {
			t.Errorf("parse %s: got %+v and error %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseComparison_Refuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                   "has no comparator",
		`request["x"]`:       "has no comparator",
		`request["x"] = "y"`: "has no comparator",
		`request["x"] > "y"`: "has no comparator",
		`request["x"] == "y" or request["x"] == "z"`: "more than one comparator",
		`request["x"] == "y=="`:                      "more than one comparator",
		`request["x"] === "y"`:                       "right of the comparator",
		`attributes["x"] == "y"`:                     "left of the comparator",
		`request[x] == "y"`:                          "left of the comparator",
		`request['x'] == "y"`:                        "left of the comparator",
		`request[""] == "y"`:                         "left of the comparator",
		`request.x == "y"`:                           "left of the comparator",
		`not request["x"] == "y"`:                    "left of the comparator",
		`"y" == request["x"]`:                        "left of the comparator",
		`request["x"] == y`:                          "right of the comparator",
		`request["x"] == 'y'`:                        "right of the comparator",
		`request["x"] == "y`:                         "right of the comparator",
		`request["x"] == `:                           "right of the comparator",
		`request["x"] == "`:                          "right of the comparator",
		`request["x"] == "y" and true`:               "right of the comparator",
	} {
		if got, err := parseComparison(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse %s: got %+v and error %v, want an error with %q", text, got, err, want)
		}
	}
}

func TestComparison_Holds(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		name           string
		ctx            context.Context
		equal, unequal bool
	}{
		{"no metadata", ctx, false, false},
		{"key is absent", overGRPC(ctx, "y", "v"), false, false},
		{"gRPC, same", overGRPC(ctx, "x", "v"), true, false},
		{"gRPC, case of the key", overGRPC(ctx, "X", "v"), true, false},
		{"gRPC, case of the value", overGRPC(ctx, "x", "V"), false, true},
		{"gRPC, one of several", overGRPC(ctx, "x", "u", "x", "v"), true, true},
		{"gRPC, empty value", overGRPC(ctx, "x", ""), false, true},
		{"client, same", fromClient(ctx, map[string][]string{"x": {"v"}}), true, false},
		{"client, case of the key", fromClient(ctx, map[string][]string{"X": {"v"}}), true, false},
		{"client, one of several", fromClient(ctx, map[string][]string{"x": {"u", "v"}}), true, true},
		{"client, no value", fromClient(ctx, map[string][]string{"x": {}}), false, false},
		{"both differ", overGRPC(fromClient(ctx, map[string][]string{"x": {"v"}}), "x", "u"), true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (comparison{key: "x", value: "v"}).holds(c.ctx); got != c.equal {
				t.Errorf(`request["x"] == "v": got %t, want %t`, got, c.equal)
			}
			if got := (comparison{key: "X", value: "v", unequal: true}).holds(c.ctx); got != c.unequal {
				t.Errorf(`request["X"] != "v": got %t, want %t`, got, c.unequal)
			}
		})
	}
}

func FuzzParseComparison(f *testing.F) {
	f.Add(`request["X-Tenant"] == "acme"`)
	f.Add(`request["x"] != "say "hi""`)
	f.Add(`request["x"] == "`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseComparison(text)
		if err != nil {
			return
		}
		comparator := "=="
		if c.unequal {
			comparator = "!="
		}
		again, err := parseComparison(`request["` + c.key + `"] ` + comparator + ` "` + c.value + `"`)
		if err != nil || again != c {
			t.Errorf("parse %q, write it and parse that: got %+v and error %v, want %+v", text, again, err, c)
		}
	})
}
