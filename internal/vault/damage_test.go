package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/tailwise/tailwise/internal/durable"
)

// rawBlock gives the file of a block.
func rawBlock(t testing.TB, v *Vault, id BlockID) []byte {
	t.Helper()
	size, err := v.cfg.Bucket.Size(ctx, id.object())
	must(t, err)
	raw := make([]byte, size)
	must(t, v.cfg.Bucket.ReadAt(ctx, id.object(), raw, 0))
	return raw
}

// openWith opens a vault of one block, whose bytes are raw.
func openWith(t testing.TB, id BlockID, raw []byte) *Vault {
	t.Helper()
	disk := newMem()
	b, err := OpenDirectory(disk, vaultRoot)
	must(t, err)
	must(t, Put(ctx, b, id.object(), bytes.NewReader(raw)))
	return openVault(t, disk, smallBlocks)
}

// partly tells whether got is want, or what is left of it when a chunk is missing: the parts of one copy may then come
// behind those of another, and its spans count more than once.
func partly(got, want Trace) bool {
	rest := slices.Clone(want.Parts)
	for _, p := range got.Parts {
		i := slices.IndexFunc(rest, func(q Part) bool { return bytes.Equal(p.Body, q.Body) && bytes.Equal(p.Route, q.Route) })
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	got.Parts, got.SpansN = want.Parts, want.SpansN
	return tracesDiffer([]Trace{got}, []Trace{want}) == ""
}

// known gives the traces of sessions by id, which is all that may ever be read.
func known(all []stored) map[TraceID]Trace {
	k := map[TraceID]Trace{}
	for _, s := range all {
		for _, t := range s.traces {
			k[t.ID] = t
		}
	}
	return k
}

// readAll reads all sessions and says which traces came, and whether any came wrong. A trace may lack parts if the error
// says so, or if the vault was repaired.
func readAll(v *Vault, all []stored, repaired bool) (got map[TraceID]bool, damaged bool, err error) {
	got = map[TraceID]bool{}
	want := known(all)
	for _, s := range all {
		traces, err := v.Load(ctx, s.id)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return nil, false, err
		}
		damaged = damaged || err != nil
		for _, g := range traces {
			got[g.ID] = true
			w, ok := want[g.ID]
			if !ok {
				return nil, false, fmt.Errorf("trace %x, which never was", g.ID)
			}
			if !partly(g, w) {
				return nil, false, errors.New(tracesDiffer([]Trace{g}, []Trace{w}))
			}
			if len(g.Parts) < len(w.Parts) && err == nil && !repaired {
				return nil, false, fmt.Errorf("trace %x: got %d parts of %d and no error", g.ID, len(g.Parts), len(w.Parts))
			}
		}
	}
	return got, damaged, nil
}

func damageRig(t testing.TB, seed uint64) (*durable.Mem, *Vault, []stored, Block) {
	disk := newMem()
	v := openVault(t, disk, smallBlocks)
	rng := randomBytes{}.with(seed)
	var all []stored
	for i := range 5 {
		all = append(all, simple(rng, i, 1+i%3))
	}
	return disk, v, all, write(t, v, "hold", all...)
}

// TestDamage_OneByteAnywhere flips each byte of a block, one at a time (a prime apart), and reads everything: every trace
// is whole and right or it is missing and the error says so; Verify finds it; and a byte in the index costs no trace.
func TestDamage_OneByteAnywhere(t *testing.T) {
	_, v, all, b := damageRig(t, 1)
	raw := rawBlock(t, v, b.ID)
	total := len(known(all))
	unitsEnd := v.state.Load().block(b.ID).unitsEnd
	var costly int
	for at := 0; at < len(raw); at += 97 {
		bad := slices.Clone(raw)
		bad[at] ^= 1 << (at % 8)
		v := openWith(t, b.ID, bad)
		opened := len(v.Blocks()) == 1
		got, damaged, err := readAll(v, all, false)
		if err != nil {
			t.Fatalf("byte %d of %d: %v", at, len(raw), err)
		}
		var found []Damage
		if _, err := v.Verify(ctx, func(d Damage) { found = append(found, d) }); err != nil {
			t.Fatalf("byte %d: verify: %v", at, err)
		}
		padding := int64(at) < unitsEnd && len(found) == 0 && len(got) == total
		if len(found) == 0 && !padding || len(found) > 0 && found[0].Block != b.ID {
			t.Errorf("byte %d: verify: got %v, want damage to block %v", at, found, b.ID)
		}
		if opened && len(got) < total && !damaged {
			t.Errorf("byte %d: got %d traces of %d and no error", at, len(got), total)
		}
		if opened && int64(at) >= unitsEnd && len(got) != total {
			t.Errorf("byte %d, in the index: got %d traces of %d", at, len(got), total)
		}
		if opened && len(got) < total {
			costly++
		}
	}
	if costly == 0 {
		t.Error("no byte cost a trace: nothing was damaged")
	}
}

