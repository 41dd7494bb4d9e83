package vault

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Compression says how a session is squeezed after what it repeats was cut off.
type Compression uint8

const (
	// Fast is S2.
	Fast Compression = iota
	// Small is zstd at its fastest level.
	Small
	// Bare is the cut alone: for what is merged soon.
	Bare
)

// Codecs as they are on disk.
const (
	codecPlain uint8 = 0
	codecS2    uint8 = 1
	codecZstd  uint8 = 2
)

// maxChunkBytes bounds a chunk's parts, packed or not. It fits 32 bits and leaves room for a part of MaxPartBytes.
const maxChunkBytes = 1 << 30

// zstdWindow is how far back zstd looks. After the cut, a session is seldom larger.
const zstdWindow = 8 << 20

var encoders = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
}}

var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxChunkBytes))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
}}

// pack appends text, squeezed, to dst and says by which codec: plain where nothing is won.
func (c Compression) pack(dst, text []byte) ([]byte, uint8) {
	start := len(dst)
	codec := codecS2
	switch c {
	case Bare:
		return append(dst, text...), codecPlain
	case Small:
		e := encoders.Get().(*zstd.Encoder)
		dst = e.EncodeAll(text, dst)
		encoders.Put(e)
		codec = codecZstd
	default:
		if room := s2.MaxEncodedLen(len(text)); cap(dst)-start < room {
			dst = append(make([]byte, 0, start+room), dst...)
		}
		dst = dst[:start+len(s2.Encode(dst[start:cap(dst)], text))]
	}
	if len(dst)-start >= len(text) {
		return append(dst[:start], text...), codecPlain
	}
	return dst, codec
}

// unpack gives the size bytes that were packed, in dst's memory where it is large enough.
func unpack(dst, packed []byte, codec uint8, size int) ([]byte, error) {
	if size < 0 || size > maxChunkBytes {
		return nil, fmt.Errorf("unpack: %d bytes: the limit is %d", size, maxChunkBytes)
	}
	var err error
	switch codec {
	case codecPlain:
		dst = append(dst[:0], packed...)
	case codecS2:
		n, lenErr := s2.DecodedLen(packed)
		if lenErr != nil || n != size {
			return nil, fmt.Errorf("unpack: S2 block of %d bytes, want %d", n, size)
		}
		dst, err = s2.Decode(grown(dst, size), packed)
	case codecZstd:
		var head zstd.Header
		if err := head.Decode(packed); err != nil || !head.HasFCS || head.FrameContentSize != uint64(size) {
			return nil, fmt.Errorf("unpack: zstd frame of %d bytes, want %d", head.FrameContentSize, size)
		}
		d := decoders.Get().(*zstd.Decoder)
		dst, err = d.DecodeAll(packed, grown(dst, size)[:0])
		decoders.Put(d)
	default:
		return nil, fmt.Errorf("unpack: unknown codec %d", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if len(dst) != size {
		return nil, fmt.Errorf("unpack: got %d bytes, want %d", len(dst), size)
	}
	return dst, nil
}

// grown gives size bytes with any contents, in b's memory where it is large enough.
func grown(b []byte, size int) []byte {
	if cap(b) < size {
		return make([]byte, size)
	}
	return b[:size]
}
