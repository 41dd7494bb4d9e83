package otlp

import (
	"fmt"
	"strings"
	"testing"
)

func TestKeys_Find(t *testing.T) {
	k := NewKeys([]string{"session.id", "user.id", "", "k", "session.id", "a.session.id", strings.Repeat("x", 300)})
	for want, name := range []string{"session.id", "user.id", "", "k", "a.session.id", strings.Repeat("x", 300)} {
		id, found := k.Find([]byte(name))
		if !found || int(id) != want || k.Name(id) != name {
			t.Errorf("%q: got %d, %v, want %d", name, id, found, want)
		}
	}
	if k.Len() != 6 {
		t.Errorf("Len = %d, want 6", k.Len())
	}
	for _, name := range []string{
		"x", "\x00", "\x00k", "ession.id", "Session.id", "b.session.id", "xxsession.id", strings.Repeat("x", 299), "user.ie",
	} {
		if id, found := k.Find([]byte(name)); found {
			t.Errorf("%q: found as %d, want not found", name, id)
		}
	}
}

// TestKeys_AlikeTails has many keys that differ only where the table does not look.
func TestKeys_AlikeTails(t *testing.T) {
	var names []string
	for i := range 500 {
		names = append(names, fmt.Sprintf("%04d.same.tail", i))
	}
	k := NewKeys(names)
	for want, name := range names {
		if id, found := k.Find([]byte(name)); !found || int(id) != want {
			t.Fatalf("%q: got %d, %v, want %d", name, id, found, want)
		}
	}
	if _, found := k.Find([]byte("0500.same.tail")); found {
		t.Error("0500.same.tail: found, want not found")
	}
}

func TestKeys_Empty(t *testing.T) {
	for name, k := range map[string]*Keys{"nil": nil, "of none": NewKeys(nil)} {
		for _, key := range []string{"", "k", "a longer key"} {
			if _, found := k.Find([]byte(key)); found || k.Len() != 0 {
				t.Errorf("%s set: %q found %v, Len %d, want neither", name, key, found, k.Len())
			}
		}
	}
}

func TestKeys_TooMany(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("65536 keys: no panic, want one")
		}
	}()
	NewKeys(make([]string, 1<<16))
}

func TestKeys_Patterns(t *testing.T) {
	k := NewKeys([]string{"session.id", "doc.7.score.of.it"}, "doc.*.score.of.it", "completion.*.finish_reason")
	for name, want := range map[string]int{
		"session.id": 0, "doc.7.score.of.it": 1, "doc.0.score.of.it": 2, "doc.123456.score.of.it": 2,
		"completion.12.finish_reason": 3,
	} {
		if id, found := k.Find([]byte(name)); !found || int(id) != want {
			t.Errorf("%q: got %d, %v, want %d", name, id, found, want)
		}
	}
	for _, name := range []string{
		"doc..score.of.it", "doc.*.score.of.it", "doc.1234567.score.of.it", "doc.1a.score.of.it", "Doc.1.score.of.it",
		"score.of.it", ".score.of.it", "doc.1.score.of.it.", "completion.1.score.of.it",
	} {
		if id, found := k.Find([]byte(name)); found {
			t.Errorf("%q: found as %d, want not found", name, id)
		}
	}
	if k.Len() != 4 || k.Name(2) != "doc.*.score.of.it" {
		t.Errorf("got %d keys, the third %q; want 4, doc.*.score.of.it", k.Len(), k.Name(2))
	}
}

func TestKeys_BadPatterns(t *testing.T) {
	for _, pattern := range []string{"no.star.at.all", "short.*.tail", "two.*.stars.*.and.more"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q: no panic, want one", pattern)
				}
			}()
			NewKeys(nil, pattern)
		}()
	}
}