// TestDamage_IsNamed damages the middle of a session: what stands around it is read, and the error names the place.
func TestDamage_IsNamed(t *testing.T) {
	rng := seeded(t)
	v := openVault(t, newMem(), smallBlocks)
	s := simple(rng, 7, 12)
	b := write(t, v, "hold", s)
	raw := rawBlock(t, v, b.ID)
	var at []extent
	in := chunks{r: v.state.Load().blocks[0], in: v.state.Load().blocks[0].units(), ahead: readAhead}
	must(t, in.each(ctx, func(c *chunk) error { at = append(at, c.at); return nil }))
	if len(at) < 4 {
		t.Fatalf("chunks: got %d, want some", len(at))
	}
	for name, off := range map[string]int64{"header": at[1].off + 9, "packed": at[1].off + chunkHeader + 20} {
		bad := slices.Clone(raw)
		bad[off] ^= 4
		v := openWith(t, b.ID, bad)
		got, err := v.Load(ctx, s.id)
		var damaged *DamagedError
		if !errors.As(err, &damaged) || len(damaged.Found) != 1 {
			t.Fatalf("%s: got %v, want one damage", name, err)
		}
		if d := damaged.Found[0]; d.Block != b.ID || d.Session != s.id || d.Offset != at[1].off || d.Bytes != at[1].len {
			t.Errorf("%s: got %+v, want block %v, %v, %d bytes at %d", name, d, b.ID, s.id, at[1].len, at[1].off)
		}
		if n, all := partsOf(got), partsOf(s.traces); n == 0 || n >= all {
			t.Errorf("%s: got %d parts, want some of the %d", name, n, all)
		}
		if err := v.Merge(ctx, ids(b), nil); !errors.Is(err, ErrDamaged) || len(v.Blocks()) != 1 || v.Blocks()[0].ID != b.ID {
			t.Errorf("%s: merge: got %v, want ErrDamaged and the block as it was", name, err)
		}
		if left := objects(t, v, ""); len(left) != 1 {
			t.Errorf("%s: objects: got %v, want the block alone", name, left)
		}
		if err := v.Repair(ctx, b.ID); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: repair: got %v, want that it lists what is lost", name, err)
		}
		wantSound(t, v)
		wantSession(t, v, s.id, got)
	}
}

func partsOf(traces []Trace) (n int) {
	for _, t := range traces {
		n += len(t.Parts)
	}
	return n
}

