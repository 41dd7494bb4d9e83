package migrate

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// get returns the key and value of an entry of a mapping, or nil.
func get(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// entries calls f for each entry of a mapping.
func entries(mapping *yaml.Node, f func(key, value *yaml.Node)) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		f(mapping.Content[i], mapping.Content[i+1])
	}
}

// section returns the mapping under name, which it makes where there is none.
func section(of *yaml.Node, name string) *yaml.Node {
	_, value := get(of, name)
	if value == nil {
		value = mapping()
		of.Content = append(of.Content, word(name), value)
	}
	if value.Kind != yaml.MappingNode { // written and left empty
		*value = yaml.Node{Kind: yaml.MappingNode, HeadComment: value.HeadComment, FootComment: value.FootComment}
	}
	return value
}

// word is a scalar as people write it.
func word(text string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(text)
	return n
}

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: content}
}

func sequence(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: content}
}

// typeOf is the type in a component's id.
func typeOf(id string) string {
	t, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(t)
}

func hasAlias(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		return true
	}
	for _, child := range n.Content {
		if hasAlias(child) {
			return true
		}
	}
	return false
}

// copier copies nodes with everything that aliases and merges stand for, and where expand is set, variables.
type copier struct {
	file   string
	expand func(text string) (any, error)
	onText func(at *yaml.Node) // told of each text that was expanded
	copied int
}

// maxNodes bounds a copy, as aliases of aliases can stand for anything.
const maxNodes = 100_000

func (c *copier) copy(n *yaml.Node) (*yaml.Node, error) {
	if c.copied++; c.copied > maxNodes {
		return nil, fault(c.file, n, "", "the aliases stand for more than %d nodes", maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		return c.copy(n.Alias)
	}
	if n.Kind == yaml.ScalarNode && c.expand != nil && n.Tag != "!!binary" && strings.Contains(n.Value, "$") {
		return c.expanded(n)
	}
	made := *n
	made.Anchor, made.Content = "", nil
	var merged []*yaml.Node
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Tag == "!!merge" {
			made.Content = made.Content[:len(made.Content)-1]
			merged = append(merged, child)
			continue
		}
		copied, err := c.copy(child)
		if err != nil {
			return nil, err
		}
		made.Content = append(made.Content, copied)
	}
	for _, from := range merged {
		if err := c.merge(&made, from); err != nil {
			return nil, err
		}
	}
	return &made, nil
}

// merge adds what << names to a mapping: what is not there.
func (c *copier) merge(into, from *yaml.Node) error {
	copied, err := c.copy(from)
	if err != nil {
		return err
	}
	sources := []*yaml.Node{copied}
	if copied.Kind == yaml.SequenceNode {
		sources = copied.Content
	}
	for _, source := range sources {
		entries(source, func(key, value *yaml.Node) {
			if there, _ := get(into, key.Value); there == nil {
				into.Content = append(into.Content, key, value)
			}
		})
	}
	return nil
}

// expanded is a scalar with its variables resolved.
func (c *copier) expanded(n *yaml.Node) (*yaml.Node, error) {
	value, err := c.expand(n.Value)
	if err != nil {
		return nil, fault(c.file, n, "", "resolve variables: %v", err)
	}
	if text, same := value.(string); same && text == n.Value {
		made := *n
		made.Anchor = ""
		return &made, nil
	}
	if c.onText != nil {
		c.onText(n)
	}
	made := new(yaml.Node)
	if err := made.Encode(value); err != nil {
		return nil, fault(c.file, n, "", "resolve variables: %v", err)
	}
	made.HeadComment, made.LineComment, made.FootComment = n.HeadComment, n.LineComment, n.FootComment
	place(made, n)
	return made, nil
}

// place gives a node that was made the place of what it was made of, for messages.
func place(made, of *yaml.Node) {
	made.Line, made.Column = of.Line, of.Column
	for _, child := range made.Content {
		place(child, of)
	}
}
