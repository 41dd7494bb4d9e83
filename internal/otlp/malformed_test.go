package otlp

import (
	"bytes"
	"errors"
	"testing"
)

func TestWalk_ErrorTexts(t *testing.T) {
	for _, c := range []struct {
		name string
		span []byte
		want string
	}{
		{"length", append(okSpan(), 4<<3|wireLen, 99), "byte 34: span: field 4: length 99 beyond the message"},
		{"attribute's length", append(okSpan(), spanAttribute, 99), "byte 34: span: field 9: length 99 beyond the message"},
		{"length cut off", append(okSpan(), 4<<3|wireLen, 0x80), "byte 34: span: field 4: length cut off or longer than 10 bytes"},
		{"wrong wire type", okSpan().varint(5, 1), "byte 34: span: field 5: wire type 0"},
		{"tag cut off", append(okSpan(), 0x80), "byte 34: span: tag cut off or longer than 10 bytes"},
		{"endless tag", append(okSpan(), bytes.Repeat([]byte{0x80}, 11)...), "byte 34: span: tag cut off or longer than 10 bytes"},
		{"field zero", append(okSpan(), 2, 0), "byte 34: span: field number 0"},
		{"negative field", append(okSpan(), 0x80, 0x80, 0x80, 0x80, 0x40, 0), "byte 34: span: field number -2147483648"},
		{"number cut off", append(okSpan(), 6<<3, 0x80), "byte 34: span: field 6: number cut off or longer than 10 bytes"},
		{"time cut off", append(okSpan(), 7<<3|wireFixed64, 0), "byte 34: span: field 7: number cut off"},
		{"flags cut off", append(okSpan().tag(16, wireFixed32), 0), "byte 34: span: field 16: number cut off"},
		{"unused wire type", append(okSpan(), 20<<3&0x7f|6|0x80, 1, 0), "byte 34: span: field 20: wire type 6"},
		{"group", okSpan().tag(20, wireGroupEnd), "byte 34: span: field 20: group with contents, without end, or last in the message"},
		{"attribute", okSpan().bytes(9, msg{}.varint(1, 1)), "byte 36: attribute: field 1: wire type 0"},
		{"value", okSpan().bytes(9, msg{}.bytes(2, msg{}.text(3, "secret"))), "byte 38: attribute value: field 3: wire type 2"},
		{"array", okSpan().bytes(9, msg{}.bytes(2, msg{}.bytes(5, msg{}.varint(1, 1)))), "byte 40: attribute value: field 1: wire type 0"},
		{"event", okSpan().bytes(11, msg{}.varint(1, 1)), "byte 36: event: field 1: wire type 0"},
		{"link", okSpan().bytes(13, msg{}.varint(1, 1)), "byte 36: link: field 1: wire type 0"},
		{"link's attribute", okSpan().bytes(13, msg{}.bytes(4, msg{}.varint(1, 1))), "byte 38: attribute: field 1: wire type 0"},
		{"status", okSpan().bytes(15, msg{}.text(3, "secret")), "byte 36: status: field 3: wire type 2"},
	} {
		checkErrorText(t, c.name, inRequest(c.span), c.want)
	}
}

func TestWalk_ErrorTextsAround(t *testing.T) {
	inResource := func(m msg) []byte { return msg{}.bytes(1, msg{}.bytes(1, m)) }
	inScope := func(m msg) []byte { return msg{}.bytes(1, msg{}.bytes(2, msg{}.bytes(1, m))) }
	for _, c := range []struct {
		name string
		body []byte
		want string
	}{
		{"request", []byte("not protobuf"), "byte 0: request: field 13: wire type 6"},
		{"json", []byte(`{"resourceSpans":[]}`), "byte 0: request: field 15: group with contents, without end, or last in the message"},
		{"resource spans", msg{}.bytes(1, msg{}.varint(1, 1)), "byte 2: resource spans: field 1: wire type 0"},
		{"old scope spans", msg{}.bytes(1, msg{}.varint(1000, 1)), "byte 2: resource spans: field 1000: wire type 0"},
		{"resource", inResource(msg{}.text(2, "x")), "byte 4: resource: field 2: wire type 2"},
		{"resource's attribute", inResource(msg{}.bytes(1, msg{}.varint(1, 1))), "byte 6: attribute: field 1: wire type 0"},
		{"entity", inResource(msg{}.bytes(3, msg{}.varint(1, 1))), "byte 6: entity ref: field 1: wire type 0"},
		{"scope spans", msg{}.bytes(1, msg{}.bytes(2, msg{}.varint(2, 1))), "byte 4: scope spans: field 2: wire type 0"},
		{"scope", inScope(msg{}.varint(1, 1)), "byte 6: scope: field 1: wire type 0"},
		{"scope's attribute", inScope(msg{}.bytes(3, msg{}.varint(1, 1))), "byte 8: attribute: field 1: wire type 0"},
	} {
		checkErrorText(t, c.name, c.body, c.want)
	}
}

func checkErrorText(t *testing.T, name string, body []byte, want string) {
	t.Helper()
	agree(t, body)
	var x Index
	err := x.Walk(body, nil)
	if err == nil || err.Error() != want || !errors.Is(err, ErrMalformed) {
		t.Errorf("%s: got %v, want %s", name, err, want)
	}
}
