package receiver

import (
	"errors"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// format is how a request is written; its answer is written the same way.
type format uint8

const (
	protobuf format = iota
	json
)

const (
	contentProtobuf = "application/x-protobuf"
	contentJSON     = "application/json"
)

func (e format) contentType() string {
	if e == json {
		return contentJSON
	}
	return contentProtobuf
}

// name is the format in telemetry.
func (e format) name() string {
	if e == json {
		return "json"
	}
	return "protobuf"
}

// unmarshaler is a request in pdata.
type unmarshaler interface {
	UnmarshalProto(data []byte) error
	UnmarshalJSON(data []byte) error
}

var errMalformedJSON = status.Error(codes.InvalidArgument, "request is no valid OTLP JSON")

// unmarshal reads a request. The decoders' own errors are left out, as they may quote the request.
func (e format) unmarshal(body []byte, request unmarshaler) error {
	if e == json {
		if request.UnmarshalJSON(body) != nil {
			return errMalformedJSON
		}
		return nil
	}
	if request.UnmarshalProto(body) != nil {
		return errMalformedProto
	}
	return nil
}

func (e format) write(w http.ResponseWriter, code int, m message) {
	body, err := m.MarshalProto()
	if e == json {
		body, err = m.MarshalJSON()
	}
	if err != nil {
		e.writeStatus(w, http.StatusInternalServerError, status.New(codes.Internal, "encode response"))
		return
	}
	e.writeBody(w, code, body)
}

// httpError is a fault that HTTP has a code of its own for.
type httpError struct {
	code int
	err  error
}

func (e *httpError) Error() string { return e.err.Error() }
func (e *httpError) Unwrap() error { return e.err }

func badRequest(err error) error { return &httpError{code: http.StatusBadRequest, err: err} }

// writeError answers with the HTTP code and, as OTLP asks, a google.rpc.Status in the body.
func (e format) writeError(w http.ResponseWriter, err error) {
	var fault *httpError
	if errors.As(err, &fault) {
		e.writeStatus(w, fault.code, status.New(grpcCode(fault.code), err.Error()))
		return
	}
	s := statusOf(err)
	e.writeStatus(w, httpCode(s.Code()), s)
}

func (e format) writeStatus(w http.ResponseWriter, code int, s *status.Status) {
	if after := retryAfter(s); after != "" {
		w.Header().Set("Retry-After", after)
	}
	var body []byte
	var err error
	if e == json {
		body, err = protojson.Marshal(s.Proto())
	} else {
		body, err = proto.Marshal(s.Proto())
	}
	if err != nil {
		body = nil // the code alone still tells the sender what to do
	}
	e.writeBody(w, code, body)
}

func (e format) writeBody(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", e.contentType())
	w.WriteHeader(code)
	_, _ = w.Write(body) // a sender that has gone sends again
}

// writeServerError answers for what the server refuses before our handler: authentication and compression.
func writeServerError(w http.ResponseWriter, r *http.Request, text string, code int) {
	enc, ok := formatOf(r)
	if !ok {
		http.Error(w, text, code)
		return
	}
	enc.writeStatus(w, code, status.New(grpcCode(code), text))
}
