package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

// turns writes n blocks, each of which holds the next turn of every session, and returns the sessions as they then are.
func turns(t *testing.T, v *Vault, sessions, n int) (all []stored, blocks []Block) {
	t.Helper()
	rng := seeded(t)
	for i := range sessions {
		all = append(all, simple(rng, i, n))
	}
	for turn := range n {
		var some []stored
		for _, s := range all {
			s.traces = s.traces[turn : turn+1]
			s.expires = s.expires.Add(time.Duration(turn) * time.Minute)
			some = append(some, s)
		}
		blocks = append(blocks, write(t, v, "hold", some...))
	}
	return all, blocks
}

func TestMerge_OneReadASession(t *testing.T) {
	disk := newMem()
	v := openVault(t, disk)
	all, blocks := turns(t, v, 10, 6)
	if got := v.Mergeable(6, 2); !slices.Equal(got, ids(blocks...)) {
		t.Errorf("mergeable: got %v, want the %d blocks", got, len(blocks))
	}
	if got := v.Mergeable(7, 2); got != nil {
		t.Errorf("mergeable by seven: got %v, want none", got)
	}
	must(t, v.Merge(ctx, v.Mergeable(6, 2), nil))
	for _, v := range []*Vault{v, openVault(t, disk)} {
		b := v.Blocks()
		if len(b) != 1 || b[0].Level != 1 || b[0].SessionsN != 10 || b[0].TracesN != 60 || b[0].SpansN != 120 {
			t.Fatalf("blocks: got %+v, want one of level 1 with 10 sessions of 6 traces", b)
		}
		for _, s := range all {
			s.expires = s.expires.Add(5 * time.Minute) // that of the last turn
			wantSession(t, v, s.id, s.traces)
			wantFound(t, v, s, "hold")
		}
		wantSound(t, v)
		wantTidy(t, v)
	}
	var before int64
	for _, b := range blocks {
		before += b.Bytes
	}
	if after := v.Blocks()[0].Bytes; 2*after > before {
		t.Errorf("bytes: got %d, want less than half of the %d of the unmerged blocks", after, before)
	}
}

func TestMerge_PartsByExpiry(t *testing.T) {
	rng := seeded(t)
	v := openVault(t, newMem())
	a, b, c := simple(rng, 1, 2), simple(rng, 2, 2), simple(rng, 3, 2)
	b.expires, c.expires = noon.Add(200*time.Hour), time.Time{}
	first := write(t, v, "hold", a, b, c)
	until := func(class string, id SessionID, written time.Time) time.Time {
		if id == a.id {
			return noon.Add(300 * time.Hour) // its window was prolonged
		}
		return written
	}
	must(t, v.Merge(ctx, ids(first), until))
	got := map[string]bool{}
	for _, b := range v.Blocks() {
		got[b.ExpiresLast.Format(time.DateTime)] = true
		if b.SessionsN != 1 {
			t.Errorf("block %v: got %d sessions, want 1", b.ID, b.SessionsN)
		}
	}
	for _, want := range []time.Time{noon.Add(300 * time.Hour), b.expires, {}} {
		if !got[want.Format(time.DateTime)] {
			t.Errorf("expiries: got %v, want %v among them", got, want)
		}
	}
	for _, s := range []stored{a, b, c} {
		wantSession(t, v, s.id, s.traces)
	}
}

func TestMerge_Refuses(t *testing.T) {
	rng := seeded(t)
	v := openVault(t, newMem())
	a, b := write(t, v, "hold", simple(rng, 1, 1)), write(t, v, "debug", simple(rng, 2, 1))
	for name, blocks := range map[string][]BlockID{
		"two classes": ids(a, b), "twice": ids(a, a), "unknown": {{1}},
	} {
		if err := v.Merge(ctx, blocks, nil); err == nil {
			t.Errorf("%s: got nil, want an error", name)
		}
	}
	must(t, v.Merge(ctx, nil, nil))
	if got := v.Blocks(); len(got) != 2 {
		t.Errorf("blocks: got %d, want the 2 that were there", len(got))
	}
}

