package distribution

import (
	"reflect"
	"testing"
)

func TestExpand(t *testing.T) {
	t.Setenv("EXPAND_TEXT", "some text")
	t.Setenv("EXPAND_NUMBER", "42")
	t.Setenv("EXPAND_LIST", "[a, b]")
	for _, tc := range []struct {
		text string
		want any
	}{
		{"plain", "plain"},
		{"${env:EXPAND_TEXT}", "some text"},
		{"a ${env:EXPAND_TEXT} and ${EXPAND_NUMBER}", "a some text and 42"},
		{"${env:EXPAND_NUMBER}", 42},
		{"${env:EXPAND_LIST}", []any{"a", "b"}},
		{"${env:EXPAND_MISSING:-default}", "default"},
		{"^a$$", "^a$"},
		{"^a$", "^a$"},
	} {
		got, err := Expand(t.Context(), tc.text)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("expand %q: got %#v, %v, want %#v", tc.text, got, err, tc.want)
		}
	}
	if got, err := Expand(t.Context(), "${file:does-not-exist.yaml}"); err == nil {
		t.Errorf("expand a missing file: got %v, want an error", got)
	}
}
