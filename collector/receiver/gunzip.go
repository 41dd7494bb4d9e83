package receiver

import (
	"bufio"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// gunzipBuffer is the read-ahead of one gzip stream, in bytes.
const gunzipBuffer = 32 << 10

// gunzipper inflates one gzip stream after another. The buffered reader between is what makes it fast: the inflater
// has quick loops for a few reader types only, and neither gRPC's nor net/http's is among them.
type gunzipper struct {
	gzip.Reader
	buffered *bufio.Reader
}

var gunzippers = sync.Pool{New: func() any { return &gunzipper{buffered: bufio.NewReaderSize(nil, gunzipBuffer)} }}

// gzipStream is one stream's hold on a pooled gunzipper. It is a value of its own so that a late Read or a second
// Close cannot reach the stream that the gunzipper serves next.
type gzipStream struct{ g *gunzipper }

// gunzip begins to inflate r. Close returns the memory and leaves r alone.
func gunzip(r io.Reader) (*gzipStream, error) {
	g := gunzippers.Get().(*gunzipper)
	g.buffered.Reset(r)
	if err := g.Reset(g.buffered); err != nil {
		g.free()
		return nil, err
	}
	return &gzipStream{g: g}, nil
}

// Read implements io.Reader.
func (s *gzipStream) Read(p []byte) (int, error) {
	if s.g == nil {
		return 0, io.ErrClosedPipe
	}
	return s.g.Read(p)
}

// Close implements io.Closer.
func (s *gzipStream) Close() error {
	if s.g != nil {
		s.g.free()
		s.g = nil
	}
	return nil
}

// free returns g to the pool, without the stream that it read.
func (g *gunzipper) free() {
	g.buffered.Reset(nil)
	gunzippers.Put(g)
}

// gunzipBody is the HTTP server's decoder. The server closes the compressed body itself.
func gunzipBody(body io.ReadCloser) (io.ReadCloser, error) {
	s, err := gunzip(body)
	if err != nil {
		return nil, err // not s: a nil *gzipStream would make a non-nil interface
	}
	return s, nil
}
