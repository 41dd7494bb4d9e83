package traffic

import (
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// minSmallSpan is what a small span takes without any filling.
const minSmallSpan = 250

func planSmall(cfg Config, rng *rand.Rand) turnPlan {
	t := turnPlan{trouble: cfg.Shares.draw(rng) & (Errors | Slow), spans: intBetween(rng, cfg.SpansPerTrace)}
	t.duration = troubledDuration(rng, smallDuration, t.trouble)
	return t
}

// service writes a trace of plain services: a request, and calls in groups below it.
func (w *writer) service(cfg Config, plan turnPlan) {
	route := pick(w.rng, routes)
	root := w.begin(place{shops[0], "http.server"}, pcommon.SpanID{}, route, ptrace.SpanKindServer)
	root.Attributes().PutStr("http.route", route)
	status := int64(200)
	for left := plan.spans - 1; left > 0; {
		group := min(1+w.rng.IntN(6), left)
		left -= group
		where := place{pick(w.rng, shops), "http.client"}
		parent := w.work(where, root.SpanID(), ptrace.SpanKindInternal)
		for range group - 1 {
			child := w.work(where, parent.SpanID(), ptrace.SpanKindClient)
			w.end(child, 1)
		}
		if left == 0 && plan.trouble.Has(Errors) {
			fail(parent, "503", "unavailable")
			fail(root, "503", "unavailable")
			status = 503
		}
		w.end(parent, 0.2)
	}
	root.Attributes().PutInt("http.response.status_code", status)
	w.end(root, 0.2)
	w.fill(cfg.PayloadBytes)
}

func (w *writer) work(where place, parent pcommon.SpanID, kind ptrace.SpanKind) openSpan {
	s := w.begin(where, parent, pick(w.rng, works), kind)
	s.Attributes().PutStr("server.address", where.service.name+".internal")
	s.Attributes().PutInt("server.port", 8080)
	s.Attributes().PutInt("thread.id", w.rng.Int64N(64))
	return s
}

// fill brings the mean of the trace's spans to the size, with an attribute of a length that varies.
func (w *writer) fill(mean int) {
	const key, frame = "code.function.name", 26
	var m ptrace.ProtoMarshaler
	var size int
	for _, p := range w.spans {
		p.span.SetStartTimestamp(1) // fixed-width on the wire; counted here, stamped later
		p.span.SetEndTimestamp(1)
		size += m.SpanSize(p.span) + 3
	}
	room := float64(mean) - float64(size)/float64(len(w.spans)) - frame
	var text []byte
	for _, p := range w.spans {
		text = appendText(text[:0], w.rng, int(room*(0.5+w.rng.Float64())))
		p.span.Attributes().PutStr(key, string(text))
	}
}
