package extension

import (
	"slices"
	"testing"

	"go.opentelemetry.io/collector/confmap"
	"gopkg.in/yaml.v3"
)

func parse(t *testing.T, text string) *confmap.Conf {
	t.Helper()
	var raw map[string]any
	if err := yaml.Unmarshal([]byte(text), &raw); err != nil {
		t.Fatal(err)
	}
	return confmap.NewFromStringMap(raw)
}

func TestHoles(t *testing.T) {
	for _, tc := range []struct {
		name, config string
		want         []string // component and pipeline
	}{
		{"a queue in memory", `
exporters: {otlp_grpc: {sending_queue: {queue_size: 1000, storage: null}}}
service: {pipelines: {traces: {receivers: [tailwise], exporters: [otlp_grpc]}}}`,
			[]string{"exporters::otlp_grpc traces"}},
		{"no queue", `
exporters: {otlp_grpc: {sending_queue: null}, debug: {}, otlp_http: {sending_queue: {enabled: false}}}
service: {pipelines: {traces: {receivers: [tailwise], exporters: [otlp_grpc, debug, otlp_http]}}}`, nil},
		{"queues that are safe", `
exporters: {a: {sending_queue: {queue_size: 1, storage: file_storage}}, b: {sending_queue: {wait_for_result: true}}}
service: {pipelines: {traces: {receivers: [tailwise], exporters: [a, b]}}}`, nil},
		{"processors and the file exporter", `
exporters: {file/x: {path: y}}
service: {pipelines: {traces/a: {receivers: [tailwise/2], processors: [memory_limiter, batch/big, groupbytrace], exporters: [file/x]}}}`,
			[]string{"processors::batch/big traces/a", "processors::groupbytrace traces/a", "exporters::file/x traces/a"}},
		{"another receiver's pipeline, and other signals", `
exporters: {e: {sending_queue: {queue_size: 1}}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [e]}
    logs: {receivers: [tailwise], processors: [batch], exporters: [e]}`, nil},
		{"behind connectors", `
connectors: {forward: {}, forward/2: {}}
exporters: {e: {sending_queue: {queue_size: 1}}}
service:
  pipelines:
    traces/in: {receivers: [tailwise], exporters: [forward]}
    traces/a: {receivers: [forward/2], exporters: [e]}
    traces/b: {receivers: [forward], exporters: [forward/2]}
    traces/other: {receivers: [otlp], processors: [batch], exporters: [e]}`,
			[]string{"exporters::e traces/a"}},
		{"on both sides of a processor", `
exporters: {e: {sending_queue: {queue_size: 1}}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, batch/a, tailwise, batch/b], exporters: [e]}
    traces/x: {receivers: [otlp], processors: [tailwise/x], exporters: [debug]}`,
			[]string{"processors::batch/b traces", "exporters::e traces", "processors::batch/a traces in front"}},
		{"in front of a processor, through connectors", `
connectors: {forward: {}, routing: {}}
exporters: {e: {sending_queue: {queue_size: 1}}}
service:
  pipelines:
    traces/in: {receivers: [otlp], processors: [batch], exporters: [forward, e]}
    traces/mid: {receivers: [forward], processors: [groupbytrace], exporters: [routing]}
    traces/out: {receivers: [routing], processors: [tailwise]}
    traces/other: {receivers: [routing], processors: [batch], exporters: [e]}`,
			[]string{"processors::batch traces/in in front", "processors::groupbytrace traces/mid in front"}},
		{"nothing at all", `{}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, hole := range Holes(parse(t, tc.config)) {
				where := ""
				if hole.InFront {
					where = " in front"
				}
				got = append(got, hole.Component+" "+hole.Pipeline+where)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("holes: got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestHole_SaysWhatToDo(t *testing.T) {
	hole := Hole{"exporters::otlp_grpc", "traces", "queues in memory", "switch it off", false}
	want := "exporters::otlp_grpc in pipeline traces queues in memory, so a crash loses kept traces: switch it off"
	if got := hole.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	hole.InFront = true
	want = "exporters::otlp_grpc in pipeline traces queues in memory, so a crash loses acknowledged traces: switch it off"
	if got := hole.String(); got != want {
		t.Errorf("in front: got %q, want %q", got, want)
	}
}
