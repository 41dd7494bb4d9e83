package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
)

// reader reads one block. Its state is the footer; safe for concurrent use.
type reader struct {
	*footer
	bucket Bucket
	cache  *pageCache
	bytes  int64 // of the object
}

// openBlock reads the footer of the block that stands in object, of size bytes.
func openBlock(ctx context.Context, b Bucket, cache *pageCache, id BlockID, size int64) (*reader, error) {
	end := make([]byte, min(size, pageBytes))
	if err := b.ReadAt(ctx, id.object(), end, size-int64(len(end))); err != nil {
		return nil, &readError{err}
	}
	if n := len(end); n >= trailerBytes && n < int(size) {
		if want := int64(binary.LittleEndian.Uint32(end[n-trailerBytes:])) + trailerBytes; want > int64(n) && want <= min(size, maxFooterBytes+trailerBytes) {
			end = make([]byte, want)
			if err := b.ReadAt(ctx, id.object(), end, size-want); err != nil {
				return nil, &readError{err}
			}
		}
	}
	text, err := parseTrailer(end)
	if err != nil {
		return nil, err
	}
	f, err := parseFooter(text, size-int64(len(text))-trailerBytes)
	if err != nil {
		return nil, err
	}
	if f.id != id {
		return nil, fmt.Errorf("footer names block %v", f.id)
	}
	return &reader{f, b, cache, size}, nil
}

// read reads an extent of the object.
func (r *reader) read(ctx context.Context, e extent) ([]byte, error) {
	p := make([]byte, e.len)
	if err := r.bucket.ReadAt(ctx, r.id.object(), p, e.off); err != nil {
		return nil, &readError{err}
	}
	return p, nil
}

// page reads a page with its checksum, from the cache where it is there.
func (r *reader) page(ctx context.Context, e extent) ([]byte, error) {
	key := pageKey{r.id, e.off}
	if payload, ok := r.cache.get(key); ok {
		return payload, nil
	}
	p, err := r.read(ctx, e)
	if err != nil {
		return nil, err
	}
	payload, err := checkPage(p, r.id, e.off)
	if err != nil {
		return nil, fmt.Errorf("offset %d: %w", e.off, err)
	}
	r.cache.put(key, payload)
	return payload, nil
}

// record reads record i of a table.
//
// Requires: i is below the table's count.
func (r *reader) record(ctx context.Context, t table, i int) ([]byte, error) {
	page, err := r.page(ctx, t.page(i/t.perPage()))
	if err != nil {
		return nil, err
	}
	at := i % t.perPage() * t.record
	return page[at : at+t.record], nil
}

func (r *reader) sessionRecord(ctx context.Context, i int) (s sessionRecord, err error) {
	if i >= r.tables[sessionRecords].n {
		return s, fmt.Errorf("index names session %d of %d", i, r.tables[sessionRecords].n)
	}
	b, err := r.record(ctx, r.tables[sessionRecords], i)
	if err != nil {
		return s, err
	}
	return parseSessionRecord(b, r.footer)
}

func (r *reader) traceRecord(ctx context.Context, i int) (t traceRecord, err error) {
	if i >= r.tables[traceRecords].n {
		return t, fmt.Errorf("index names trace %d of %d", i, r.tables[traceRecords].n)
	}
	b, err := r.record(ctx, r.tables[traceRecords], i)
	if err != nil {
		return t, err
	}
	return parseTraceRecord(b, r.footer)
}

// sessionID reads the id that a record points to.
func (r *reader) sessionID(ctx context.Context, s sessionRecord) (SessionID, error) {
	b, err := r.read(ctx, extent{r.heap.off + int64(s.id.off), int64(s.id.len)})
	if err != nil {
		return SessionID{}, err
	}
	return parseSessionID(b, s)
}

func parseSessionID(b []byte, s sessionRecord) (SessionID, error) {
	if crc32.Checksum(b, castagnoli) != s.id.crc {
		return SessionID{}, errors.New("session id does not match its checksum")
	}
	c := cursor{rest: b}
	id := SessionID{string(c.bytes()), string(c.bytes()), string(c.bytes())}
	if err := c.end(); err != nil {
		return SessionID{}, fmt.Errorf("session id: %w", err)
	}
	if id.Order() != s.hash {
		return SessionID{}, errors.New("session id does not match its record")
	}
	return id, nil
}