// TestDamage_FooterLost cuts blocks off and overwrites their ends: Repair finds what is in them.
func TestDamage_FooterLost(t *testing.T) {
	_, v, all, b := damageRig(t, 2)
	raw := rawBlock(t, v, b.ID)
	r := v.state.Load().block(b.ID)
	for name, c := range map[string]struct {
		raw  []byte
		want int // traces, or at least one below 0
	}{
		"no trailer":     {raw[:len(raw)-1], len(known(all))},
		"no index":       {raw[:r.unitsEnd], len(known(all))},
		"half":           {raw[:r.unitsEnd/2], -1},
		"trailer zeroed": {append(slices.Clone(raw[:len(raw)-trailerBytes]), make([]byte, trailerBytes)...), len(known(all))},
		"footer damaged": {flipped(raw, len(raw)-trailerBytes-9), len(known(all))},
	} {
		v := openWith(t, b.ID, c.raw)
		if d := v.Damaged(); len(d) != 1 || d[0].Block != b.ID || len(v.Blocks()) != 0 {
			t.Errorf("%s: damaged: got %v, want block %v", name, d, b.ID)
		}
		err := v.Delete(ctx, Targets{Sessions: []SessionID{sid(1000)}})
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: delete: got %v, want that it cannot say what is in the block", name, err)
		}
		if err := v.Repair(ctx, b.ID); err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: repair: got %v, want nil or ErrDamaged", name, err)
		}
		got, _, err := readAll(v, all, true)
		if err != nil || c.want >= 0 && len(got) != c.want || len(got) == 0 {
			t.Errorf("%s: got %d traces, %v, want %d", name, len(got), err, c.want)
		}
		wantSound(t, v)
		must(t, v.Delete(ctx, Targets{Sessions: []SessionID{sid(1000)}}))
	}
}

func flipped(raw []byte, at int) []byte {
	raw = slices.Clone(raw)
	raw[at] ^= 0x10
	return raw
}

// TestDamage_DeletionReachesUnreadable deletes a session whose chunks are damaged: the bytes go all the same.
func TestDamage_DeletionReachesUnreadable(t *testing.T) {
	_, v, all, b := damageRig(t, 3)
	found, err := v.FindSession(ctx, all[2].id)
	must(t, err)
	v = openWith(t, b.ID, flipped(rawBlock(t, v, b.ID), int(found[0].chunks.off)+chunkHeader+30))
	must(t, v.Delete(ctx, Targets{Sessions: []SessionID{all[2].id}}))
	wantSound(t, v)
	wantSession(t, v, all[2].id, nil)
	wantSession(t, v, all[1].id, all[1].traces)
}

// TestDamage_RecordsAndNames puts objects into the bucket that are none of ours, or broken.
func TestDamage_RecordsAndNames(t *testing.T) {
	disk, v, all, _ := damageRig(t, 4)
	good := (&swap{id: BlockID{1}}).encode()
	for name, contents := range map[string][]byte{
		"blocks/readme":                    []byte("hello"),
		swapPrefix + BlockID{1}.String():   flipped(good, len(good)-1),
		swapPrefix + BlockID{2}.String():   []byte("x"),
		gravePrefix + BlockID{3}.String():  nil,
		blockPrefix + BlockID{4}.String():  nil,
		blockPrefix + BlockID{5}.String():  bytes.Repeat([]byte("TWVBLOCK"), 1000),
		"elsewhere/" + BlockID{6}.String(): []byte("not ours to read"),
	} {
		must(t, Put(ctx, v.cfg.Bucket, name, bytes.NewReader(contents)))
	}
	v = openVault(t, disk)
	if got := v.Damaged(); len(got) != 6 {
		t.Errorf("damaged: got %d, %v, want 6", len(got), got)
	}
	if got, damaged, err := readAll(v, all, false); len(got) != len(known(all)) || damaged || err != nil {
		t.Errorf("read: got %d traces, %v, %v, want all", len(got), damaged, err)
	}
	if got := objects(t, v, ""); len(got) != 8 {
		t.Errorf("objects: got %v, want all that were there", got)
	}
}

