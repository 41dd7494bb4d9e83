package otlp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func TestFromJSON(t *testing.T) {
	want, err := ptraceotlp.NewExportRequestFromTraces(everything()).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	got, err := FromJSON([]byte(jsonOf(t, everything())))
	if err != nil || string(got) != string(want) {
		t.Fatalf("got %v, %q\nwant %q", err, got, want)
	}
	if x, ok := agree(t, got); !ok || len(x.Spans) != 3 {
		t.Errorf("taken %v, %d spans, want 3", ok, len(x.Spans))
	}
}

// inJSON puts fields of a span into a request.
func inJSON(fields string) string {
	return `{"resourceSpans":[{"scopeSpans":[{"spans":[{` + fields + `}]}]}]}`
}

// TestFromJSON_Errors has faults of every kind around the word secret, which no error may repeat.
func TestFromJSON_Errors(t *testing.T) {
	pad := strings.Repeat(`{},`, 40)
	for _, c := range []struct{ name, body, want string }{
		{"nothing", ``, "byte 0: json: syntax error at or before the end"},
		{"cut off", `{"resourceSpans":[{"secret`, "byte 26: json: syntax error at or before the end"},
		{"no JSON", `secret`, "byte 0: json: syntax error"},
		{"stray word", `{"resourceSpans":secret}`, "byte 17: json: syntax error"},
		{"not an object", `["secret"]`, "byte 1: json: unexpected value in ReadObject"},
		{"not a list", `{"resourceSpans":"secret"}`, "byte 18: json: unexpected value in ReadArray"},
		{"trace id", inJSON(`"traceId":"secret"`), "byte 62: json: unexpected value in ID.UnmarshalJSONIter"},
		{"hex", inJSON(`"spanId":"secretsecretsecr"`), "byte 71: json: unexpected value in ID.UnmarshalJSONIter"},
		{"time", inJSON(`"startTimeUnixNano":"secret"`), "byte 72: json: unexpected value in ReadUint64"},
		{"kind", inJSON(`"kind":"secret"`), "byte 59: json: unexpected value in ReadEnumValue"},
		{"name", inJSON(`"name":["secret"]`), "byte 52: json: unexpected value in ReadString"},
		{"bytes", inJSON(`"attributes":[{"key":"secret","value":{"bytesValue":"secret!"}}]`), "byte 105: json: unexpected value in base64.Decode"},
		{"place known by its surroundings", `{"resourceSpans":[` + pad + `{"scopeSpans":["secret"]}]}`, "byte 154: json: unexpected value in ReadObject"},
		{"place not known", `{"resourceSpans":[` + pad + `7,` + pad + `7,` + pad + `7]}`, "json: unexpected value in ReadObject"},
	} {
		_, err := FromJSON([]byte(c.body))
		if err == nil || err.Error() != c.want || !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestFromJSON_Depth(t *testing.T) {
	nest := func(levels int) []byte {
		return []byte(inJSON(fmt.Sprintf(`"attributes":[{"key":"\"[[{{","value":%s{}%s}]`,
			strings.Repeat(`{"kvlistValue":{"values":[{"key":"k","value":`, levels), strings.Repeat(`}]}}`, levels))))
	}
	body, err := FromJSON(nest(maxDepth))
	if err != nil {
		t.Fatalf("%d levels: %v, want taken", maxDepth, err)
	}
	if _, ok := agree(t, body); !ok {
		t.Errorf("%d levels are refused by Walk, want taken", maxDepth)
	}
	if _, err = FromJSON([]byte(`{"resourceSpans":[{}` + strings.Repeat(`,{}`, maxJSONDepth) + `]}`)); err != nil {
		t.Errorf("%d brackets side by side: %v, want taken", maxJSONDepth, err)
	}
	_, err = FromJSON(nest(maxDepth + 10))
	if !errors.Is(err, ErrMalformed) || !strings.HasSuffix(err.Error(), "json: nested more than 4016 deep") {
		t.Errorf("%d levels: %v, want malformed", maxDepth+10, err)
	}
}
