package sampler

import (
	"errors"
	"io"
	"math/bits"
	"sync"
)

// ErrTooLarge is what Body.Fill returns when the reader holds more than the limit.
var ErrTooLarge = errors.New("request is larger than the limit")

// Bodies come in powers of two between these sizes; larger ones are not pooled.
const (
	smallestBodyBits = 12 // 4 KiB
	largestBodyBits  = 26 // 64 MiB
)

// Body is the memory of one request. It is taken from a pool and goes back to it: Accept takes ownership; whoever
// does not pass it on calls Release.
type Body struct {
	buf  []byte
	pool *bodyPool
}

// Bytes returns what the body holds. It aliases the body.
func (b *Body) Bytes() []byte { return b.buf }

// Append adds p to the body.
func (b *Body) Append(p []byte) {
	b.reserve(len(p))
	b.buf = append(b.buf, p...)
}

// Fill appends everything that r gives. It fails with ErrTooLarge once the body would exceed limit bytes.
func (b *Body) Fill(r io.Reader, limit int64) error {
	for {
		b.reserve(1)
		n, err := r.Read(b.buf[len(b.buf):cap(b.buf)])
		b.buf = b.buf[:len(b.buf)+n]
		if int64(len(b.buf)) > limit {
			return ErrTooLarge
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Release returns the memory. The body must not be used after.
func (b *Body) Release() { b.pool.put(b) }

// reserve makes room for n more bytes, moving to the next larger pooled size.
func (b *Body) reserve(n int) {
	if cap(b.buf)-len(b.buf) >= n {
		return
	}
	larger := b.pool.get(max(len(b.buf)+n, 2*cap(b.buf)))
	larger.buf = append(larger.buf, b.buf...)
	b.buf, larger.buf = larger.buf, b.buf
	b.pool.put(larger)
}

// bodyPool keeps bodies by power-of-two capacity, so that a small request never holds a large buffer. Unlike a
// sync.Pool it survives garbage collections, which come often in a process that leaves little garbage: the pages of a
// new buffer must be cleared and faulted in, for more than the walk over its contents costs.
type bodyPool struct {
	classes [largestBodyBits + 1]bodyClass
}

type bodyClass struct {
	mu   sync.Mutex
	free []*Body
}

// pooledBytes bounds what one class keeps for reuse. Larger bodies than that are not kept.
const pooledBytes = 16 << 20

func (p *bodyPool) get(size int) *Body {
	class := max(bits.Len(uint(max(size, 1)-1)), smallestBodyBits)
	if class > largestBodyBits {
		return &Body{buf: make([]byte, 0, size), pool: p}
	}
	if b := p.classes[class].take(); b != nil {
		return b
	}
	return &Body{buf: make([]byte, 0, 1<<class), pool: p}
}

func (p *bodyPool) put(b *Body) {
	class := bits.Len(uint(cap(b.buf))) - 1
	if class < smallestBodyBits || class > largestBodyBits || cap(b.buf) != 1<<class {
		return
	}
	b.buf = b.buf[:0]
	p.classes[class].keep(b, pooledBytes>>class)
}

func (c *bodyClass) take() *Body {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.free)
	if n == 0 {
		return nil
	}
	b := c.free[n-1]
	c.free[n-1] = nil
	c.free = c.free[:n-1]
	return b
}

func (c *bodyClass) keep(b *Body, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.free) < most {
		c.free = append(c.free, b)
	}
}
