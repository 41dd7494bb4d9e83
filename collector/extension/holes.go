package extension

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// Hole is a component behind a tailwise receiver that takes a trace before it is safe. The engine marks the trace as
// exported then, and a crash loses it.
type Hole struct {
	Component string // as the configuration names it: exporters::otlp_grpc
	Pipeline  string
	Why       string
	Fix       string
}

// String is the hole as a sentence.
func (h Hole) String() string {
	return fmt.Sprintf("%s in pipeline %s %s, so a crash loses kept traces: %s", h.Component, h.Pipeline, h.Why, h.Fix)
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
	for _, pipeline := range c.behindReceiver() {
		holes = append(holes, c.inPipeline(pipeline)...)
	}
	return holes
}

// configuration reads a configuration of any shape; what is not there is empty.
type configuration struct{ root map[string]any }

func (c configuration) section(path ...string) map[string]any {
	section := c.root
	for _, key := range path {
		section, _ = section[key].(map[string]any)
	}
	return section
}

// names are the entries of a pipeline's list.
func (c configuration) names(pipeline, list string) (names []string) {
	switch entries := c.section("service", "pipelines", pipeline)[list].(type) {
	case []any:
		for _, entry := range entries {
			names = append(names, fmt.Sprint(entry))
		}
	case []string:
		names = entries
	}
	return names
}

// typeOf is the type in a component's or pipeline's id.
func typeOf(id string) string {
	t, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(t)
}

// behindReceiver lists the trace pipelines that a tailwise receiver feeds, directly or by way of connectors.
func (c configuration) behindReceiver() []string {
	pipelines := slices.Sorted(maps.Keys(c.section("service", "pipelines")))
	fed := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, pipeline := range pipelines {
			if typeOf(pipeline) != "traces" || fed[pipeline] || !c.isFed(pipeline, fed) {
				continue
			}
			fed[pipeline], grown = true, true
		}
	}
	return slices.Sorted(maps.Keys(fed))
}

// isFed says whether traces of the engine come into pipeline, given those that are known to have them.
func (c configuration) isFed(pipeline string, fed map[string]bool) bool {
	connectors := c.section("connectors")
	for _, receiver := range c.names(pipeline, "receivers") {
		if _, isConnector := connectors[receiver]; !isConnector {
			if typeOf(receiver) == typeName {
				return true
			}
			continue
		}
		for source := range fed {
			if slices.Contains(c.names(source, "exporters"), receiver) {
				return true
			}
		}
	}
	return false
}

func (c configuration) inPipeline(pipeline string) (holes []Hole) {
	for _, processor := range c.names(pipeline, "processors") {
		if why, ok := gatherers[typeOf(processor)]; ok {
			holes = append(holes, Hole{"processors::" + processor, pipeline, why, "take it out of the pipeline"})
		}
	}
	for _, exporter := range c.names(pipeline, "exporters") {
		if why, fix := c.exporterHole(exporter); why != "" {
			holes = append(holes, Hole{"exporters::" + exporter, pipeline, why, fix})
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