// TestOpen_NewerVersion finds objects of a later program: it touches nothing.
func TestOpen_NewerVersion(t *testing.T) {
	disk, v, _, b := damageRig(t, 5)
	raw := rawBlock(t, v, b.ID)
	newer := slices.Clone(raw)
	binary.LittleEndian.PutUint32(newer[len(newer)-trailerBytes+4:], blockVersion+1)
	mendFooter(newer)
	record := (&swap{id: BlockID{1}}).encode()
	binary.LittleEndian.PutUint32(record[8:], recordVersion+1)
	crc := crc32.Update(crc32.Checksum(record[:16], castagnoli), castagnoli, record[recordHeader:])
	binary.LittleEndian.PutUint32(record[16:], crc)
	for name, contents := range map[string][]byte{b.ID.object(): newer, swapPrefix + BlockID{1}.String(): record} {
		old := rawObject(t, v, name)
		must(t, Put(ctx, v.cfg.Bucket, name, bytes.NewReader(contents)))
		cfg, err := memConfig(disk, 1)
		must(t, err)
		before := objects(t, v, "")
		if _, err := Open(ctx, cfg); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("%s: got %v, want ErrVersion", name, err)
		}
		if after := objects(t, v, ""); !slices.Equal(before, after) {
			t.Errorf("%s: objects: got %v, want %v", name, after, before)
		}
		if old == nil {
			must(t, v.cfg.Bucket.Delete(ctx, name))
		} else {
			must(t, Put(ctx, v.cfg.Bucket, name, bytes.NewReader(old)))
		}
	}
}

// mendFooter makes the checksum of a block's footer right again.
func mendFooter(raw []byte) {
	end := raw[len(raw)-trailerBytes:]
	if n := int(binary.LittleEndian.Uint32(end)); n <= len(raw)-trailerBytes {
		footer := raw[len(raw)-trailerBytes-n : len(raw)-trailerBytes]
		binary.LittleEndian.PutUint32(end[8:], crc32.Update(crc32.Checksum(footer, castagnoli), castagnoli, end[:8]))
	}
}

func rawObject(t *testing.T, v *Vault, name string) []byte {
	t.Helper()
	size, err := v.cfg.Bucket.Size(ctx, name)
	if err != nil {
		return nil
	}
	raw := make([]byte, size)
	must(t, v.cfg.Bucket.ReadAt(ctx, name, raw, 0))
	return raw
}

// FuzzBlock changes bytes of a block, and mends the checksum of the footer in half of the cases so that the change gets
// past it. Whatever comes of it: no panic, no wrong trace.
func FuzzBlock(f *testing.F) {
	disk, v, all, b := damageRig(f, 6)
	raw := rawBlock(f, v, b.ID)
	f.Add(uint32(60), []byte{1}, false, uint16(0))
	f.Add(uint32(len(raw)-60), []byte{255, 255, 255, 255, 15}, true, uint16(0))
	f.Add(uint32(v.state.Load().blocks[0].unitsEnd), []byte{9, 9, 9}, true, uint16(3))
	f.Add(uint32(len(raw)-100), []byte{0}, true, uint16(100))
	f.Fuzz(func(t *testing.T, at uint32, change []byte, mend bool, cut uint16) {
		bad := slices.Clone(raw)
		for i, c := range change {
			bad[(int(at)+i)%len(bad)] ^= c
		}
		bad = append(bad[:len(bad)-min(int(cut), len(bad))], bad[len(bad)-min(int(cut), len(bad)/2):]...)
		if mend {
			mendFooter(bad)
		}
		must(t, Put(ctx, v.cfg.Bucket, b.ID.object(), bytes.NewReader(bad)))
		cfg, err := memConfig(disk, 1)
		must(t, err)
		v, err := Open(ctx, cfg)
		if errors.Is(err, ErrVersion) {
			return
		}
		must(t, err)
		if _, _, err := readAll(v, all, false); err != nil && !errors.Is(err, ErrVersion) {
			t.Errorf("read: %v", err)
		}
		for id := range known(all) {
			found, err := v.FindTrace(ctx, id)
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
				t.Errorf("find: %v", err)
			}
			for _, f := range found {
				if f.Trace != id {
					t.Errorf("find: got trace %x, want %x", f.Trace, id)
				}
			}
		}
		if _, err := v.Verify(ctx, func(Damage) {}); err != nil && !errors.Is(err, ErrVersion) {
			t.Errorf("verify: %v", err)
		}
	})
}