func TestExpire(t *testing.T) {
	rng := seeded(t)
	v := openVault(t, newMem())
	var all []stored
	for i := range 10 {
		s := simple(rng, i, 1)
		s.traces[0].Parts = []Part{{Body: letters(rng, 3000)}} // all of a size
		s.expires = noon.Add(time.Duration(i) * time.Hour)
		all = append(all, s)
	}
	write(t, v, "hold", all...)
	kept := all[3]
	kept.expires = time.Time{}
	write(t, v, "evidence", kept)
	var asked int
	prolong := map[SessionID]time.Time{}
	until := func(class string, id SessionID, written time.Time) time.Time {
		asked++
		if at, ok := prolong[id]; ok && class == "hold" {
			return at
		}
		return written
	}
	prolong[all[0].id] = noon.Add(1000 * time.Hour)
	for _, c := range []struct {
		at   time.Duration
		want Expired // but for the bytes
		left int     // sessions in hold
	}{
		{3 * time.Hour, Expired{}, 10},                                       // sessions 1 to 3: less than half
		{4*time.Hour + time.Minute, Expired{}, 10},                           // and 4: not looked at
		{6*time.Hour + time.Minute, Expired{RewrittenN: 1, SessionsN: 6}, 4}, // 1 to 6
		{7 * time.Hour, Expired{}, 4},                                        // one of four
		{9 * time.Hour, Expired{DroppedN: 1, SessionsN: 3}, 1},               // the prolonged one stands in a block of its own
		{999 * time.Hour, Expired{}, 1},
		{1000 * time.Hour, Expired{DroppedN: 1, SessionsN: 1}, 0},
		{9000 * time.Hour, Expired{}, 0},
	} {
		got, err := v.Expire(ctx, noon.Add(c.at), until)
		must(t, err)
		if (got.Bytes > 0) != (got.SessionsN > 0) {
			t.Errorf("after %v: got %d sessions of %d bytes", c.at, got.SessionsN, got.Bytes)
		}
		if got.Bytes = 0; got != c.want {
			t.Errorf("after %v: got %+v, want %+v", c.at, got, c.want)
		}
		left := 0
		for _, b := range v.Blocks() {
			if b.Class == "hold" {
				left += b.SessionsN
			}
		}
		if left != c.left {
			t.Errorf("after %v: got %d sessions, want %d", c.at, left, c.left)
		}
		wantSession(t, v, kept.id, kept.traces)
		wantSound(t, v)
	}
	wantTidy(t, v)
}

func TestExpire_AsksNobodyBeforeItIsTime(t *testing.T) {
	v := openVault(t, newMem())
	turns(t, v, 5, 3)
	_, err := v.Expire(ctx, noon.Add(71*time.Hour), func(string, SessionID, time.Time) time.Time {
		t.Error("until was called for a block of which nothing has expired")
		return time.Time{}
	})
	must(t, err)
}

func TestExpire_ShortenedWindows(t *testing.T) {
	v := openVault(t, newMem())
	all, blocks := turns(t, v, 4, 3)
	short := func(string, SessionID, time.Time) time.Time { return noon }
	if got, err := v.Expire(ctx, noon, short); err != nil || got != (Expired{}) {
		t.Errorf("before they are to be looked at: got %+v, %v, want nothing done", got, err)
	}
	v.Recheck(append(ids(blocks[:2]...), BlockID{1}))
	got, err := v.Expire(ctx, noon, short)
	if err != nil || got.DroppedN != 2 || got.SessionsN != 8 {
		t.Errorf("two of three blocks: got %+v, %v, want them dropped", got, err)
	}
	for _, s := range all {
		wantSession(t, v, s.id, s.traces[2:])
	}
	wantTidy(t, v)
}

