package oracle

import (
	"fmt"
	"math/rand/v2"
)

// object is a mapping of a configuration.
type object = map[string]any

// Pools that policies and traces share, so that they meet often.
var (
	keys       = []string{"key", "other", "http.status_code", "flag", "", "url.path"}
	texts      = []string{"", "value", "value1", "true", "500", "/health", "été", "\xc3", "VALUE"}
	patterns   = []string{"", ".*", "^val", "alue$", "[0-9]+", "^$", "(?i)value", "/health|/live", ".é", "^(value1?)$"}
	integers   = []int64{0, 1, -1, 2, 50, 100, 200, 399, 400, 499, 500, 1 << 40, -1 << 63, 1<<63 - 1}
	doubles    = []float64{0, 0.5, -1, 1, 400, 500, 499.5, 1e300, 1e-9, 1e21}
	milliBound = []int64{0, 1, -1, 5, 10, 100, 1000, 5000, 1 << 62}
	counts     = []int64{0, 1, 2, 3, 5, -1, 1 << 31, 1000}
	stateKeys  = []string{"key", "vendor", "ot", "a@b", ""}
	stateTexts = []string{"value", "value1", "", "th:8", "x"}
)

// stateTexts with more than fits.
func init() {
	long := make([]byte, 253)
	for i := range long {
		long[i] = 'v'
	}
	stateTexts = append(stateTexts, string(long), string(long[:252]))
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func chance(r *rand.Rand, of float64) bool { return r.Float64() < of }

func some[T any](r *rand.Rand, from []T, most int) []T {
	list := make([]T, r.IntN(most+1))
	for i := range list {
		list[i] = pick(r, from)
	}
	return list
}

// policyMaker makes random policies.
type policyMaker struct {
	*rand.Rand
	limits bool // also policies with limits
	n      int
}

// config makes a list of policies.
func (m *policyMaker) config() []object {
	list := make([]object, 0, 4)
	for range 1 + m.IntN(4) {
		list = append(list, m.top())
		if chance(m.Rand, 0.5) {
			break // single policies tell most
		}
	}
	return list
}

func (m *policyMaker) name() string {
	m.n++
	return fmt.Sprintf("policy %d", m.n)
}

func (m *policyMaker) top() object {
	switch m.IntN(9) {
	case 0:
		return m.all("and", 3)
	case 1:
		return m.not()
	case 2:
		return m.all("drop", 2)
	case 3:
		if m.limits {
			return m.composite()
		}
	}
	return m.leaf()
}

func (m *policyMaker) all(kind string, most int) object {
	subs := make([]object, 0, most)
	for range m.IntN(most + 1) {
		sub := m.leaf()
		if chance(m.Rand, 0.25) {
			sub = m.not()
		}
		subs = append(subs, sub)
	}
	return object{"name": m.name(), "type": kind, kind: object{kind + "_sub_policy": subs}}
}

func (m *policyMaker) not() object {
	return object{"name": m.name(), "type": "not", "not": object{"not_sub_policy": m.leaf()}}
}

func (m *policyMaker) composite() object {
	var subs, allocation []object
	var order []string
	for range m.IntN(4) {
		sub := m.leaf()
		if chance(m.Rand, 0.3) {
			sub = m.all("and", 2)
		}
		subs = append(subs, sub)
		name, _ := sub["name"].(string)
		order = append(order, name)
		if chance(m.Rand, 0.6) {
			allocation = append(allocation, object{"policy": name, "percent": pick(m.Rand, []int{0, 10, 50, 100, 200, -5})})
		}
	}
	m.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return object{"name": m.name(), "type": "composite", "composite": object{
		"max_total_spans_per_second": pick(m.Rand, []int64{0, 1, 3, 5, 10, 100, -1}), "policy_order": order,
		"composite_sub_policy": subs, "rate_allocation": allocation,
	}}
}

// leaf makes a policy that holds no others.
func (m *policyMaker) leaf() object {
	kinds := []string{
		"always_sample", "latency", "numeric_attribute", "probabilistic", "status_code", "string_attribute",
		"trace_state", "trace_flags", "span_count", "boolean_attribute", "ottl_condition", "ottl_condition",
	}
	if m.limits {
		kinds = append(kinds, "rate_limiting", "bytes_limiting", "rate_limiting", "bytes_limiting")
	}
	kind := pick(m.Rand, kinds)
	p := object{"name": m.name(), "type": kind}
	if block := m.block(kind); block != nil {
		p[kind] = block
	}
	return p
}

func (m *policyMaker) block(kind string) object {
	r := m.Rand
	invert := chance(r, 0.3)
	switch kind {
	case "latency":
		return m.sparse(object{"threshold_ms": pick(r, milliBound), "upper_threshold_ms": pick(r, milliBound)})
	case "numeric_attribute":
		low, high := pick(r, integers), pick(r, integers)
		if low == 0 && high == 0 {
			low = 1 // the processor panics without bounds
		}
		return object{"key": pick(r, keys), "min_value": low, "max_value": high, "invert_match": invert}
	case "probabilistic":
		return m.sparse(object{
			"sampling_percentage": pick(r, []float64{0, 0.1, 10, 33.3, 50, 90, 99.99, 100, 150, -5}),
			"hash_salt":           pick(r, []string{"", "salt", "other"}),
		})
	case "status_code":
		codes := append(some(r, []string{"OK", "ERROR", "UNSET"}, 2), pick(r, []string{"OK", "ERROR", "UNSET"}))
		return object{"status_codes": codes}
	case "string_attribute":
		if chance(r, 0.4) {
			return object{"key": pick(r, keys), "values": some(r, patterns, 3), "enabled_regex_matching": true,
				"cache_max_size": r.IntN(5), "invert_match": invert}
		}
		return object{"key": pick(r, keys), "values": some(r, texts[:7], 3), "invert_match": invert}
	case "boolean_attribute":
		return m.sparse(object{"key": pick(r, keys), "value": chance(r, 0.5), "invert_match": invert})
	case "trace_state":
		return object{"key": pick(r, stateKeys), "values": some(r, stateTexts, 3)}
	case "span_count":
		return m.sparse(object{"min_spans": pick(r, counts), "max_spans": pick(r, counts)})
	case "rate_limiting":
		return m.sparse(object{"spans_per_second": pick(r, []int64{0, 1, 2, 3, 5, 10, -1}), "burst_capacity": pick(r, []int64{0, 0, 1, 4, 20, -1})})
	case "bytes_limiting":
		return m.sparse(object{"bytes_per_second": pick(r, []int64{0, 10, 100, 300, 1000, -1}), "burst_capacity": pick(r, []int64{0, 0, 200, 400, 1000, 3000})})
	case "ottl_condition":
		return m.ottl()
	}
	return nil
}

// sparse leaves some keys out.
func (m *policyMaker) sparse(o object) object {
	for _, key := range sortedKeys(o) {
		if chance(m.Rand, 0.2) {
			delete(o, key)
		}
	}
	return o
}

func (m *policyMaker) ottl() object {
	o := object{}
	if mode := pick(m.Rand, []string{"ignore", "silent", "propagate", "", "PROPAGATE"}); mode != "" {
		o["error_mode"] = mode
	}
	c := conditionMaker{Rand: m.Rand}
	spans := make([]string, m.IntN(3))
	for i := range spans {
		spans[i] = c.expression(2)
	}
	c.events = true
	events := make([]string, m.IntN(2))
	for i := range events {
		events[i] = c.expression(2)
	}
	if len(spans)+len(events) == 0 {
		c.events = false
		spans = []string{c.expression(1)}
	}
	o["span"], o["spanevent"] = spans, events
	return o
}
