package vault

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestVault_FindsAndReads(t *testing.T) {
	for name, c := range map[string]Compression{"Fast": Fast, "Small": Small, "Bare": Bare} {
		t.Run(name, func(t *testing.T) {
			rng, disk := seeded(t), newMem()
			v := openVault(t, disk, func(cfg *Config) { cfg.Settled = c })
			var all []stored
			for i := range 20 {
				all = append(all, simple(rng, i, 1+rng.IntN(6)))
			}
			write(t, v, "hold", all[:12]...)
			write(t, v, "debug", all[12:]...)
			for _, v := range []*Vault{v, openVault(t, disk)} {
				for i, s := range all {
					wantSession(t, v, s.id, s.traces)
					wantFound(t, v, s, map[bool]string{true: "hold", false: "debug"}[i < 12])
				}
				wantNothing(t, v)
				if sum := wantSound(t, v); sum.BlocksN != 2 || sum.SessionsN != 20 {
					t.Errorf("verify: got %+v, want 2 blocks of 20 sessions", sum)
				}
			}
		})
	}
}

// wantFound looks a session and its traces up in every way.
func wantFound(t *testing.T, v *Vault, s stored, class string) {
	t.Helper()
	found, err := v.FindSession(ctx, s.id)
	if err != nil || len(found) != 1 {
		t.Fatalf("find session: got %v, %v, want one", found, err)
	}
	if f := found[0]; f.Class != class || !f.Expires.Equal(s.expires) || f.TracesN != len(s.traces) || f.SpansN != 2*len(s.traces) ||
		!f.First.Equal(s.traces[0].Start) || !f.Last.Equal(s.traces[len(s.traces)-1].End) {
		t.Errorf("find session: got %+v, want class %s, expiry %v and all of its traces", f, class, s.expires)
	}
	for _, want := range s.traces {
		byID, err1 := v.FindTrace(ctx, want.ID)
		byName, err2 := v.FindName(ctx, s.id.Tenant, want.Names[0])
		for _, found := range [][]Found{byID, byName} {
			if errors.Join(err1, err2) != nil || len(found) != 1 || found[0].Session != s.id || found[0].Trace != want.ID {
				t.Fatalf("find trace: got %v, %v, %v, want the one of %v", found, err1, err2, s.id)
			}
			var got []Trace
			must(t, v.Read(ctx, found, func(id SessionID, tr *Trace) error {
				c := Trace{ID: tr.ID}
				c.absorb(tr)
				got = append(got, c)
				return nil
			}))
			sameTraces(t, "read a trace", got, []Trace{want})
		}
	}
}

func wantNothing(t *testing.T, v *Vault) {
	t.Helper()
	for _, id := range []SessionID{
		{}, sid(99), {"other", "session.id", "conversation-1"}, {"tenant", "thread.id", "conversation-1"},
		{"tenant", "session.idc", "onversation-1"},
	} {
		if found, err := v.FindSession(ctx, id); len(found) != 0 || err != nil {
			t.Errorf("find session %v: got %v, %v, want none", id, found, err)
		}
	}
	if found, err := v.FindTrace(ctx, tid(999_999)); len(found) != 0 || err != nil {
		t.Errorf("find trace: got %v, %v, want none", found, err)
	}
	for _, n := range []Name{{ResponseName, "resp-77777"}, {UserName, "resp-0"}, {ResponseName, "ann"}} {
		if found, err := v.FindName(ctx, "tenant", n); len(found) != 0 || err != nil {
			t.Errorf("find name %v: got %v, %v, want none", n, found, err)
		}
	}
	if found, err := v.FindName(ctx, "other", Name{ResponseName, "resp-0"}); len(found) != 0 || err != nil {
		t.Errorf("find a name of another tenant: got %v, %v, want none", found, err)
	}
	if got, err := v.Load(ctx, sid(99)); len(got) != 0 || err != nil {
		t.Errorf("load: got %d traces, %v, want none", len(got), err)
	}
}

func TestVault_SharedName(t *testing.T) {
	rng := seeded(t)
	v := openVault(t, newMem())
	many := func(number, n int) stored {
		s := stored{id: sid(number)}
		for i := range n {
			s.traces = append(s.traces, Trace{ID: tid(1000*number + i), Names: []Name{{UserName, "ann"}}, Parts: []Part{{Body: letters(rng, 50)}}})
		}
		return s
	}
	write(t, v, "hold", many(1, 700), simple(rng, 2, 3))
	write(t, v, "hold", many(3, 300))
	found, err := v.FindName(ctx, "tenant", Name{UserName, "ann"})
	if err != nil || len(found) != 1003 {
		t.Errorf("find a user: got %d traces, %v, want 1003", len(found), err)
	}
	wantSound(t, v)
}