const canary = "CANARY-5b1f0c"

// searchBucket says where the canary stands in the files, as they are and unpacked.
func searchBucket(t *testing.T, v *Vault) (found []string) {
	t.Helper()
	all, err := listAll(ctx, v.cfg.Bucket, "")
	must(t, err)
	for _, o := range all {
		raw := make([]byte, o.Bytes)
		must(t, v.cfg.Bucket.ReadAt(ctx, o.Name, raw, 0))
		texts := [][]byte{raw}
		if id, ok := parseID(o.Name, blockPrefix); ok {
			r, err := openBlock(ctx, v.cfg.Bucket, v.cache, id, o.Bytes)
			must(t, err)
			s := chunks{r: r, in: r.units(), ahead: readAhead}
			must(t, s.each(ctx, func(c *chunk) error {
				texts = append(texts, slices.Clone(c.unpacked), slices.Clone(c.bodies), fmt.Append(nil, c.session))
				return nil
			}))
			must(t, s.found.err())
		}
		for _, text := range texts {
			if bytes.Contains(text, []byte(canary)) {
				found = append(found, o.Name)
			}
		}
	}
	return found
}

// TestDelete_Canary puts a mark into everything that can be stored of two sessions and a trace of a third, in several
// blocks, and deletes them: the mark is in no file, packed or not.
func TestDelete_Canary(t *testing.T) {
	rng, disk := seeded(t), newMem()
	v := openVault(t, disk, smallBlocks)
	marked := func(s stored) stored {
		for i := range s.traces {
			tr := &s.traces[i]
			tr.Meta = []byte(canary)
			tr.Names = append(tr.Names, Name{ResponseName, canary})
			tr.Parts = append(tr.Parts, Part{[]byte("r " + canary), request(fmt.Appendf(letters(rng, 900), "%s %s", canary, letters(rng, 900)))})
		}
		return s
	}
	first, second, third := marked(simple(rng, 1, 4)), marked(simple(rng, 2, 2)), simple(rng, 3, 3)
	first.id.Value = canary
	third.traces[1] = marked(stored{traces: third.traces[1:2]}).traces[0]
	fine := simple(rng, 4, 5)
	part := func(s stored, from, to int) stored { s.traces = s.traces[from:to]; return s }
	a := write(t, v, "hold", part(first, 0, 2), part(third, 0, 2), part(fine, 0, 3))
	b := write(t, v, "hold", second, part(first, 2, 3))
	write(t, v, "debug", part(first, 3, 4), part(fine, 3, 5), part(third, 2, 3))
	must(t, v.Merge(ctx, ids(a, b), nil))
	write(t, v, "hold", part(fine, 4, 5))
	if got := searchBucket(t, v); len(got) == 0 {
		t.Fatal("the search finds no canary where there are many")
	}
	target := Targets{Sessions: []SessionID{first.id, second.id, sid(77)}, Traces: []TraceTarget{{"tenant", third.traces[1].ID}, {"other", fine.traces[0].ID}}}
	must(t, v.Delete(ctx, target))
	for _, v := range []*Vault{v, openVault(t, disk)} {
		if got := searchBucket(t, v); len(got) > 0 {
			t.Errorf("canary: got it in %v, want none", got)
		}
		wantSession(t, v, first.id, nil)
		wantSession(t, v, second.id, nil)
		wantSession(t, v, third.id, []Trace{third.traces[0], third.traces[2]})
		wantSession(t, v, fine.id, fine.traces)
		wantSound(t, v)
		if left := objects(t, v, gravePrefix); len(left) > 0 {
			t.Errorf("graves: got %v, want none", left)
		}
	}
	write(t, v, "hold", second) // a session may come back
	wantSession(t, v, second.id, second.traces)
}

