package receiver

import "go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

// requestFromJSON turns an OTLP/JSON trace request into protobuf.
func requestFromJSON(body []byte) ([]byte, error) {
	request := ptraceotlp.NewExportRequest()
	if err := json.unmarshal(body, request); err != nil {
		return nil, err
	}
	return request.MarshalProto()
}
