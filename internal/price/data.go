package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The form of prices.json; docs/prices.md describes the parts that prices.yaml shares with it. It is decoded here and
// nowhere else: generate.py writes it, and a test reads what it wrote.
type (
	bookJSON struct {
		Date      string       `json:"date"`
		Source    string       `json:"source"`
		Providers []vendorJSON `json:"providers"`
	}
	vendorJSON struct {
		ID       string      `json:"id"`
		Named    clauseJSON  `json:"named"`
		Sells    clauseJSON  `json:"sells"`
		Fallback []string    `json:"fallback"`
		Models   []modelJSON `json:"models"`
	}
	modelJSON struct {
		ID     string               `json:"id"`
		Match  clauseJSON           `json:"match"`
		Prices datedJSON            `json:"prices"`
		Batch  datedJSON            `json:"batch"`
		Tiers  map[string]datedJSON `json:"service_tiers"`
	}
	clauseJSON struct{ clause }
	datedJSON  []dated
)

// decode reads a price file as generate.py writes it.
func decode(text []byte) (*Table, error) {
	var book bookJSON
	if err := json.Unmarshal(text, &book); err != nil {
		return nil, err
	}
	t := &Table{date: book.Date}
	for _, v := range book.Providers {
		made := &vendor{id: v.ID, named: v.Named.clause, sells: v.Sells.clause, fallback: v.Fallback}
		for _, m := range v.Models {
			if m.Match.clause == nil || len(m.Prices) == 0 {
				return nil, fmt.Errorf("model %s/%s: no match or no prices", v.ID, m.ID)
			}
			e := &entry{name: v.ID + "/" + m.ID, meets: m.Match.clause, prices: m.Prices, batch: m.Batch}
			for tier, prices := range m.Tiers {
				if e.tiers == nil {
					e.tiers = make(map[string][]dated)
				}
				e.tiers[tier] = prices
			}
			made.models = append(made.models, e)
		}
		t.vendors = append(t.vendors, made)
	}
	t.byID = index(t.vendors)
	return t, nil
}

// UnmarshalJSON reads a word, a list, or a mapping of one key.
func (c *clauseJSON) UnmarshalJSON(text []byte) (err error) {
	switch {
	case len(text) > 0 && text[0] == '"':
		var name string
		err = json.Unmarshal(text, &name)
		c.clause = equals(strings.ToLower(name))
	case len(text) > 0 && text[0] == '[':
		var list []clauseJSON
		err = json.Unmarshal(text, &list)
		c.clause = anyOf(clauses(list))
	default:
		var keyed map[string]json.RawMessage
		if err = json.Unmarshal(text, &keyed); err != nil {
			return err
		}
		for key, value := range keyed {
			c.clause, err = keyedJSON(key, value)
		}
		if len(keyed) != 1 {
			return errors.New("a match clause that has not one key")
		}
	}
	return err
}

func keyedJSON(key string, value json.RawMessage) (clause, error) {
	switch key {
	case "and":
		var list []clauseJSON
		err := json.Unmarshal(value, &list)
		return allOf(clauses(list)), err
	case "not":
		var one clauseJSON
		err := json.Unmarshal(value, &one)
		return not(one), err
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, err
	}
	c, err := word(key, text)
	if c == nil && err == nil {
		err = fmt.Errorf("an unknown match clause %q", key)
	}
	return c, err
}

func clauses(list []clauseJSON) []clause {
	all := make([]clause, len(list))
	for i, c := range list {
		all[i] = c.clause
	}
	return all
}

// UnmarshalJSON reads one set of prices, or a list of them.
func (d *datedJSON) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '[' {
		text = slices.Concat([]byte("["), text, []byte("]"))
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for _, keyed := range list {
		var one dated
		for key, value := range keyed {
			if err := one.setJSON(key, value); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		*d = append(*d, one)
	}
	return nil
}

func (d *dated) setJSON(key string, value json.RawMessage) (err error) {
	text := string(bytes.Trim(value, `"`))
	switch key {
	case "from":
		d.from, err = parseDate(text)
	case "between":
		d.between, err = parseSpan(text)
	case "other_units":
		d.otherUnits, err = strconv.ParseBool(text)
	default:
		s := slot(slices.Index(slotNames[:], key))
		if s < 0 {
			return errors.New("unknown")
		}
		d.rates[s], err = rateJSON(s, value)
	}
	return err
}

func rateJSON(s slot, value json.RawMessage) (r rate, err error) {
	r.known = true
	if value[0] != '{' {
		r.base, err = parsePrice(string(value), s.digits())
		return r, err
	}
	var tiered struct {
		Base  json.Number
		Above map[int64]json.Number
	}
	if err := json.Unmarshal(value, &tiered); err != nil {
		return r, err
	}
	if r.base, err = parsePrice(tiered.Base.String(), s.digits()); err != nil {
		return r, err
	}
	for above, text := range tiered.Above {
		price, err := parsePrice(text.String(), s.digits())
		if err != nil {
			return r, err
		}
		r.steps = append(r.steps, step{above, price})
	}
	r.sort()
	return r, nil
}
