package wal

import (
	"bytes"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// Where commits do not wait for syncs, what replaces a removed record is on disk before the removal is.
func TestRemove_SyncsWhatIsLeftFirst(t *testing.T) {
	for _, durability := range []Durability{Interval, Process} {
		t.Run(fmt.Sprint(durability), func(t *testing.T) {
			disk := durable.NewMem()
			cfg := Config{FS: disk, Dir: "wal", SegmentBytes: 4 << 10, Durability: durability, SyncInterval: 1 << 40}
			l, rec := open(t, cfg), newRecorder()
			l.Start(rec)
			var want []string
			for i := range 12 {
				body := bytes.Repeat([]byte{byte('a' + i)}, 1000)
				commit := l.Append(&Record{Kind: 1, Body: body})
				if err := commit.Wait(); err != nil {
					t.Fatal(err)
				}
				if commit.Position().Segment() > 1 {
					want = append(want, text(1, nil, body))
				}
			}
			<-rec.sealed
			if err := l.RemoveThrough(1); err != nil {
				t.Fatal(err)
			}
			left := disk.CrashClone(rand.New(rand.NewSource(1)))
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			cfg.FS = left
			l, rec = open(t, cfg), newRecorder()
			l.Start(rec)
			<-rec.caught
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(rec.got, want) {
				t.Errorf("after power loss: got %d records, want the %d that replaced what was removed", len(rec.got), len(want))
			}
		})
	}
}
