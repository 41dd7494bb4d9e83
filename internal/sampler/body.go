package sampler

import (
	"errors"
	"io"
	"slices"
	"sync"
)

// ErrTooLarge is what Body.Fill returns when the reader holds more than the limit.
var ErrTooLarge = errors.New("request is larger than the limit")

// Bodies come in these sizes, four to each power of two from 4 KiB to 64 MiB; larger ones are not pooled.
var bodySizes = func() (sizes []int) {
	for power := 4 << 10; power < 64<<20; power *= 2 {
		for quarter := range 4 {
			sizes = append(sizes, power+power/4*quarter)
		}
	}
	return append(sizes, 64<<20)
}()

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

// bodyPool keeps bodies by size. Unlike a sync.Pool it survives garbage collections, which come often in a process that
// leaves little garbage: the pages of a new buffer must be cleared and faulted in, for more than the walk over its
// contents costs.
type bodyPool struct {
	mu      sync.Mutex
	classes [][]*Body // by place in bodySizes
	bytes   int       // in all classes
}

// pooledBytes bounds what the pool keeps for reuse.
const pooledBytes = 16 << 20

// roomier is how many sizes further a body may be larger than asked for: less than double.
const roomier = 4

func (p *bodyPool) get(size int) *Body {
	class, _ := slices.BinarySearch(bodySizes, size)
	if class == len(bodySizes) {
		return &Body{buf: make([]byte, 0, size), pool: p}
	}
	if b := p.take(class); b != nil {
		return b
	}
	return &Body{buf: make([]byte, 0, bodySizes[class]), pool: p}
}

// take gives a body of the class or a little above; nil: there is none.
func (p *bodyPool) take(class int) *Body {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.classes == nil {
		p.classes = make([][]*Body, len(bodySizes))
	}
	for i := range min(roomier, len(bodySizes)-class) {
		if b := p.pop(class + i); b != nil {
			return b
		}
	}
	return nil
}

func (p *bodyPool) pop(class int) *Body {
	free := p.classes[class]
	n := len(free)
	if n == 0 {
		return nil
	}
	b := free[n-1]
	free[n-1] = nil
	p.classes[class] = free[:n-1]
	p.bytes -= bodySizes[class]
	return b
}

// put keeps a body, and lets go of others where there are too many: of the class that holds the most bytes.
func (p *bodyPool) put(b *Body) {
	class, found := slices.BinarySearch(bodySizes, cap(b.buf))
	if !found {
		return
	}
	b.buf = b.buf[:0]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.classes == nil {
		return
	}
	p.classes[class] = append(p.classes[class], b)
	for p.bytes += bodySizes[class]; p.bytes > pooledBytes; {
		p.pop(p.largest())
	}
}

func (p *bodyPool) largest() (class int) {
	most := 0
	for i, free := range p.classes {
		if n := len(free) * bodySizes[i]; n > most {
			class, most = i, n
		}
	}
	return class
}
