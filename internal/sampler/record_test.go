package sampler

import (
	"reflect"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/otlp"
)

func someDecision() *decision {
	return &decision{
		trace: otlp.TraceID{1, 2, 3}, verdict: ledger.Keep, flags: flagEarly, decidedAt: time.Unix(10, 11).UTC(),
		start: time.Unix(5, 6).UTC(), duration: time.Minute, spansN: 45, probability: 0.05, policyVersion: "sha256:abc",
		session: "s", retention: "debug", rules: []string{"a", "b"}, threshold: "f", randomness: "0123456789abcd", facts: []byte(`{"spans":45}`),
	}
}

func someCarried() carriedMeta {
	return carriedMeta{
		route: Route{Source: "tailwise", Metadata: []KV{{"x-tenant", []string{"acme", ""}}}},
		trace: otlp.TraceID{9}, origins: []origin{{1 << 32, 3}, {5<<32 | 77, 1}}, decision: someDecision(), refused: "HTTP status 400",
	}
}

func TestRecords_RoundTrip(t *testing.T) {
	decisions := []*decision{someDecision(), {decidedAt: time.Unix(0, 0).UTC(), start: time.Unix(0, 0).UTC()}}
	gotDecisions, err := decodeDecisions(encodeDecisions(decisions))
	if err != nil || len(gotDecisions) != 2 || !reflect.DeepEqual(gotDecisions[0], decisions[0]) {
		t.Errorf("decisions: got %+v (%v), want %+v", gotDecisions, err, decisions)
	}
	marks := []mark{{otlp.TraceID{1}, time.Unix(1, 2).UTC(), time.Unix(3, 4).UTC(), 99, ""}, {otlp.TraceID{2}, time.Unix(1, 2).UTC(), time.Unix(3, 4).UTC(), 7, "refused"}}
	if got, err := decodeMarks(encodeMarks(marks)); err != nil || !reflect.DeepEqual(got, marks) {
		t.Errorf("marks: got %+v (%v), want %+v", got, err, marks)
	}
	if got, err := decodeCarried(encodeCarried(someCarried())); err != nil || !reflect.DeepEqual(got, someCarried()) {
		t.Errorf("carried: got %+v (%v), want %+v", got, err, someCarried())
	}
	use := ledger.PolicyUse{Version: "v", Text: []byte("rules: []"), From: time.Unix(1, 2).UTC(), Calibrate: time.Hour}
	if got, err := decodePolicyUse(encodePolicyUse(use)); err != nil || !reflect.DeepEqual(got, use) {
		t.Errorf("policy: got %+v (%v), want %+v", got, err, use)
	}
}

func TestRecords_CutShortAreRefused(t *testing.T) {
	for name, record := range map[string]struct {
		bytes  []byte
		decode func([]byte) error
	}{
		"decisions": {encodeDecisions([]*decision{someDecision()}), func(b []byte) error { _, err := decodeDecisions(b); return err }},
		"marks":     {encodeMarks([]mark{{refused: "x"}}), func(b []byte) error { _, err := decodeMarks(b); return err }},
		"carried":   {encodeCarried(someCarried()), func(b []byte) error { _, err := decodeCarried(b); return err }},
		"policy":    {encodePolicyUse(ledger.PolicyUse{Version: "v"}), func(b []byte) error { _, err := decodePolicyUse(b); return err }},
	} {
		for n := range record.bytes {
			if err := record.decode(record.bytes[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes were taken for a whole record", name, n, len(record.bytes))
			}
		}
		if err := record.decode(append(record.bytes, 0)); err == nil {
			t.Errorf("%s: a byte too many was taken", name)
		}
	}
}

// No bytes make a decoder panic or allocate beyond what they hold, and what decodes encodes to a record that decodes
// to the same.
func FuzzRecords(f *testing.F) {
	f.Add(encodeDecisions([]*decision{someDecision()}))
	f.Add(encodeMarks([]mark{{refused: "x"}}))
	f.Add(encodeCarried(someCarried()))
	f.Add(encodePolicyUse(ledger.PolicyUse{Version: "v", Text: []byte("x")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if ds, err := decodeDecisions(b); err == nil {
			again, err := decodeDecisions(encodeDecisions(ds))
			if err != nil || len(again) != len(ds) {
				t.Fatalf("decisions: %d became %d (%v)", len(ds), len(again), err)
			}
		}
		if ms, err := decodeMarks(b); err == nil {
			if again, err := decodeMarks(encodeMarks(ms)); err != nil || !reflect.DeepEqual(again, ms) {
				t.Fatalf("marks: %+v became %+v (%v)", ms, again, err)
			}
		}
		if m, err := decodeCarried(b); err == nil {
			if again, err := decodeCarried(encodeCarried(m)); err != nil || len(again.origins) != len(m.origins) {
				t.Fatalf("carried: %+v became %+v (%v)", m, again, err)
			}
		}
		if u, err := decodePolicyUse(b); err == nil {
			if again, err := decodePolicyUse(encodePolicyUse(u)); err != nil || !reflect.DeepEqual(again, u) {
				t.Fatalf("policy: %+v became %+v (%v)", u, again, err)
			}
		}
	})
}
