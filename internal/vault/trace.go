package vault

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"
)

// TraceID is the 16 bytes of an OTLP trace id.
type TraceID = [16]byte

// SessionID names a session. A trace without one is a session of its own, under a value of the caller's choosing.
// Each part is at most MaxIDBytes long.
type SessionID struct {
	Tenant string
	Key    string // the attribute that it was found under
	Value  string
}

// MaxIDBytes bounds each part of a SessionID, a Name's value and a class, in bytes.
const MaxIDBytes = 4096

func (s SessionID) String() string { return fmt.Sprintf("%q/%q/%q", s.Tenant, s.Key, s.Value) }

func (s SessionID) check() error {
	if max(len(s.Tenant), len(s.Key), len(s.Value)) > MaxIDBytes {
		return fmt.Errorf("session id of %d, %d and %d bytes: the limit is %d",
			len(s.Tenant), len(s.Key), len(s.Value), MaxIDBytes)
	}
	return nil
}

// Order is the place of a session among others in a block. Blocks whose sessions come in this order are merged by
// reading each from front to back; any order works.
func (s SessionID) Order() uint64 { return hashParts('s', s.Tenant, s.Key, s.Value) }

// NameKind says what a Name is. The numbers are on disk.
type NameKind uint8

// The kinds of names that traces are found by.
const (
	ResponseName NameKind = 1 // the id that a model's provider gave an answer
	UserName     NameKind = 2
)

// Name is something that a trace is found by besides its id, within its tenant.
type Name struct {
	Kind  NameKind
	Value string
}

func (n Name) hash(tenant string) uint64 { return hashParts(byte(n.Kind), tenant, n.Value) }

func traceHash(id TraceID) uint64 { return hashParts('t', string(id[:])) }

// hashParts hashes strings so that no two lists of parts are the same bytes. It is on disk.
func hashParts(kind byte, parts ...string) uint64 {
	var d xxhash.Digest
	d.Reset()
	var head [5]byte
	head[0] = kind
	for _, p := range parts {
		n := len(p)
		head[1], head[2], head[3], head[4] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
		d.Write(head[:])
		d.WriteString(p)
	}
	return d.Sum64()
}

// Trace is the spans of one trace, or some of them: its fragments may be added apart, and come back apart.
//
// What a Vault hands out aliases memory that is good only until the function it was handed to returns.
type Trace struct {
	ID         TraceID   // not zero
	Start, End time.Time // of the earliest and the latest span; zero where not known
	SpansN     int
	Meta       []byte // the caller's; at most MaxMetaBytes
	Names      []Name
	Parts      []Part
}

// Part is spans of one trace that came by one route.
type Part struct {
	Route []byte // the caller's; at most MaxMetaBytes
	Body  []byte // an ExportTraceServiceRequest: kept byte for byte; at most MaxPartBytes
}

// Bounds of a trace. A trace with more names is not found by those that come last.
const (
	MaxMetaBytes = 1 << 20
	MaxPartBytes = 1 << 29
	MaxNames     = 10_000
)

func (t *Trace) check() error {
	if t.ID == (TraceID{}) {
		return errors.New("trace without an id")
	}
	if t.SpansN < 0 || t.SpansN > 1<<31-1 || len(t.Meta) > MaxMetaBytes {
		return fmt.Errorf("trace %s: %d spans, %d bytes of meta: out of bounds", hex.EncodeToString(t.ID[:]), t.SpansN, len(t.Meta))
	}
	for _, n := range t.Names {
		if len(n.Value) > MaxIDBytes {
			return fmt.Errorf("trace %s: name of %d bytes: the limit is %d", hex.EncodeToString(t.ID[:]), len(n.Value), MaxIDBytes)
		}
	}
	for _, p := range t.Parts {
		if len(p.Body) > MaxPartBytes || len(p.Route) > MaxMetaBytes {
			return fmt.Errorf("trace %s: part of %d bytes, route of %d: out of bounds", hex.EncodeToString(t.ID[:]), len(p.Body), len(p.Route))
		}
	}
	return nil
}
