package oracle

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// describe renders a trace for a failure.
func describe(o *ours, id traceID) string {
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(o.spansOf(&testing.T{}, id))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
