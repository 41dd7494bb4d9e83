package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

// A swap puts new blocks in the place of old ones, all at once: its object is the commit.
type swap struct {
	id  BlockID
	new []BlockID
	old []BlockID
}

func (s *swap) object() string { return swapPrefix + s.id.String() }

// Swaps and graves are small objects of one form.
//
//	0       8         12          16      20
//	+-------+---------+-----------+-------+---------+
//	| magic | version | length    | crc   | payload |
//	| 8 b   | u32     | u32       | u32   |         |
//	+-------+---------+-----------+-------+---------+
//
// The checksum covers magic, version, length and the payload.
const (
	swapMagic          = "TWVSWAPS"
	graveMagic         = "TWVGRAVE"
	recordVersion      = uint32(1) // 1: first format
	recordHeader       = 20
	maxRecordBytes     = 64 << 20
	maxTargetsInRecord = 1 << 20
	digestBytes        = 32
)

func encodeRecord(magic string, payload []byte) []byte {
	b := append(make([]byte, 0, recordHeader+len(payload)), magic...)
	b = binary.LittleEndian.AppendUint32(b, recordVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	crc := crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, payload)
	return append(binary.LittleEndian.AppendUint32(b, crc), payload...)
}

func decodeRecord(magic string, b []byte) ([]byte, error) {
	if len(b) < recordHeader || !bytes.HasPrefix(b, []byte(magic)) {
		return nil, fmt.Errorf("no %s record", magic)
	}
	payload := b[recordHeader:]
	if int64(binary.LittleEndian.Uint32(b[12:])) != int64(len(payload)) {
		return nil, fmt.Errorf("%s record: other length than it says", magic)
	}
	if crc32.Update(crc32.Checksum(b[:16], castagnoli), castagnoli, payload) != binary.LittleEndian.Uint32(b[16:]) {
		return nil, fmt.Errorf("%s record does not match its checksum", magic)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != recordVersion {
		return nil, fmt.Errorf("%s record: %w: version %d, this program reads %d", magic, ErrVersion, v, recordVersion)
	}
	return payload, nil
}

func appendIDs(b []byte, ids []BlockID) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

func (c *cursor) ids() []BlockID {
	ids := make([]BlockID, c.count(len(BlockID{})))
	for i := range ids {
		ids[i] = c.id()
	}
	return ids
}

func (s *swap) encode() []byte {
	return encodeRecord(swapMagic, appendIDs(appendIDs(append([]byte(nil), s.id[:]...), s.new), s.old))
}

func decodeSwap(b []byte) (*swap, error) {
	payload, err := decodeRecord(swapMagic, b)
	if err != nil {
		return nil, err
	}
	c := cursor{rest: payload}
	s := &swap{id: c.id(), new: c.ids(), old: c.ids()}
	return s, c.end()
}

// errOvertaken says that blocks have changed since they were read: what was made of them is thrown away.
var errOvertaken = errors.New("overtaken by a deletion")

// replace puts new blocks, which are durable and name the swap, in the place of old ones. Before is the state that they
// were made from: if a grave has been dug in one of the old blocks since, the new ones know nothing of it, and are given up.
// Without new blocks the old ones are simply deleted, which needs no swap: nothing of them is to stay.
func (v *Vault) replace(ctx context.Context, id BlockID, from *state, fresh, old []*reader) error {
	release, err := acquire(ctx, v.committing)
	if err != nil {
		return err
	}
	err = v.commitSwap(ctx, id, from, fresh, old)
	release()
	if err != nil {
		return err
	}
	return v.clean(ctx)
}

func (v *Vault) commitSwap(ctx context.Context, id BlockID, from *state, fresh, old []*reader) error {
	now := v.state.Load()
	for _, r := range old {
		if now.block(r.id) == nil || len(now.graves[r.id]) != len(from.graves[r.id]) {
			return errOvertaken
		}
	}
	s := &swap{id: id}
	for _, r := range fresh {
		s.new = append(s.new, r.id)
	}
	for _, r := range old {
		s.old = append(s.old, r.id)
	}
	if len(fresh) > 0 {
		// Commit point: from here on the new blocks are alive and the old ones dead, here and for every later Open.
		if err := v.commit(ctx, s.object(), s.encode()); err != nil {
			return fmt.Errorf("replace %d blocks: %w", len(old), err)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(fresh) > 0 {
		v.swaps[id] = s
	}
	v.changeLocked(fresh, old)
	for _, r := range old {
		v.garbage[r.id.object()] = true
	}
	return nil
}

// commit writes an object that changes what is alive. When the bucket fails, the object is taken back; if that fails
// too, nobody can say what the next Open finds, and the vault rewrites nothing until then.
func (v *Vault) commit(ctx context.Context, object string, record []byte) error {
	err := Put(ctx, v.cfg.Bucket, object, bytes.NewReader(record))
	if err == nil {
		return nil
	}
	if back := v.cfg.Bucket.Delete(context.WithoutCancel(ctx), object); back != nil {
		v.mu.Lock()
		v.stuck = fmt.Errorf("whether %s was committed is unknown until the vault is opened again: %w", object, err)
		v.mu.Unlock()
		return errors.Join(err, back)
	}
	return err
}

// usable says why nothing can be rewritten, if so.
func (v *Vault) usable() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stuck
}

// changeLocked publishes a state with blocks added and taken away.
//
// Requires: v.mu is held.
func (v *Vault) changeLocked(add, remove []*reader) {
	old := v.state.Load()
	next := &state{graves: maps.Clone(old.graves)}
	gone := map[BlockID]bool{}
	for _, r := range remove {
		gone[r.id] = true
		delete(next.graves, r.id)
		delete(v.ages, r.id)
	}
	for _, r := range old.blocks {
		if !gone[r.id] {
			next.blocks = append(next.blocks, r)
		}
	}
	next.blocks = append(next.blocks, add...)
	sortBlocks(next.blocks)
	v.state.Store(next)
}

// clean deletes what is dead: replaced blocks, then swaps and graves that no longer say anything. What cannot be
// deleted now stays dead and is tried again with the next call; the error tells of it.
func (v *Vault) clean(ctx context.Context) error {
	var faults []error
	remove := func(object string) {
		err := v.cfg.Bucket.Delete(ctx, object)
		v.mu.Lock()
		defer v.mu.Unlock()
		if err != nil {
			faults = append(faults, fmt.Errorf("remove what is dead: %w", err))
			v.garbage[object] = true
		} else {
			delete(v.garbage, object)
		}
	}
	v.mu.Lock()
	objects := slices.Sorted(maps.Keys(v.garbage))
	v.mu.Unlock()
	for _, object := range objects {
		remove(object)
	}
	for _, object := range v.spent() {
		remove(object)
	}
	return errors.Join(faults...)
}

// spent takes out, and gives the names of, swaps none of whose blocks is left in the bucket, and graves all of whose
// blocks are gone from it.
func (v *Vault) spent() (objects []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.state.Load()
	present := func(id BlockID) bool {
		_, unopened := v.unopened[id]
		return unopened || s.block(id) != nil || v.garbage[id.object()]
	}
	for id, swap := range v.swaps {
		if !slices.ContainsFunc(swap.new, present) && !slices.ContainsFunc(swap.old, present) {
			delete(v.swaps, id)
			objects = append(objects, swap.object())
		}
	}
	for id, g := range v.graves {
		if !slices.ContainsFunc(g.blocks, present) {
			delete(v.graves, id)
			objects = append(objects, g.object())
		}
	}
	slices.Sort(objects)
	return objects
}
