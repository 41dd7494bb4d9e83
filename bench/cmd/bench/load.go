package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tailwise/tailwise/bench/internal/corpus"
	"github.com/tailwise/tailwise/internal/traffic"
)

// A load is what is sent and how.
type load struct {
	profile  traffic.Profile
	protocol string // grpc or http
	gzip     bool
}

var allLoads = []string{
	"agent/grpc/plain", "agent/http/plain", "agent/grpc/gzip", "agent/http/gzip", "small/grpc/plain", "small/http/plain",
}

func (l load) String() string {
	encoding := "plain"
	if l.gzip {
		encoding = "gzip"
	}
	return string(l.profile) + "/" + l.protocol + "/" + encoding
}

func parseLoads(list string) ([]load, error) {
	var loads []load
	var errs []error
	for name := range strings.SplitSeq(list, ",") {
		parts := strings.Split(name, "/")
		if len(parts) != 3 || parts[0] != "agent" && parts[0] != "small" || parts[1] != "grpc" && parts[1] != "http" ||
			parts[2] != "plain" && parts[2] != "gzip" {
			errs = append(errs, fmt.Errorf("-loads: %q is not {agent,small}/{grpc,http}/{plain,gzip}", name))
			continue
		}
		loads = append(loads, load{traffic.Profile(parts[0]), parts[1], parts[2] == "gzip"})
	}
	return loads, errors.Join(errs...)
}

// defaultSpans is 4,000 traces of an agent, or 20,000 of a service.
func (l load) defaultSpans() int {
	if l.profile == traffic.Agent {
		return 180_000
	}
	return 900_000
}

// A playedLoad is a load with its corpus and how often that is sent.
type playedLoad struct {
	load
	path    string
	replays int
	sum     corpus.Summary
}

// smallReplays is how often the corpus of a service is sent, each time with new ids, so that it takes a quarter of the
// memory. Agents' texts are sent once: a sampler may make use of what it has read before, and a replay would flatter it.
const smallReplays = 4

func (l load) prepare(dir string, spans int) (playedLoad, error) {
	if spans == 0 {
		spans = l.defaultSpans()
	}
	p := playedLoad{load: l, path: filepath.Join(dir, "corpus"), replays: 1}
	if l.profile == traffic.Small && !l.gzip {
		p.replays = smallReplays
	}
	var err error
	p.sum, err = corpus.Write(p.path, corpus.Spec{Profile: l.profile, Spans: spans / p.replays, Gzip: l.gzip, Seed: 1})
	return p, err
}

func (p playedLoad) spans() int         { return p.sum.Spans * p.replays }
func (p playedLoad) traces() int        { return p.sum.Traces * p.replays }
func (p playedLoad) meanBytes() float64 { return float64(p.sum.Bytes) / float64(p.sum.Spans) }