// lookUp gives the ordinals that index i (one of the filters' numbers) has for hash. They are proposals: other hashes
// share the bits that an entry keeps.
func (r *reader) lookUp(ctx context.Context, i int, hash uint64) ([]int, error) {
	f, t := r.filters[i], r.tables[sessionIndex+i]
	if f.pages == 0 || t.n == 0 {
		return nil, nil
	}
	// A filter page that cannot be read answers maybe.
	if page, err := r.page(ctx, f.page(hash)); err == nil && !f.mayHave(page, hash) {
		return nil, nil
	} else if err != nil && !isDamage(err) {
		return nil, err
	}
	return r.search(ctx, t, hash)
}

// search finds the entries of hash in a sorted index. Hashes are spread evenly, so the page is guessed from the hash and
// nearly always the right one or its neighbour; every other step halves what is left, so that crowded hashes cost no more
// than a binary search.
func (r *reader) search(ctx context.Context, t table, hash uint64) (ordinals []int, err error) {
	want := indexEntry(hash, 0)
	lo, hi := 0, t.pages() // the first page whose last entry is not below want is in [lo, hi]
	for step := 0; lo < hi; step++ {
		mid := (lo + hi) / 2
		if guess := int(want >> 32 * uint64(t.pages()) >> 32); step%2 == 0 {
			mid = min(max(guess-step/2, lo), hi-1)
			if step%4 == 2 {
				mid = min(max(guess+step/2, lo), hi-1)
			}
		}
		page, err := r.page(ctx, t.page(mid))
		if err != nil {
			return nil, err
		}
		if binary.LittleEndian.Uint64(page[len(page)-8:]) < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for ; lo < t.pages(); lo++ {
		page, err := r.page(ctx, t.page(lo))
		if err != nil {
			return nil, err
		}
		n := len(page) / 8
		entry := func(i int) uint64 { return binary.LittleEndian.Uint64(page[8*i:]) }
		i := sort.Search(n, func(i int) bool { return entry(i) >= want })
		for ; i < n && indexEntry(entry(i), 0) == want; i++ {
			ordinals = append(ordinals, int(entry(i)&(maxOrdinals-1)))
		}
		if i < n {
			break
		}
	}
	return ordinals, nil
}

// allSessions reads every session record and id of the block. What is damaged is left out and reported; another error
// ends it.
func (r *reader) allSessions(ctx context.Context) (records []sessionRecord, ids []SessionID, err error) {
	var found damages
	heap, err := r.read(ctx, r.heap)
	if err != nil {
		if !isDamage(err) {
			return nil, nil, err
		}
		heap = nil
		found = append(found, Damage{Block: r.id, Offset: r.heap.off, Bytes: r.heap.len, Reason: err})
	}
	err = r.eachRecord(ctx, r.tables[sessionRecords], &found, func(b []byte) error {
		s, err := parseSessionRecord(b, r.footer)
		if err != nil {
			return err
		}
		if len(heap) == 0 {
			return nil
		}
		id, err := parseSessionID(heap[s.id.off:s.id.off+s.id.len], s)
		if err != nil {
			return err
		}
		records, ids = append(records, s), append(ids, id)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return records, ids, found.err()
}

// eachRecord calls do with every record of t, reading many pages at a time and by the cache. Pages and records that
// are damaged are added to found and passed over.
func (r *reader) eachRecord(ctx context.Context, t table, found *damages, do func(b []byte) error) error {
	const atOnce = 64
	for first := 0; first < t.pages(); first += atOnce {
		last := min(first+atOnce, t.pages()) - 1
		all := extent{t.page(first).off, t.page(last).end() - t.page(first).off}
		raw, err := r.read(ctx, all)
		if err != nil && !isDamage(err) {
			return err
		}
		for i := first; i <= last; i++ {
			e := t.page(i)
			damage := func(err error) {
				*found = append(*found, Damage{Block: r.id, Offset: e.off, Bytes: e.len, Reason: err})
			}
			if raw == nil {
				damage(err)
				continue
			}
			payload, err := checkPage(raw[e.off-all.off:e.end()-all.off], r.id, e.off)
			if err != nil {
				damage(err)
				continue
			}
			for ; len(payload) > 0; payload = payload[t.record:] {
				if err := do(payload[:t.record]); err != nil {
					damage(err)
				}
			}
		}
	}
	return ctx.Err()
}

// scanSessions does what allSessions does without the index, from the chunks: one record for each.
func (r *reader) scanSessions(ctx context.Context) (records []sessionRecord, ids []SessionID, broken damages, err error) {
	s := chunks{r: r, in: r.units(), ahead: readAhead}
	err = s.each(ctx, func(c *chunk) error {
		record := sessionRecord{hash: c.session.Order(), unit: c.at, expires: c.expires, first: noTime}
		for _, t := range c.traces {
			record.first = earlier(record.first, nanos(t.Start))
		}
		records, ids = append(records, record), append(ids, c.session)
		return nil
	})
	return records, ids, s.found, err
}
