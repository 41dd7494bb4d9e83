// Package recordings holds what real instrumentation libraries exported while they played known scenarios, and the
// truth about each: what the provider served and what the program counted. testdata/record makes them.
//
// A library is a directory. Its library.json says which versions were recorded; of each scenario it has
// SCENARIO.traces.jsonl and, where the library writes log records, SCENARIO.logs.jsonl, with one OTLP JSON request a
// line in the order of arrival, and SCENARIO.truth.json.
package recordings

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

//go:embed */*.json */*.jsonl
var files embed.FS

// Recording is what one library exported in one scenario.
type Recording struct {
	Library  string            // the directory, such as "openinference-openai"
	Package  string            // the package whose spans these are
	Version  string            // of Package
	Language string            // "python" or "javascript"
	Packages map[string]string // the versions of what was installed beside it, by package
	Scenario string            // [API_]SCRIPT[_stream], such as "tool" or "responses_tool_stream"

	Requests []json.RawMessage // OTLP JSON trace requests, in the order of arrival; none if the library exported none
	Logs     []json.RawMessage // OTLP JSON log requests, likewise
	Truth    Truth
}

// library is a library.json.
type library struct {
	Library   string            `json:"library"`
	Language  string            `json:"language"`
	Package   string            `json:"package"`
	Version   string            `json:"version"`
	Packages  map[string]string `json:"packages"`
	Scenarios []string          `json:"scenarios"`
}

// All returns every recording, by library and in the order in which the library's scenarios are listed.
func All() ([]Recording, error) {
	abouts, err := fs.Glob(files, "*/library.json")
	if err != nil {
		return nil, err
	}
	var all []Recording
	for _, name := range abouts {
		var about library
		if err := read(name, &about); err != nil {
			return nil, err
		}
		for _, scenario := range about.Scenarios {
			recording, err := load(path.Dir(name), about, scenario)
			if errors.Is(err, fs.ErrNotExist) {
				continue // listed, but the library could not play it
			}
			if err != nil {
				return nil, err
			}
			all = append(all, recording)
		}
	}
	return all, nil
}

func load(dir string, about library, scenario string) (Recording, error) {
	r := Recording{
		Library: about.Library, Package: about.Package, Version: about.Version, Language: about.Language,
		Packages: about.Packages, Scenario: scenario,
	}
	base := path.Join(dir, scenario)
	if err := read(base+".truth.json", &r.Truth); err != nil {
		return r, err
	}
	var err error
	if r.Requests, err = lines(base + ".traces.jsonl"); err != nil {
		return r, err
	}
	if r.Logs, err = lines(base + ".logs.jsonl"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	return r, nil
}

// read decodes a JSON file strictly: a key that the type does not know is an error.
func read(name string, into any) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read recording: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decode %s: %w", name, err)
	}
	return nil
}

// lines reads a file of one JSON document a line.
func lines(name string) ([]json.RawMessage, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	var docs []json.RawMessage
	for line := range bytes.Lines(text) {
		if !json.Valid(line) {
			return nil, fmt.Errorf("decode %s: line %d is no JSON", name, len(docs)+1)
		}
		docs = append(docs, json.RawMessage(bytes.TrimSpace(line)))
	}
	return docs, nil
}
