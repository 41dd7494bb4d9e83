package extension

import (
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/confmap"
)

// Hole is a component that takes traces before they are safe. Behind the engine, which marks a trace as exported then,
// a crash loses kept traces; in front of a tailwise processor it loses traces that their sender believes delivered.
type Hole struct {
	Component string // as the configuration names it: exporters::otlp_grpc
	Pipeline  string
	Why       string
	Fix       string
	InFront   bool // of the engine
}

// Loses says what is lost in a crash.
func (h Hole) Loses() string {
	if h.InFront {
		return "acknowledged traces"
	}
	return "kept traces"
}

// String is the hole as a sentence.
func (h Hole) String() string {
	return fmt.Sprintf("%s in pipeline %s %s, so a crash loses %s: %s", h.Component, h.Pipeline, h.Why, h.Loses(), h.Fix)
}

// gatherers are processor types that hold data in memory after they have answered.
var gatherers = map[string]string{
	"batch":         "answers before its batch is sent",
	"groupbytrace":  "answers while it gathers traces in memory",
	"tail_sampling": "answers while it gathers traces in memory",
}

// Holes finds them in an effective configuration: one with the defaults of every component filled in, as sending
// queues are on unless they are switched off. The order is that of names.
func Holes(conf *confmap.Conf) []Hole {
	c := configuration{root: conf.ToStringMap()}
	var holes []Hole
	behind, before := c.behind(), c.before()
	for _, pipeline := range slices.Sorted(maps.Keys(c.section("service", "pipelines"))) {
		if first, ok := behind[pipeline]; ok {
			holes = append(holes, c.processorHoles(pipeline, first, len(c.names(pipeline, "processors")), false)...)
			holes = append(holes, c.exporterHoles(pipeline)...)
		}
		if n, ok := before[pipeline]; ok {
			holes = append(holes, c.processorHoles(pipeline, 0, n, true)...)
		}
	}
	return holes
}

// processorHoles looks at the processors of a pipeline from one to before another.
func (c configuration) processorHoles(pipeline string, from, to int, inFront bool) (holes []Hole) {
	for _, processor := range c.names(pipeline, "processors")[from:to] {
		if why, ok := gatherers[typeOf(processor)]; ok {
			holes = append(holes, Hole{"processors::" + processor, pipeline, why, "take it out of the pipeline", inFront})
		}
	}
	return holes
}

func (c configuration) exporterHoles(pipeline string) (holes []Hole) {
	for _, exporter := range c.names(pipeline, "exporters") {
		if why, fix := c.exporterHole(exporter); why != "" {
			holes = append(holes, Hole{"exporters::" + exporter, pipeline, why, fix, false})
		}
	}
	return holes
}

// exporterHole says why an exporter answers early, or nothing.
func (c configuration) exporterHole(exporter string) (why, fix string) {
	if typeOf(exporter) == "file" {
		return "answers while lines are in its buffer", "use the exporter of type tailwise, which writes first"
	}
	section := c.section("exporters", exporter)
	// Off is written as null, or by the name enabled; absent: this exporter has no queue.
	queue, ok := section["sending_queue"].(map[string]any)
	if !ok || len(queue) == 0 || queue["enabled"] == false {
		return "", ""
	}
	if queue["wait_for_result"] == true {
		return "", ""
	}
	if storage, ok := queue["storage"]; ok && storage != nil && fmt.Sprint(storage) != "" {
		return "", ""
	}
	return "queues in memory", "set sending_queue: {enabled: false}; the engine keeps what the backend has not taken"
}
