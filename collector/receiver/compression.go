package receiver

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc/encoding"
)

// gRPC looks compressors up in a table for the whole process, where the last one registered wins. Go initialises this
// package after the packages that it imports, configgrpc and through it gRPC's own gzip among them, so ours win; a
// test asserts it.
func init() {
	encoding.RegisterCompressor(new(grpcGzip))
	encoding.RegisterCompressor(new(grpcZstd))
}

// grpcGzip is gRPC's gzip compression, which decodes by internal/inflate.
type grpcGzip struct{ writers sync.Pool }

// Name implements encoding.Compressor.
func (*grpcGzip) Name() string { return "gzip" }

// Compress implements encoding.Compressor.
func (c *grpcGzip) Compress(w io.Writer) (io.WriteCloser, error) {
	if z, ok := c.writers.Get().(*gzip.Writer); ok {
		z.Reset(w)
		return &pooledWriter[*gzip.Writer]{w: z, pool: &c.writers}, nil
	}
	return &pooledWriter[*gzip.Writer]{w: gzip.NewWriter(w), pool: &c.writers}, nil
}

// Decompress implements encoding.Compressor. gRPC bounds what it reads and closes it.
func (*grpcGzip) Decompress(r io.Reader) (io.Reader, error) { return gunzip(r), nil }

// zstdWindow is the largest window that a sender may ask us to keep, in bytes: the largest that common encoders use
// below their "ultra" levels. Without it a frame of a few bytes could claim half a gigabyte.
const zstdWindow = 32 << 20

// grpcZstd is gRPC's zstd compression with pooled coders that run in the caller's goroutine.
type grpcZstd struct{ readers, writers sync.Pool }

// Name implements encoding.Compressor.
func (*grpcZstd) Name() string { return "zstd" }

// Compress implements encoding.Compressor.
func (c *grpcZstd) Compress(w io.Writer) (io.WriteCloser, error) {
	if z, ok := c.writers.Get().(*zstd.Encoder); ok {
		z.Reset(w)
		return &pooledWriter[*zstd.Encoder]{w: z, pool: &c.writers}, nil
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	return &pooledWriter[*zstd.Encoder]{w: z, pool: &c.writers}, nil
}

// Decompress implements encoding.Compressor. gRPC bounds what it reads and closes it.
func (c *grpcZstd) Decompress(r io.Reader) (io.Reader, error) {
	if z, ok := c.readers.Get().(*zstd.Decoder); ok {
		if err := z.Reset(r); err != nil {
			return nil, err
		}
		return &zstdStream{z: z, pool: &c.readers}, nil
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		return nil, err
	}
	return &zstdStream{z: z, pool: &c.readers}, nil
}

// zstdStream is one stream's hold on a pooled decoder, as gzipStream is.
type zstdStream struct {
	z    *zstd.Decoder
	pool *sync.Pool
}

// Read implements io.Reader.
func (s *zstdStream) Read(p []byte) (int, error) {
	if s.z == nil {
		return 0, io.ErrClosedPipe
	}
	return s.z.Read(p)
}

// Close implements io.Closer.
func (s *zstdStream) Close() error {
	if s.z == nil {
		return nil
	}
	z := s.z
	s.z = nil
	if err := z.Reset(nil); err != nil { // lets go of the stream; a decoder that cannot is not used again
		z.Close()
		return nil
	}
	s.pool.Put(z)
	return nil
}

// pooledWriter returns its writer when it is closed.
type pooledWriter[W io.WriteCloser] struct {
	w      W
	pool   *sync.Pool
	closed bool
}

// Write implements io.Writer.
func (p *pooledWriter[W]) Write(b []byte) (int, error) {
	if p.closed {
		return 0, io.ErrClosedPipe
	}
	return p.w.Write(b)
}

// Close implements io.Closer.
func (p *pooledWriter[W]) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	err := p.w.Close()
	p.pool.Put(p.w)
	return err
}
