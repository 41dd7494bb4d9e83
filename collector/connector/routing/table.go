package routing

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"
)

// consumerOf finds what feeds all of the pipelines, as the Collector's connector routers do.
type consumerOf[C any] func(...pipeline.ID) (C, error)

// table makes a router from a configuration.
type table[D, C any] struct {
	router  *router[D, C]
	find    consumerOf[C]
	outlets map[string]int // by list of pipelines
	moved   map[string]int // rows that move, by context and text
	faults  []error
}

// newRouter compiles the table and reports every fault with its key.
func newRouter[D, C any](sig signal[D, C], cfg *Config, find consumerOf[C], logger *zap.Logger) (*router[D, C], error) {
	t := table[D, C]{
		router:  &router[D, C]{signal: sig, mode: cfg.ErrorMode, logger: logger, fallback: none},
		find:    find,
		outlets: map[string]int{},
		moved:   map[string]int{},
	}
	for i, row := range cfg.Table {
		t.add(i, row)
	}
	if len(cfg.DefaultPipelines) > 0 {
		t.router.fallback = t.outlet("default_pipelines", cfg.DefaultPipelines)
	}
	if err := errors.Join(t.faults...); err != nil {
		return nil, err
	}
	return t.router, nil
}

// add compiles one row. A row like an earlier one that moves could never match and is left out; its pipelines must
// exist all the same.
func (t *table[D, C]) add(i int, row Row) {
	name := fmt.Sprintf("table::%d", i)
	key := row.context() + " " + row.text()
	if first, moved := t.moved[key]; moved {
		t.router.logger.Warn("row is left out: an earlier one moves what it would match",
			zap.String("row", name), zap.String("earlier_row", fmt.Sprintf("table::%d", first)), zap.String("pipelines", listed(row.Pipelines)))
		if _, err := t.find(row.Pipelines...); err != nil {
			t.fault(name+"::pipelines", err)
		}
		return
	}
	if row.moves() {
		t.moved[key] = i
	}
	t.router.routes = append(t.router.routes, route[D]{
		name: name, row: row, rule: t.rule(name, row), outlet: t.outlet(name+"::pipelines", row.Pipelines),
	})
}

func (t *table[D, C]) rule(name string, row Row) rule[D] {
	newRule, ok := t.router.rules[row.context()]
	if !ok {
		t.router.logger.Warn("row never matches: its context has no place in this signal",
			zap.String("row", name), zap.String("context", row.context()))
		return never[D]
	}
	made, err := newRule(row)
	if err != nil {
		t.fault(name, err)
	}
	return made
}

// outlet is the index of what feeds the pipelines; equal lists share one, so that their parts are delivered together.
func (t *table[D, C]) outlet(key string, ids []pipeline.ID) int {
	if i, ok := t.outlets[listed(ids)]; ok {
		return i
	}
	found, err := t.find(ids...)
	if err != nil {
		t.fault(key, err)
		return none
	}
	i := len(t.router.outlets)
	t.router.outlets = append(t.router.outlets, found)
	t.outlets[listed(ids)] = i
	return i
}

func (t *table[D, C]) fault(key string, err error) {
	t.faults = append(t.faults, fmt.Errorf("%s: %w", key, err))
}