// FuzzChunk decodes chunks whose checksums are right and whose contents are anything.
func FuzzChunk(f *testing.F) {
	p := packer{limit: 1000}
	p.begin(sid(1), 5)
	rng := randomBytes{}.with(7)
	for _, t := range simple(rng, 1, 2).traces {
		p.add(&t)
	}
	good := p.finish(BlockID{}, 0)
	h, err := parseChunkHead(good, BlockID{}, 0)
	must(f, err)
	unpacked, err := unpack(nil, good[chunkHeader:][:h.packed], h.codec, int(h.steps+h.lits+h.head))
	must(f, err)
	f.Add(unpacked, uint8(codecPlain), h.steps, h.head, h.bodies)
	f.Add(good[chunkHeader:][:h.packed], h.codec, h.steps, h.head, h.bodies)
	f.Add([]byte{3, 5, 1, 'a', 'b', 'c', 0, 0, 0, 0}, uint8(codecPlain), uint32(3), uint32(4), uint32(8))
	f.Fuzz(func(t *testing.T, packed []byte, codec uint8, steps, head, bodies uint32) {
		const most = 1 << 16 // as a chunk may be large, and the fuzzer's memory is not
		h := chunkHead{codec: codec, packed: uint32(len(packed)), steps: steps % most, head: head % most, bodies: bodies % most}
		h.lits = uint32(max(0, len(packed)-int(h.steps)-int(h.head)))
		h.packedCRC = crc32.Checksum(packed, castagnoli)
		var c chunk
		if err := c.decode(h, packed); err != nil {
			h.bodiesCRC = crc32.Checksum(c.bodies, castagnoli)
			if err = c.decode(h, packed); err != nil {
				return
			}
		}
		size := 0
		for _, t := range c.traces {
			for _, p := range t.Parts {
				size += len(p.Body)
			}
		}
		if size != int(h.bodies) {
			t.Errorf("bodies: got %d bytes, want %d", size, h.bodies)
		}
	})
}

// FuzzCut cuts texts of repeated values and puts them together again.
func FuzzCut(f *testing.F) {
	f.Add([]byte{0, 5, 0, 9}, uint16(700), uint64(1))
	f.Add([]byte{1, 1, 1, 1, 255}, uint16(3000), uint64(2))
	f.Fuzz(func(t *testing.T, shape []byte, size uint16, seed uint64) {
		rng := randomBytes{}.with(seed)
		text := letters(rng, 1+int(size)%5000)
		var c cutter
		c.reset(1 << 20)
		for _, s := range shape[:min(len(shape), 50)] {
			from := len(c.plain)
			value := slices.Clone(text[:1+int(s)*len(text)/256])
			if s%3 == 0 {
				value[rng.IntN(len(value))] ^= 1
			}
			c.plain = append(append(c.plain, letters(rng, int(s)%7)...), value...)
			c.value(min(from+int(s)%7, len(c.plain)), len(c.plain))
		}
		c.finish()
		got, err := uncut(nil, c.steps, c.lits, len(c.plain))
		if err != nil || !bytes.Equal(got, c.plain) {
			t.Errorf("got %d bytes, %v, want the %d that were cut", len(got), err, len(c.plain))
		}
	})
}

// FuzzRecords decodes swaps and graves; what decodes is encoded to the same bytes.
func FuzzRecords(f *testing.F) {
	f.Add((&swap{id: BlockID{1}, new: []BlockID{{2}, {3}}, old: []BlockID{{4}}}).encode()[recordHeader:])
	f.Add((&grave{id: BlockID{1}, erase: true, blocks: []BlockID{{2}}, dead: map[digest]struct{}{{3}: {}}}).encode()[recordHeader:])
	f.Fuzz(func(t *testing.T, payload []byte) {
		if s, err := decodeSwap(encodeRecord(swapMagic, payload)); err == nil {
			if again, err := decodeSwap(s.encode()); err != nil || fmt.Sprint(again) != fmt.Sprint(s) {
				t.Errorf("swap: got %v, %v, want %v", again, err, s)
			}
		}
		if g, err := decodeGrave(encodeRecord(graveMagic, payload)); err == nil {
			if again, err := decodeGrave(g.encode()); err != nil || fmt.Sprint(again.dead) != fmt.Sprint(g.dead) {
				t.Errorf("grave: got %v, %v, want %v", again, err, g)
			}
		}
	})
}
