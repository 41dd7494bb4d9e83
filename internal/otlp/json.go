package otlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// FromJSON turns an OTLP/JSON trace request into the protobuf form that Walk reads. It takes what a Collector's
// receiver takes. The error is a *MalformedError that names the place as closely as it can be known, and
// nothing of what stands there.
func FromJSON(body []byte) ([]byte, error) {
	if at := deeperThan(body, maxJSONDepth); at >= 0 {
		return nil, &MalformedError{Offset: at, What: "json: nested more than " + strconv.Itoa(maxJSONDepth) + " deep"}
	}
	request := ptraceotlp.NewExportRequest()
	if err := request.UnmarshalJSON(body); err != nil {
		return nil, explainJSON(body, err)
	}
	return request.MarshalProto()
}

// maxJSONDepth is room for a value that nests maxDepth deep: each of its levels takes four brackets at most. The
// decoder recurses as deep as the text goes, and a stack that overflows takes the whole process with it.
const maxJSONDepth = 4*maxDepth + 16

// deeperThan returns the offset of the first bracket that opens more than limit levels, or a negative number.
func deeperThan(body []byte, limit int) int {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return i
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return -1
}

// explainJSON finds the place of a fault. The decoder's own error cannot be passed on: it quotes a hundred
// bytes of the request around the fault, and the value that it could not read.
func explainJSON(body []byte, err error) *MalformedError {
	var syntax *json.SyntaxError
	if fault := json.Unmarshal(body, new(json.RawMessage)); !errors.As(fault, &syntax) {
		step := decoderStep(err.Error())
		return &MalformedError{Offset: faultOffset(body, err.Error()), What: "json: unexpected value in " + step}
	}
	if int(syntax.Offset) >= len(body) {
		return &MalformedError{Offset: len(body), What: "json: syntax error at or before the end"}
	}
	return &MalformedError{Offset: int(syntax.Offset) - 1, What: "json: syntax error"}
}

// decoderStep is the name of the function that the decoder was in, with which its errors start, if it is a
// plain word and thus not content.
func decoderStep(text string) string {
	step, _, found := strings.Cut(text, ":")
	odd := func(c rune) bool {
		return c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}
	if !found || len(step) > 40 || strings.ContainsFunc(step, odd) {
		return "request"
	}
	return step
}

// quoted matches the end of a decoder's error: where it stood in a quotation of some bytes to either side, and
// a longer quotation around that.
var quoted = regexp.MustCompile(`(?s), error found in #(\d+) byte of \.\.\.\|(.*)\|\.\.\., bigger context \.\.\.\|(.*)\|\.\.\.$`)

// faultOffset finds the place of a fault, or the end of the faulty value, by what the decoder quotes. It
// returns a negative number if that is not found in exactly one place.
func faultOffset(body []byte, text string) int {
	const before = 50 // bytes of the longer quotation that precede the place, unless the body starts there
	m := quoted.FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	around := bytes.Index(body, []byte(m[3]))
	if around < 0 || around != bytes.LastIndex(body, []byte(m[3])) {
		return -1
	}
	if around > 0 {
		return around + before
	}
	near := strings.Index(m[3], m[2])
	if near < 0 || near != strings.LastIndex(m[3], m[2]) {
		return -1
	}
	at, _ := strconv.Atoi(m[1]) // digits, by the pattern
	return near + at
}
