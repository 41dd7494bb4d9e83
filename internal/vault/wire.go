package vault

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errCut says that a structure ends before it should, or names more than there is.
var errCut = errors.New("cut off, or a length beyond the end")

// noTime stands for the zero time on disk, and forever for an expiry that never comes.
const (
	noTime  int64 = math.MinInt64
	forever int64 = math.MaxInt64
)

// nanos is a time as it is on disk: nanoseconds since 1970.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == noTime || n == forever {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// expiryNanos is an expiry on disk; the zero time never comes.
func expiryNanos(t time.Time) int64 {
	if t.IsZero() {
		return forever
	}
	return t.UnixNano()
}

func appendBytes[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cursor reads what was appended. After a fault every read gives zeros, and err tells.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) fail() {
	c.rest, c.err = nil, errCut
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.rest)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

// count reads how many entries follow, each of at least size bytes, so that nothing is allocated for what cannot be there.
func (c *cursor) count(size int) int {
	n := c.uvarint()
	if n > uint64(len(c.rest)/size) {
		c.fail()
		return 0
	}
	return int(n)
}

// take reads n bytes, which alias the input.
func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.rest) {
		c.fail()
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) bytes() []byte { return c.take(c.count(1)) }

func (c *cursor) id() (id [16]byte) {
	copy(id[:], c.take(16))
	return id
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// end fails unless everything was read.
func (c *cursor) end() error {
	if c.err == nil && len(c.rest) > 0 {
		return errors.New("bytes behind the end")
	}
	return c.err
}
