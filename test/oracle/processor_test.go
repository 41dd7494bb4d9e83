package oracle

import (
	"context"
	"testing"

	processors "github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor/pkg/samplingpolicy"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"gopkg.in/yaml.v3"
)

// said is what somebody decided of a trace.
type said struct {
	decision string // sampled, not_sampled, dropped
	policy   string // that is credited: the first that sampled, or the one that dropped
}

// theirs is a processor that tells what it decides.
type theirs struct {
	processor processor.Traces
	said      map[traceID]said
	order     []traceID // in which they were decided
}

// startProcessor starts the processor with a configuration. An error is the processor's: of the configuration, or of
// its start.
func startProcessor(config object) (*theirs, error) {
	factory := processors.NewFactory()
	cfg, _ := factory.CreateDefaultConfig().(*processors.Config)
	if err := confmap.NewFromStringMap(config).Unmarshal(cfg); err != nil {
		return nil, err
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t := &theirs{said: make(map[traceID]said)}
	hook := func(_ context.Context, id pcommon.TraceID, td *processors.TraceData) {
		t.said[traceID(id)] = said{decisionWord(td.FinalDecision), td.PolicyName}
		t.order = append(t.order, traceID(id))
	}
	cfg.Options = append(cfg.Options, processors.WithSampledHooks(hook), processors.WithNonSampledHooks(hook))
	p, err := factory.CreateTraces(context.Background(), processortest.NewNopSettings(factory.Type()), cfg, consumertest.NewNop())
	if err != nil {
		return nil, err
	}
	if err := p.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	t.processor = p
	return t, nil
}

func decisionWord(d samplingpolicy.Decision) string {
	switch d {
	case samplingpolicy.Sampled:
		return "sampled"
	case samplingpolicy.Dropped:
		return "dropped"
	}
	return "not_sampled"
}

// consume gives the processor a request.
func (t *theirs) consume(tb testing.TB, body []byte) {
	tb.Helper()
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		tb.Fatalf("decode a request: %v", err)
	}
	if err := t.processor.ConsumeTraces(context.Background(), traces); err != nil {
		tb.Fatalf("give the processor a request: %v", err)
	}
}

// finish ends the processor, which decides what it still holds.
func (t *theirs) finish(tb testing.TB) {
	tb.Helper()
	if err := t.processor.Shutdown(context.Background()); err != nil {
		tb.Fatalf("end the processor: %v", err)
	}
}

// asMap reads a configuration as the Collector does.
func asMap(tb testing.TB, text []byte) object {
	tb.Helper()
	m := object{}
	if err := yaml.Unmarshal(text, &m); err != nil {
		tb.Fatalf("read the configuration: %v\n%s", err, text)
	}
	return m
}
