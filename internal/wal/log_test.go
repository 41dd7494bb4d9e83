package wal

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/tailwise/tailwise/internal/durable"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a consumer that keeps what it is given.
type recorder struct {
	mu     sync.Mutex
	got    []string
	pos    []Position
	disk   int
	sealed []SegmentID
	damage []Damage
	caught chan struct{}
	block  chan struct{} // if set, each Record takes a token first
}

func newRecorder() *recorder { return &recorder{caught: make(chan struct{})} }

func (r *recorder) Record(d Delivery) {
	if r.block != nil {
		<-r.block
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, fmt.Sprintf("%d/%s/%s", d.Kind, d.Meta, d.Body))
	r.pos = append(r.pos, d.Position)
	if d.FromDisk {
		r.disk++
	}
}
func (r *recorder) Sealed(id SegmentID) { r.mu.Lock(); r.sealed = append(r.sealed, id); r.mu.Unlock() }
func (r *recorder) CaughtUp()           { close(r.caught) }
func (r *recorder) Damaged(d Damage)    { r.mu.Lock(); r.damage = append(r.damage, d); r.mu.Unlock() }

func TestLog_DeliversOnceAndAgainAfterReopen(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{FS: durable.OS(), Dir: dir + "/wal", SegmentBytes: 4096}
	var want []string
	for round := range 3 {
		l, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		rec := newRecorder()
		l.Start(rec)
		for i := range 50 {
			body := fmt.Sprintf("round %d body %d %0200d", round, i, i)
			c := l.Append(&Record{Kind: 3, Meta: []byte("m"), Body: []byte(body)})
			if err := c.Wait(); err != nil {
				t.Fatal(err)
			}
			want = append(want, "3/m/"+body)
		}
		<-rec.caught
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(rec.got, want) {
			t.Fatalf("round %d: got %d records, want %d", round, len(rec.got), len(want))
		}
		if len(rec.damage) != 0 {
			t.Fatalf("got damage %v, want none", rec.damage)
		}
	}
}
