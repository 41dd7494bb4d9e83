package vault

import (
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/tailwise/tailwise/internal/traffic"
	"golang.org/x/sys/unix"
)

// agentSessions makes the agent-sized load: sessions whose turns are whole traces, one request each.
func agentSessions(tb testing.TB, seed uint64, n int) (sessions [][]Trace, spans, bytes int) {
	tb.Helper()
	g, err := traffic.New(traffic.Config{Seed: seed, Sessions: n})
	if err != nil {
		tb.Fatal(err)
	}
	at := map[string]int{}
	for {
		t, ok := g.Next()
		if !ok {
			return sessions, spans, bytes
		}
		i, known := at[t.Session]
		if !known {
			i = len(sessions)
			at[t.Session] = i
			sessions = append(sessions, nil)
		}
		body := traffic.Encode(t.Spans)
		sessions[i] = append(sessions[i], Trace{ID: t.ID, Start: t.Start, End: t.End, SpansN: t.Spans.SpanCount(), Parts: []Part{{Body: body}}})
		spans += t.Spans.SpanCount()
		bytes += len(body)
	}
}

// cpuTime is what the process has used of the processors, which a busy machine changes less than the time of day.
func cpuTime(b *testing.B) time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func BenchmarkExplore(b *testing.B) {
	sessions, spans, bytes := agentSessions(b, 1, 60)
	for _, unit := range []string{"session", "trace"} {
		for _, c := range []struct {
			name string
			cut  bool
			pack func(dst, text []byte) []byte
		}{
			{"cut", true, func(dst, text []byte) []byte { return append(dst, text...) }},
			{"cut+s2", true, func(dst, text []byte) []byte { d, _ := Fast.pack(dst, text); return d }},
			{"cut+s2better", true, func(dst, text []byte) []byte { return append(dst, s2.EncodeBetter(nil, text)...) }},
			{"cut+zstd", true, func(dst, text []byte) []byte { d, _ := Small.pack(dst, text); return d }},
			{"zstd", false, func(dst, text []byte) []byte { d, _ := Small.pack(dst, text); return d }},
		} {
			b.Run(unit+"/"+c.name, func(b *testing.B) {
				p := packer{limit: DefaultChunkBytes}
				var out, text []byte
				total := 0
				flush := func() {
					p.cut.finish()
					text = append(append(append(text[:0], p.cut.steps...), p.cut.lits...), p.head...)
					out = c.pack(out[:0], text)
					total += len(out)
				}
				before := cpuTime(b)
				for b.Loop() {
					total = 0
					for i, s := range sessions {
						p.begin(SessionID{"t", "k", string(rune(i))}, 0)
						for j := range s {
							if unit == "trace" && j > 0 {
								flush()
								p.begin(SessionID{"t", "k", string(rune(i))}, 0)
							}
							if c.cut {
								p.add(&s[j])
							} else {
								p.cut.plain = append(p.cut.plain, s[j].Parts[0].Body...)
								p.head = appendChunkTrace(p.head, &s[j])
							}
						}
						flush()
					}
				}
				b.ReportMetric(float64(cpuTime(b)-before)/float64(time.Microsecond)/float64(b.N)/float64(spans), "cpu-us/span")
				b.ReportMetric(float64(bytes)/float64(total), "ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
