package agent

import "github.com/tailwise/tailwise/internal/otlp"

// scanAttrs gathers the attributes that rules ask for. A span counts once for a key, wherever the key stands.
func (r *reading) scanAttrs(runs ...otlp.Run) {
	for n, run := range runs {
		for i := run.From; i < run.To; i++ {
			a := &r.x.Attrs[i]
			at := r.plan.means[a.Key].attr
			if at < 0 || a.Type == otlp.ValueEmpty {
				continue
			}
			f := &r.facts.attrs[at]
			if !r.hadBefore(a.Key, runs[:n+1], i) {
				f.count++
			}
			f.add(a, r.body, r.in)
		}
	}
}

// hadBefore tells whether the key stands in runs before the attribute i of the last one.
func (r *reading) hadBefore(key otlp.KeyID, runs []otlp.Run, i uint32) bool {
	for n, run := range runs {
		to := run.To
		if n == len(runs)-1 {
			to = i
		}
		for j := run.From; j < to; j++ {
			if a := &r.x.Attrs[j]; a.Key == key && a.Type != otlp.ValueEmpty {
				return true
			}
		}
	}
	return false
}
