package vault

import (
	"container/list"
	"sync"
)

// pageCache keeps the pages that were last asked for, in a bounded number of bytes: those of the filters above all, of
// which each look-up asks every block for one. Beyond the bound a look-up reads a page a block. Safe for concurrent use.
type pageCache struct {
	limit int64

	mu    sync.Mutex
	used  int64
	pages map[pageKey]*list.Element
	order *list.List // of *cachedPage, the one used last in front
}

type pageKey struct {
	block BlockID
	off   int64
}

type cachedPage struct {
	key     pageKey
	payload []byte // never changed
}

// pageOverhead is what the cache itself takes for a page, in bytes.
const pageOverhead = 192

func newPageCache(limit int64) *pageCache {
	return &pageCache{limit: limit, pages: map[pageKey]*list.Element{}, order: list.New()}
}

func (c *pageCache) get(k pageKey) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.pages[k]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedPage).payload, true
}

func (c *pageCache) put(k pageKey, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.pages[k]; ok {
		return
	}
	c.pages[k] = c.order.PushFront(&cachedPage{k, payload})
	c.used += int64(len(payload)) + pageOverhead
	for c.used > c.limit && c.order.Len() > 0 {
		last := c.order.Remove(c.order.Back()).(*cachedPage)
		delete(c.pages, last.key)
		c.used -= int64(len(last.payload)) + pageOverhead
	}
}
