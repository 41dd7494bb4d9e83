package extension

import (
	"fmt"
	"slices"
	"strings"
)

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

// behind finds the trace pipelines that the engine's kept traces pass, from a tailwise receiver or processor, directly or
// by way of connectors. The value is the place of the first processor that they pass.
func (c configuration) behind() map[string]int {
	return c.spread(func(pipeline string, known map[string]int) (int, bool) {
		if c.isFed(pipeline, known) {
			return 0, true
		}
		at := c.processorAt(pipeline)
		return at + 1, at >= 0
	})
}

// before finds the trace pipelines whose traces come to a tailwise processor, directly or by way of connectors. The
// value is the number of processors that they pass before it, or before they leave the pipeline.
func (c configuration) before() map[string]int {
	return c.spread(func(pipeline string, known map[string]int) (int, bool) {
		if at := c.processorAt(pipeline); at >= 0 {
			return at, true
		}
		return len(c.names(pipeline, "processors")), c.leadsInto(pipeline, known)
	})
}

// spread asks about each trace pipeline until no more is found; find is told what is known already.
func (c configuration) spread(find func(pipeline string, known map[string]int) (int, bool)) map[string]int {
	found := map[string]int{}
	for grown := true; grown; {
		grown = false
		for pipeline := range c.section("service", "pipelines") {
			if _, known := found[pipeline]; known || typeOf(pipeline) != "traces" {
				continue
			}
			if at, ok := find(pipeline, found); ok {
				found[pipeline], grown = at, true
			}
		}
	}
	return found
}

// processorAt is the place of the tailwise processor in pipeline; -1: there is none.
func (c configuration) processorAt(pipeline string) int {
	return slices.IndexFunc(c.names(pipeline, "processors"), func(p string) bool { return typeOf(p) == typeName })
}

func (c configuration) isConnector(id string) bool {
	_, ok := c.section("connectors")[id]
	return ok
}

// isFed says whether traces that the engine kept come into pipeline, given pipelines that are known to have them.
func (c configuration) isFed(pipeline string, known map[string]int) bool {
	for _, receiver := range c.names(pipeline, "receivers") {
		if !c.isConnector(receiver) {
			if typeOf(receiver) == typeName {
				return true
			}
			continue
		}
		for source := range known {
			if slices.Contains(c.names(source, "exporters"), receiver) {
				return true
			}
		}
	}
	return false
}

// leadsInto says whether a connector at the end of pipeline leads into one of those that are known.
func (c configuration) leadsInto(pipeline string, known map[string]int) bool {
	for _, exporter := range c.names(pipeline, "exporters") {
		if !c.isConnector(exporter) {
			continue
		}
		for target := range known {
			if slices.Contains(c.names(target, "receivers"), exporter) {
				return true
			}
		}
	}
	return false
}
