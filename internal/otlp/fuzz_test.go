package otlp

import (
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// FuzzWalk proves on any bytes that Walk and the Collector's decoder agree, and that what Walk finds can be put
// together again.
func FuzzWalk(f *testing.F) {
	whole, err := ptraceotlp.NewExportRequestFromTraces(everything()).MarshalProto()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	for _, l := range levels() {
		f.Add([]byte(l.around(l.bytes)))
	}
	for seed := range uint64(8) {
		f.Add([]byte(newMaker(seed, seed%2 == 0).request()))
	}
	f.Fuzz(func(t *testing.T, body []byte) { agree(t, body) })
}

// FuzzFromJSON proves that any text is either taken, as the Collector takes it, and gives a request that is
// taken as well unless its values nest too deep, or refused with an error that does not quote it.
func FuzzFromJSON(f *testing.F) {
	whole, err := ptraceotlp.NewExportRequestFromTraces(everything()).MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(whole))
	for _, fields := range []string{``, `"traceId":"00"`, `"kind":"SPAN_KIND_CLIENT"`, `"name":5`, `"flags":1e3`, `"x":[{}]`} {
		f.Add(inJSON(fields))
	}
	f.Fuzz(func(t *testing.T, text string) {
		body, err := FromJSON([]byte(text))
		oracle := ptraceotlp.NewExportRequest().UnmarshalJSON([]byte(text))
		if (err == nil) != (oracle == nil) && !(err != nil && strings.Contains(err.Error(), "nested")) {
			t.Fatalf("FromJSON: %v, pdata: %v\ntext %q", err, oracle, text)
		}
		if err != nil {
			checkJSONRefusal(t, text, err)
			return
		}
		agree(t, body)
	})
}

func checkJSONRefusal(t *testing.T, text string, err error) {
	t.Helper()
	var m *MalformedError
	if !errors.As(err, &m) || m.Offset > len(text) || !strings.HasPrefix(m.What, "json: ") {
		t.Fatalf("FromJSON = %#v, want a MalformedError with a place in %d bytes", err, len(text))
	}
	for _, known := range []string{
		"json: syntax error", "json: syntax error at or before the end", "json: nested more than 4016 deep",
	} {
		if m.What == known {
			return
		}
	}
	step := strings.TrimPrefix(m.What, "json: unexpected value in ")
	if !strings.Contains("request ID.UnmarshalJSONIter base64.Decode", step) && !strings.HasPrefix(step, "Read") &&
		!strings.HasPrefix(step, "read") && !strings.HasPrefix(step, "skip") && !strings.HasPrefix(step, "Skip") {
		t.Fatalf("FromJSON = %v, which may quote the text", err)
	}
}
