package wal

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// recorder is a consumer that keeps what it is given.
type recorder struct {
	caught chan struct{}
	sealed chan SegmentID
	enter  chan struct{} // if set, each Record puts a token first
	gate   chan struct{} // if set, each Record then takes a token
	seen   chan struct{} // if set, each Record puts a token last

	// mu guards the fields below.
	mu     sync.Mutex
	got    []string
	pos    []Position
	disk   []bool
	ended  []SegmentID
	damage []Damage
	attach []any
}

func newRecorder() *recorder {
	return &recorder{caught: make(chan struct{}), sealed: make(chan SegmentID, 10000)}
}

func text(kind Kind, meta, body []byte) string { return fmt.Sprintf("%d/%s/%s", kind, meta, body) }

func (r *recorder) Record(d Delivery) {
	if r.enter != nil {
		r.enter <- struct{}{}
	}
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	r.got = append(r.got, text(d.Kind, d.Meta, d.Body))
	r.pos = append(r.pos, d.Position)
	r.disk = append(r.disk, d.FromDisk)
	r.attach = append(r.attach, d.Attachment)
	r.mu.Unlock()
	if r.seen != nil {
		r.seen <- struct{}{}
	}
}

func (r *recorder) Sealed(id SegmentID) {
	r.mu.Lock()
	r.ended = append(r.ended, id)
	r.mu.Unlock()
	r.sealed <- id
}

func (r *recorder) CaughtUp() { close(r.caught) }

func (r *recorder) Damaged(d Damage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.damage = append(r.damage, d)
}

func open(t testing.TB, cfg Config) *Log {
	t.Helper()
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closeLog(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// put appends a record, waits for it and gives its position and what delivery should say of it.
func put(t testing.TB, l *Log, body string) (Position, string) {
	t.Helper()
	c := l.Append(&Record{Kind: 3, Meta: []byte("m"), Body: []byte(body)})
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	return c.Position(), "3/m/" + body
}

// reopen delivers what the log holds on fsys, and closes it again.
func reopen(t testing.TB, cfg Config) *recorder {
	t.Helper()
	l, rec := open(t, cfg), newRecorder()
	l.Start(rec)
	<-rec.caught
	closeLog(t, l)
	return rec
}

func wantRecords(t testing.TB, rec *recorder, want []string) {
	t.Helper()
	if !slices.Equal(rec.got, want) {
		t.Fatalf("delivered: got %d records %.300q, want %d %.300q", len(rec.got), rec.got, len(want), want)
	}
	if !slices.IsSorted(rec.pos) {
		t.Fatalf("positions: got %v, want them to grow", rec.pos)
	}
}

func wantNoDamage(t testing.TB, rec *recorder) {
	t.Helper()
	if len(rec.damage) > 0 {
		t.Fatalf("damage: got %+v, want none", rec.damage)
	}
}

func memConfig() (Config, *durable.Mem) {
	m := durable.NewMem()
	return Config{FS: m, Dir: "data/wal", SegmentBytes: 4096, Clock: func() time.Time { return time.Unix(1, 0) }}, m
}
