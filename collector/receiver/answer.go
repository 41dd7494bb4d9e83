package receiver

import "go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

// message is a response, of either encoding.
type message interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// answer is a successful response of any signal: the three have the same form. partial_success stays unset when
// nothing was left out, as OTLP demands; pdata's own response would write it empty.
type answer struct {
	rejectedN int
	text      string
}

// MarshalProto implements message.
func (a answer) MarshalProto() ([]byte, error) {
	if a.rejectedN == 0 {
		return nil, nil
	}
	return a.partial().MarshalProto()
}

// MarshalJSON implements message.
func (a answer) MarshalJSON() ([]byte, error) {
	if a.rejectedN == 0 {
		return []byte("{}"), nil
	}
	return a.partial().MarshalJSON()
}

func (a answer) partial() ptraceotlp.ExportResponse {
	response := ptraceotlp.NewExportResponse()
	response.PartialSuccess().SetRejectedSpans(int64(a.rejectedN))
	response.PartialSuccess().SetErrorMessage(a.text)
	return response
}