// TestVault_LargeSession has traces larger than a chunk, parts larger than a chunk, and a trace that comes in pieces.
func TestVault_LargeSession(t *testing.T) {
	rng := seeded(t)
	const chunkBytes = 100_000
	v := openVault(t, newMem(), func(c *Config) { c.ChunkBytes = chunkBytes })
	part := func(n int) Part {
		return Part{[]byte("r"), request(letters(rng, 700), bytes.Repeat(letters(rng, 1000), n/1000))}
	}
	s := stored{sid(1), time.Time{}, []Trace{
		{ID: tid(1), SpansN: 1, Start: noon, Parts: []Part{part(1000), part(chunkBytes + 5000), part(2000)}},
		{ID: tid(2), SpansN: 4, Start: noon.Add(1), Parts: []Part{part(chunkBytes / 2), part(chunkBytes / 2), part(chunkBytes / 2)}},
		{ID: tid(3), SpansN: 1, Start: noon.Add(2), Parts: []Part{part(10)}},
		{ID: tid(1), SpansN: 2, Start: noon.Add(3), Parts: []Part{part(3000)}},
	}}
	write(t, v, "hold", s, simple(rng, 2, 2))
	merged := s.traces[0]
	merged.SpansN, merged.Parts = 3, append(merged.Parts[:3:3], s.traces[3].Parts...)
	wantSession(t, v, s.id, []Trace{merged, s.traces[1], s.traces[2]})
	found, err := v.FindTrace(ctx, tid(2))
	if err != nil || len(found) != 1 {
		t.Fatalf("find: got %v, %v, want one", found, err)
	}
	var got []Trace
	all := Trace{ID: tid(2)}
	must(t, v.Read(ctx, found, func(_ SessionID, tr *Trace) error { all.absorb(tr); return nil }))
	sameTraces(t, "a trace in two chunks", append(got, all), s.traces[1:2])
	if sum := wantSound(t, v); sum.TracesN != 5 || sum.SpansN != 12 {
		t.Errorf("verify: got %+v, want 5 traces of 12 spans", sum)
	}
}

func TestVault_EmptyThings(t *testing.T) {
	disk := newMem()
	v := openVault(t, disk)
	if b := write(t, v, "hold"); b.ID != (BlockID{}) || len(objects(t, v, "")) != 0 {
		t.Errorf("no session: got block %v and objects %v, want none", b.ID, objects(t, v, ""))
	}
	bare := Trace{ID: tid(7)}
	write(t, v, "", stored{id: sid(1)}, stored{id: SessionID{}, traces: []Trace{bare}}, stored{id: sid(2)},
		stored{id: sid(3), traces: []Trace{{ID: tid(8), Parts: []Part{{}}}}})
	for _, v := range []*Vault{v, openVault(t, disk)} {
		wantSession(t, v, SessionID{}, []Trace{bare})
		wantSession(t, v, sid(1), nil)
		wantSession(t, v, sid(3), []Trace{{ID: tid(8), Parts: []Part{{}}}})
		if b := v.Blocks(); len(b) != 1 || b[0].SessionsN != 2 || !b[0].First.IsZero() || !b[0].ExpiresLast.IsZero() {
			t.Errorf("blocks: got %+v, want one of two sessions without times", b)
		}
		wantSound(t, v)
	}
}

func TestWriter_Refuses(t *testing.T) {
	v := openVault(t, newMem())
	long := strings.Repeat("x", MaxIDBytes+1)
	for name, do := range map[string]func(w *Writer) error{
		"long session": func(w *Writer) error { return w.Session(SessionID{Value: long}, noon) },
		"trace first":  func(w *Writer) error { return w.Trace(&Trace{}) },
		"long name": func(w *Writer) error {
			w.Session(sid(1), noon)
			return w.Trace(&Trace{ID: tid(1), Names: []Name{{1, long}}})
		},
		"negative span count": func(w *Writer) error { w.Session(sid(1), noon); return w.Trace(&Trace{ID: tid(1), SpansN: -1}) },
		"no trace id":         func(w *Writer) error { w.Session(sid(1), noon); return w.Trace(&Trace{}) },
		"aborted":             func(w *Writer) error { w.Abort(); return w.Session(sid(1), noon) },
		"finished":            func(w *Writer) error { w.Finish(); return w.Session(sid(1), noon) },
	} {
		w, err := v.Create(ctx, "hold")
		must(t, err)
		if err := do(w); err == nil {
			t.Errorf("%s: got nil, want an error", name)
		}
		if _, err := w.Finish(); err == nil {
			t.Errorf("%s: finish: got nil, want an error", name)
		}
		w.Abort()
	}
	if _, err := v.Create(ctx, long); err == nil {
		t.Error("long class: got nil, want an error")
	}
	if left := objects(t, v, ""); len(left) != 0 {
		t.Errorf("objects: got %v, want none", left)
	}
}

