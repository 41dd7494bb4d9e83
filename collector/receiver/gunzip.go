package receiver

import (
	"io"
	"sync"

	"github.com/tailwise/tailwise/internal/inflate"
)

var gunzippers = sync.Pool{New: func() any { return inflate.NewReader(nil) }}

// gzipStream is one stream's hold on a pooled decoder. It is a value of its own so that a late Read or a second Close
// cannot reach the stream that the decoder serves next.
type gzipStream struct{ z *inflate.Reader }

// gunzip begins to inflate r. Close returns the memory and leaves r alone.
func gunzip(r io.Reader) *gzipStream {
	z := gunzippers.Get().(*inflate.Reader)
	z.Reset(r)
	return &gzipStream{z: z}
}

// Read implements io.Reader.
func (s *gzipStream) Read(p []byte) (int, error) {
	if s.z == nil {
		return 0, io.ErrClosedPipe
	}
	return s.z.Read(p)
}

// Close implements io.Closer.
func (s *gzipStream) Close() error {
	if s.z != nil {
		s.z.Reset(nil) // lets go of the stream
		gunzippers.Put(s.z)
		s.z = nil
	}
	return nil
}

// gunzipBody is the HTTP server's decoder. The server closes the compressed body itself.
func gunzipBody(body io.ReadCloser) (io.ReadCloser, error) { return gunzip(body), nil }