// TestDelete_Interrupted lets the rewriting fail for as long as it likes: what was deleted is not seen, and gone in the end.
func TestDelete_Interrupted(t *testing.T) {
	disk := newMem()
	faulty := durable.NewFaulty(disk)
	v := openVault(t, faulty)
	all, _ := turns(t, v, 3, 2)
	faulty.Add(durable.Rule{Op: durable.OpSync, Nth: 2, Times: -1, Err: errBoom}) // the first is the grave's
	if err := v.Delete(ctx, Targets{Sessions: []SessionID{all[0].id}}); !errors.Is(err, errBoom) {
		t.Errorf("delete: got %v, want the fault", err)
	}
	faulty.Clear()
	for i, v := range []*Vault{v, openVault(t, disk)} {
		wantSession(t, v, all[0].id, nil)
		wantSession(t, v, all[1].id, all[1].traces)
		if found, err := v.FindTrace(ctx, all[0].traces[0].ID); len(found) > 0 || err != nil {
			t.Errorf("find a deleted trace: got %v, %v, want none", found, err)
		}
		if i == 1 {
			must(t, v.Sweep(ctx))
			for _, b := range v.Blocks() {
				if b.SessionsN != 2 {
					t.Errorf("sessions: got %d, want 2", b.SessionsN)
				}
			}
			wantTidy(t, v)
		}
	}
}

// TestDelete_BlockGone deletes from a block whose object somebody has removed meanwhile: nothing is left to do.
func TestDelete_BlockGone(t *testing.T) {
	v := openVault(t, newMem())
	all, blocks := turns(t, v, 3, 2)
	dead := map[digest]struct{}{sessionDigest(all[0].id): {}}
	must(t, v.dig(ctx, dead, true, func(context.Context) (map[BlockID]bool, error) { return map[BlockID]bool{blocks[0].ID: true}, nil }))
	must(t, v.cfg.Bucket.Delete(ctx, blocks[0].ID.object()))
	must(t, v.Delete(ctx, Targets{Sessions: []SessionID{all[0].id}}))
	wantSession(t, v, all[0].id, nil)
	wantSession(t, v, all[1].id, all[1].traces[1:])
	wantTidy(t, v)
}

// TestDelete_Overtakes buries a session while blocks are rewritten that hold it: they must not bring it back.
func TestDelete_Overtakes(t *testing.T) {
	for name, work := range map[string]func(v *Vault, blocks []Block, id SessionID) error{
		"merge": func(v *Vault, blocks []Block, _ SessionID) error { return v.Merge(ctx, ids(blocks...), nil) },
		"move":  func(v *Vault, _ []Block, id SessionID) error { return v.Move(ctx, []SessionID{id}, "evidence", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			disk := newMem()
			var v *Vault
			var all []stored
			syncs := 0
			hooked := &crashFS{disk, func() {}}
			v = openVault(t, hooked)
			all, blocks := turns(t, v, 3, 2)
			buried := false
			hooked.before = func() {
				if syncs++; buried {
					return
				}
				buried = true
				dead := map[digest]struct{}{sessionDigest(all[0].id): {}}
				must(t, v.dig(ctx, dead, true, func(c0 context.Context) (map[BlockID]bool, error) {
					return v.blocksOf(c0, Targets{Sessions: []SessionID{all[0].id}})
				}))
			}
			if err := work(v, blocks, all[0].id); !Overtaken(err) {
				t.Errorf("got %v, want that it was overtaken", err)
			}
			must(t, v.Sweep(ctx))
			for _, v := range []*Vault{v, openVault(t, disk)} {
				wantSession(t, v, all[0].id, nil)
				wantSession(t, v, all[1].id, all[1].traces)
				wantSound(t, v)
				wantTidy(t, v)
			}
		})
	}
}

