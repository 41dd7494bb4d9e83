package traffic

import (
	"bytes"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"
)

// TestEncode_ReadsTheSame compares with the Collector's marshaler, through its unmarshaler.
func TestEncode_ReadsTheSame(t *testing.T) {
	var m ptrace.ProtoMarshaler
	var u ptrace.ProtoUnmarshaler
	for _, profile := range []Profile{Agent, Small} {
		batches, _ := emit(t, Config{Profile: profile, Sessions: 10, Shares: Shares{Errors: 0.5, Poor: 0.5, Retried: 0.5}}, 0)
		for i, b := range batches {
			encoded := b.Encode()
			back, err := u.UnmarshalTraces(encoded)
			if err != nil {
				t.Fatalf("%s batch %d: %v", profile, i, err)
			}
			want, err := m.MarshalTraces(b.Spans)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.MarshalTraces(back)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%s batch %d: read back and marshaled again, got %d bytes that differ from the %d of the original", profile, i, len(got), len(want))
			}
		}
	}
}

func TestEncode_FieldsAscend(t *testing.T) {
	batches, _ := emit(t, Config{Sessions: 1, Shares: Shares{Poor: 1, Errors: 1}}, 0)
	for _, b := range batches {
		checkAscending(t, b.Encode(), []protowire.Number{1, 2, 2, 9, 2, 1}) // down to the text of an attribute
	}
}

// checkAscending checks the order of a message's fields, and of the messages on the path below it.
func checkAscending(t *testing.T, message []byte, path []protowire.Number) {
	t.Helper()
	last := protowire.Number(0)
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		size := protowire.ConsumeFieldValue(field, kind, message[max(n, 0):])
		if n < 0 || size < 0 {
			t.Fatalf("cannot read a field after field %d", last)
		}
		if field < last {
			t.Fatalf("field %d comes after field %d", field, last)
		}
		if len(path) > 1 && field == path[0] {
			value, _ := protowire.ConsumeBytes(message[n:])
			checkAscending(t, value, path[1:])
		}
		last, message = field, message[n+size:]
	}
}
