package receiver

import (
	"fmt"

	"google.golang.org/grpc/mem"

	"github.com/tailwise/tailwise/collector/internal/engine"
)

// codec hands requests over as bytes: the one copy from the transport's buffers into the request's own memory is all
// that happens to them. It is the only codec of the receiver's server, whatever subtype a sender names.
type codec struct{}

// Name is the content subtype of protobuf, which is what travels.
func (codec) Name() string { return "proto" }

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	response, ok := v.(interface{ MarshalProto() ([]byte, error) })
	if !ok {
		return nil, fmt.Errorf("marshal response: unexpected %T", v)
	}
	buf, err := response.MarshalProto()
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(buf)}, nil
}

// request takes the bytes of a message; data is only lent.
type request interface{ fill(data mem.BufferSlice) }

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	r, ok := v.(request)
	if !ok {
		return fmt.Errorf("unmarshal request: unexpected %T", v)
	}
	r.fill(data)
	return nil
}

// bodyRequest is a trace request in the engine's memory.
type bodyRequest struct {
	source engine.Source
	body   engine.Body
}

func (r *bodyRequest) fill(data mem.BufferSlice) {
	r.body = r.source.NewBody(data.Len())
	for _, b := range data {
		r.body.Append(b.ReadOnlyData())
	}
}

// take passes the body's ownership on.
func (r *bodyRequest) take() engine.Body {
	body := r.body
	r.body = nil
	return body
}

func (r *bodyRequest) release() {
	if r.body != nil {
		r.take().Release()
	}
}

// plainRequest is a request of a signal that passes through. Its memory is left to the garbage collector, as decoded
// pdata may live on in the pipeline.
type plainRequest struct{ body []byte }

func (r *plainRequest) fill(data mem.BufferSlice) { r.body = data.Materialize() }