func TestMove(t *testing.T) {
	disk := newMem()
	v := openVault(t, disk)
	all, _ := turns(t, v, 5, 4)
	must(t, v.Move(ctx, []SessionID{all[1].id, all[3].id, sid(99)}, "evidence", nil))
	must(t, v.Move(ctx, []SessionID{all[1].id}, "evidence", nil)) // it is there already
	for _, v := range []*Vault{v, openVault(t, disk)} {
		for i, s := range all {
			wantSession(t, v, s.id, s.traces)
			found, err := v.FindSession(ctx, s.id)
			must(t, err)
			for _, f := range found {
				if want := map[bool]string{true: "evidence", false: "hold"}[i == 1 || i == 3]; f.Class != want {
					t.Errorf("session %d: got class %q, want %q", i, f.Class, want)
				}
			}
		}
		if got := len(v.Blocks()); got != 5 {
			t.Errorf("blocks: got %d, want 5", got)
		}
	}
	// What was released goes with the next merge.
	must(t, v.Merge(ctx, v.Mergeable(4, 1), nil))
	if b := v.Blocks(); len(b) != 2 || b[0].SessionsN+b[1].SessionsN != 5 {
		t.Errorf("blocks: got %+v, want one of 3 sessions and one of 2", b)
	}
	wantTidy(t, v)
	if left := objects(t, v, gravePrefix); len(left) > 0 {
		t.Errorf("graves: got %v, want none", left)
	}
}

// TestRelease_DeadBytesCount releases sessions of a block: it is rewritten when that is most of it, though nothing has expired.
func TestRelease_DeadBytesCount(t *testing.T) {
	v := openVault(t, newMem())
	all, _ := turns(t, v, 5, 1)
	release := func(some ...stored) Expired {
		t.Helper()
		for _, s := range some {
			found, err := v.FindSession(ctx, s.id)
			must(t, err)
			must(t, v.Release(ctx, found))
			wantSession(t, v, s.id, nil)
		}
		got, err := v.Expire(ctx, noon, nil)
		must(t, err)
		return got
	}
	if got := release(all[0]); got != (Expired{}) {
		t.Errorf("one of five: got %+v, want nothing done", got)
	}
	if b := v.Blocks(); len(b) != 1 || b[0].DeadBytes == 0 || b[0].SessionsN != 5 {
		t.Errorf("one of five: got %+v, want a block with dead bytes", b)
	}
	if got := release(all[1:4]...); got.RewrittenN != 1 || got.SessionsN != 4 {
		t.Errorf("four of five: got %+v, want a block rewritten", got)
	}
	if b := v.Blocks(); len(b) != 1 || b[0].DeadBytes != 0 || b[0].SessionsN != 1 {
		t.Errorf("four of five: got %+v, want a block of one session", b)
	}
	wantSession(t, v, all[4].id, all[4].traces)
	wantTidy(t, v)
}

// TestReaders_WhileBlocksAreReplaced reads sessions that are found just before their blocks are merged away.
func TestReaders_WhileBlocksAreReplaced(t *testing.T) {
	v := openVault(t, newMem())
	all, blocks := turns(t, v, 3, 4)
	found, err := v.FindSession(ctx, all[1].id)
	must(t, err)
	merged := false
	var got Trace
	seen := 0
	must(t, v.Read(ctx, found, func(_ SessionID, tr *Trace) error {
		if !merged {
			merged = true
			must(t, v.Merge(ctx, ids(blocks...), nil))
		}
		seen++
		got.absorb(tr)
		return nil
	}))
	if want := len(all[1].traces); seen != want {
		t.Errorf("traces: got %d, want each of the %d once", seen, want)
	}
	// Blocks that vanish without a successor are damage.
	found, err = v.FindSession(ctx, all[1].id)
	must(t, err)
	must(t, v.cfg.Bucket.Delete(ctx, found[0].Block.object()))
	err = v.Read(ctx, found, func(SessionID, *Trace) error { return nil })
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), found[0].Block.String()) {
		t.Errorf("read a missing block: got %v, want ErrDamaged with its name", err)
	}
	if _, err := v.FindSession(ctx, sid(1000)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("find in a missing block: got %v, want nil or fs.ErrNotExist", err)
	}
}
