package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// Request is one body and where its ids are.
type Request struct {
	SpansN int

	// mu is held while the body is on its way, so that no replay changes the bytes of the one before.
	mu       sync.Mutex
	body     []byte
	traceIDs []int // offsets of 16 bytes
	sessions []int // offsets of sessionDigits hexadecimal digits
	mask     uint64
}

// Field numbers of OTLP that lead to a span's trace id.
const (
	fieldResourceSpans = 1
	fieldScopeSpans    = 2
	fieldSpans         = 2
	fieldTraceID       = 1
)

// sessionKey precedes a conversation's id; between them are the tags and lengths of the value, and the id's own
// beginning, which is the same in all.
const (
	sessionKey    = "gen_ai.conversation.id"
	sessionSkip   = 4 + len("conv_")
	sessionDigits = 16
)

// Play gives the request's traces and conversations the ids of a replay, and calls send with the body, which it must
// not keep. Replay 0 has the ids that were generated. It waits for a Play of the same request to end.
func (r *Request) Play(replay int, send func(body []byte) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if replay != 0 && r.traceIDs == nil {
		return errors.New("replay a request whose ids cannot be changed")
	}
	r.stamp(maskOf(replay))
	return send(r.body)
}

// maskOf spreads a replay's number over 64 bits; 0 stays 0, so the first replay changes nothing.
func maskOf(replay int) uint64 {
	x := uint64(replay) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// stamp changes ids by exclusive or, so that the change from one mask to the next needs no copy of the originals, and
// different ids stay different.
func (r *Request) stamp(mask uint64) {
	change := mask ^ r.mask
	if change == 0 {
		return
	}
	r.mask = mask
	for _, at := range r.traceIDs {
		for i := range 16 {
			r.body[at+i] ^= byte(change >> (8 * (i % 8)))
		}
	}
	for _, at := range r.sessions {
		for i := range sessionDigits {
			r.body[at+i] = hexDigits[hexValue(r.body[at+i])^byte(change>>(4*i))&15]
		}
	}
}

const hexDigits = "0123456789abcdef"

func hexValue(digit byte) byte {
	if digit >= 'a' {
		return digit - 'a' + 10
	}
	return digit - '0'
}

// index finds the ids.
func (r *Request) index() error {
	spans := 0
	err := EachSpan(r.body, func(span []byte, offset int) error {
		spans++
		return eachField(span, offset, fieldTraceID, func(id []byte, at int) error {
			if len(id) != 16 {
				return fmt.Errorf("trace id of %d bytes", len(id))
			}
			r.traceIDs = append(r.traceIDs, at)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if spans != r.SpansN || len(r.traceIDs) != spans {
		return fmt.Errorf("got %d spans with %d trace ids, want %d", spans, len(r.traceIDs), r.SpansN)
	}
	for at := 0; ; {
		i := bytes.Index(r.body[at:], []byte(sessionKey))
		if i < 0 {
			return nil
		}
		at += i + len(sessionKey) + sessionSkip
		if at+sessionDigits > len(r.body) {
			return errors.New("conversation id ends with the request")
		}
		r.sessions = append(r.sessions, at)
	}
}

// EachSpan calls yield with the bytes of every span of an ExportTraceServiceRequest, and their offset in it.
func EachSpan(body []byte, yield func(span []byte, offset int) error) error {
	return eachField(body, 0, fieldResourceSpans, func(rs []byte, at int) error {
		return eachField(rs, at, fieldScopeSpans, func(ss []byte, at int) error {
			return eachField(ss, at, fieldSpans, yield)
		})
	})
}

// CountSpans counts the spans of an ExportTraceServiceRequest.
func CountSpans(body []byte) (int, error) {
	n := 0
	err := EachSpan(body, func([]byte, int) error { n++; return nil })
	return n, err
}

// eachField calls yield with every length-delimited field of that number in message, which starts at offset.
func eachField(message []byte, offset int, want protowire.Number, yield func(value []byte, at int) error) error {
	for at := 0; at < len(message); {
		number, kind, n := protowire.ConsumeTag(message[at:])
		if n < 0 {
			return fmt.Errorf("read tag at %d: %w", offset+at, protowire.ParseError(n))
		}
		at += n
		if number == want && kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message[at:])
			if n < 0 {
				return fmt.Errorf("read field at %d: %w", offset+at, protowire.ParseError(n))
			}
			if err := yield(value, offset+at+n-len(value)); err != nil {
				return err
			}
			at += n
			continue
		}
		n = protowire.ConsumeFieldValue(number, kind, message[at:])
		if n < 0 {
			return fmt.Errorf("read field at %d: %w", offset+at, protowire.ParseError(n))
		}
		at += n
	}
	return nil
}