// TestVault_SameSpansTwice settles the same traces twice, as after a crash: they are handed out once, and merged once.
func TestVault_SameSpansTwice(t *testing.T) {
	rng := seeded(t)
	v := openVault(t, newMem())
	s := simple(rng, 1, 4)
	a := write(t, v, "hold", s, simple(rng, 2, 1))
	late := s
	late.traces = append(s.traces[:2:2], Trace{ID: tid(5), Start: noon, Parts: []Part{{nil, request(letters(rng, 2000))}}})
	b := write(t, v, "hold", late)
	want := append(s.traces[:4:4], late.traces[2])
	wantSession(t, v, s.id, want)
	must(t, v.Merge(ctx, ids(a, b), nil))
	wantSession(t, v, s.id, want)
	if sum := wantSound(t, v); sum.BlocksN != 1 || sum.TracesN != 6 {
		t.Errorf("verify after the merge: got %+v, want 1 block of 6 traces", sum)
	}
}

func TestVault_CacheIsBounded(t *testing.T) {
	rng, disk := seeded(t), newMem()
	v := openVault(t, disk)
	for i := range 30 {
		write(t, v, "hold", simple(rng, i, 5))
	}
	for _, limit := range []int64{-1, 5000, 1 << 20} {
		v := openVault(t, disk, func(c *Config) { c.CacheBytes = limit })
		for i := range 30 {
			if found, err := v.FindSession(ctx, sid(i)); err != nil || len(found) != 1 {
				t.Errorf("limit %d: find: got %v, %v, want one", limit, found, err)
			}
			if used := v.cache.used; used > max(limit, 0) || len(v.cache.pages) != v.cache.order.Len() {
				t.Errorf("limit %d: got %d bytes in %d pages", limit, used, len(v.cache.pages))
			}
		}
	}
}

func TestOpen_ConfigFaults(t *testing.T) {
	_, err := Open(ctx, Config{Settled: 7, Merged: 8, BlockBytes: -1})
	for _, want := range []string{"Bucket", "Now", "Random", "Settled", "Merged", "BlockBytes"} {
		if err == nil || !strings.Contains(err.Error(), want+":") {
			t.Errorf("open: got %v, want it to name %s", err, want)
		}
	}
}

// TestIndex_Search builds indexes of many sizes, evenly spread and crowded, and looks every hash up.
func TestIndex_Search(t *testing.T) {
	rng := seeded(t)
	for _, n := range []int{1, 2, 510, 511, 512, 1022, 5000} {
		for _, crowded := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d/%v", n, crowded), func(t *testing.T) {
				v := openVault(t, newMem())
				s := stored{id: sid(1)}
				hot := rng.IntN(n)
				for i := range n {
					name := fmt.Sprint("name-", i)
					if crowded && i != hot {
						name = "everybody"
					}
					s.traces = append(s.traces, Trace{ID: tid(i), Names: []Name{{ResponseName, name}}})
				}
				write(t, v, "hold", s)
				r := v.state.Load().blocks[0]
				for i := range n {
					if got, err := r.lookUp(ctx, traceFilter, traceHash(tid(i))); err != nil || len(got) != 1 || got[0] != i {
						t.Fatalf("trace %d: got %v, %v, want it", i, got, err)
					}
				}
				want := map[bool]int{true: n - 1, false: 0}[crowded]
				if got, err := r.lookUp(ctx, nameFilter, Name{ResponseName, "everybody"}.hash("tenant")); err != nil || len(got) != want {
					t.Errorf("shared name: got %d, %v, want %d", len(got), err, want)
				}
				if got, err := r.lookUp(ctx, nameFilter, Name{ResponseName, fmt.Sprint("name-", hot)}.hash("tenant")); err != nil || len(got) != 1 {
					t.Errorf("own name: got %v, %v, want one", got, err)
				}
			})
		}
	}
}

func TestFilter_FalsePositives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 100, 3000, 50_000} {
		var entries []uint64
		for range n {
			entries = append(entries, indexEntry(rng.Uint64(), 0))
		}
		f := filterFor(0, n)
		pages := appendFilter(nil, f, entries, BlockID{})
		ask := func(hash uint64) bool {
			e := f.page(hash)
			return f.mayHave(pages[e.off:e.end()-4], hash)
		}
		for _, e := range entries {
			if !ask(e) {
				t.Fatalf("%d hashes: got no for one of them, want maybe", n)
			}
		}
		wrong := 0
		for range 20_000 {
			if ask(rng.Uint64()) {
				wrong++
			}
		}
		if wrong > 500 {
			t.Errorf("%d hashes: got %d wrong answers of 20000, want at most 500", n, wrong)
		}
	}
}
