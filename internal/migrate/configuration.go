package migrate

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// configuration is a Collector configuration being edited. Its aliases are resolved.
type configuration struct {
	file string
	root *yaml.Node // the document
}

func (c *configuration) top() *yaml.Node { return c.root.Content[0] }

// processor finds the tail_sampling processor called name, or the only one.
func (c *configuration) processor(name string) (key, section *yaml.Node, err error) {
	_, processors := get(c.top(), "processors")
	var names []string
	entries(processors, func(k, v *yaml.Node) {
		if typeOf(k.Value) != typeName {
			return
		}
		names = append(names, k.Value)
		if name == "" || k.Value == name {
			key, section = k, v
		}
	})
	switch {
	case len(names) == 0:
		return nil, nil, fault(c.file, processors, "", "the configuration has no processor of type tail_sampling")
	case key == nil:
		return nil, nil, fault(c.file, processors, "there are "+strings.Join(names, ", "), "there is no processor %q", name)
	case name == "" && len(names) > 1:
		return nil, nil, fault(c.file, processors, "name one with --processor; each needs an engine of its own",
			"there are several processors of type tail_sampling: %s", strings.Join(names, ", "))
	}
	return key, section, nil
}

// gatherers answer while they hold traces in memory, so they must not stand beside the engine.
var gatherers = []string{"batch", "groupbytrace"}

// replace puts the extension and the processors in the place of the processor at key.
func (c *configuration) replace(src Source, key *yaml.Node, s *processorSection, r *Result) error {
	old := key.Value
	name := ours + strings.TrimPrefix(old, typeName)
	extension := mapping(word("data_dir"), word(src.DataDir), word("policy_file"), word(src.PolicyFile), word("decide"), s.decide)
	if there, _ := get(section(c.top(), "extensions"), name); there != nil {
		return fault(c.file, there, "take it out, or import into a configuration without it", "there is an extension %q already", name)
	}
	extensions := section(c.top(), "extensions")
	extensions.Content = append(extensions.Content, word(name), extension)
	r.Changes = append(r.Changes, "extensions: "+name+" is new: the engine")

	processors := c.inPipelines(old, name, r)
	made := mapping()
	for _, processor := range processors {
		made.Content = append(made.Content, word(processor), mapping(word("engine"), word(name)))
	}
	_, in := get(c.top(), "processors")
	at := slices.Index(in.Content, key)
	made.Content[0].HeadComment, made.Content[0].FootComment = key.HeadComment, key.FootComment
	in.Content = slices.Replace(in.Content, at, at+2, made.Content...)
	r.Changes = append(r.Changes, fmt.Sprintf("processors: %s gives way to %s", old, strings.Join(processors, ", ")))

	c.list(section(c.top(), "service"), "extensions", name)
	r.Changes = append(r.Changes, "service: extensions: "+name+" is added")
	c.warn(r)
	return c.write(r, name, extension, made)
}

// inPipelines puts name where old stands, and another processor of the same engine in each further pipeline, as one
// processor stands in one pipeline. It returns the processors that are needed.
func (c *configuration) inPipelines(old, name string, r *Result) (processors []string) {
	entries(section(section(c.top(), "service"), "pipelines"), func(id, pipeline *yaml.Node) {
		_, list := get(pipeline, "processors")
		if list == nil || !slices.ContainsFunc(list.Content, func(n *yaml.Node) bool { return n.Value == old }) {
			return
		}
		processor := name
		if len(processors) > 0 {
			processor = ours + "/" + strings.ReplaceAll(strings.TrimPrefix(name, ours+"/")+"_"+id.Value, "/", "_")
		}
		processors = append(processors, processor)
		list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool {
			gathers := slices.Contains(gatherers, typeOf(n.Value))
			if gathers {
				r.Changes = append(r.Changes, fmt.Sprintf("service: pipelines: %s: processors: %s is taken out: it answers before "+
					"traces are safe", id.Value, n.Value))
			}
			return gathers
		})
		for _, n := range list.Content {
			if n.Value == old {
				n.Value = processor
			}
		}
		r.Changes = append(r.Changes, fmt.Sprintf("service: pipelines: %s: processors: %s stands where %s stood", id.Value, processor, old))
		_, exporters := get(pipeline, "exporters")
		if exporters != nil {
			for _, exporter := range exporters.Content {
				c.queue(exporter.Value, r)
			}
		}
	})
	if len(processors) == 0 {
		r.Notes = append(r.Notes, "no pipeline uses "+old+": put "+name+" where it belongs")
		processors = []string{name}
	}
	return processors
}

// queue notes an exporter whose queue is not seen to be off.
func (c *configuration) queue(exporter string, r *Result) {
	_, exporters := get(c.top(), "exporters")
	_, section := get(exporters, exporter)
	_, queue := get(section, "sending_queue")
	_, enabled := get(queue, "enabled")
	if typeOf(exporter) == "debug" || section == nil || enabled != nil && enabled.Value == "false" {
		return
	}
	note := fmt.Sprintf("exporters: %s: set sending_queue: {enabled: false} if it has such a queue: the engine keeps what the "+
		"backend has not taken", exporter)
	if !slices.Contains(r.Notes, note) {
		r.Notes = append(r.Notes, note)
	}
}

// list adds an entry to a sequence, which it makes where there is none.
func (c *configuration) list(in *yaml.Node, name, entry string) {
	_, list := get(in, name)
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		in.Content = append(in.Content, word(name), list)
	}
	if list.Kind != yaml.SequenceNode {
		*list = yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	}
	list.Content = append(list.Content, word(entry))
}

// warn notes what is left of the processor's type, and gathers the components that are used.
func (c *configuration) warn(r *Result) {
	_, processors := get(c.top(), "processors")
	entries(processors, func(key, _ *yaml.Node) {
		if typeOf(key.Value) == typeName {
			r.Notes = append(r.Notes, "processors: "+key.Value+" is left: import it into an engine of its own, with another -o, or take it out")
		}
	})
	add := func(kind string, list *yaml.Node) {
		if list == nil {
			return
		}
		for _, n := range list.Content {
			component := Component{kind, n.Value}
			_, connectors := get(c.top(), "connectors")
			if key, _ := get(connectors, n.Value); key != nil {
				component.Kind = "connectors"
			}
			if !slices.Contains(r.Used, component) {
				r.Used = append(r.Used, component)
			}
		}
	}
	_, service := get(c.top(), "service")
	_, extensions := get(service, "extensions")
	add("extensions", extensions)
	_, pipelines := get(service, "pipelines")
	entries(pipelines, func(_, pipeline *yaml.Node) {
		for _, kind := range []string{"receivers", "processors", "exporters"} {
			_, list := get(pipeline, kind)
			add(kind, list)
		}
	})
}

// write renders the configuration and the block.
func (c *configuration) write(r *Result, name string, extension, processors *yaml.Node) (err error) {
	if r.Configuration, err = encode(c.root); err != nil {
		return err
	}
	block := mapping(word("extensions"), mapping(word(name), extension), word("processors"), processors)
	r.Block, err = encode(block)
	return err
}
