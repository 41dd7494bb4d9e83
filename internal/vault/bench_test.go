package vault

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
	"github.com/tailwise/tailwise/internal/traffic"
	"golang.org/x/sys/unix"
)

// load is the agent-sized traffic, by turn: turn k of every session that has one.
type load struct {
	turns        [][]stored
	spans, bytes int
}

func agentLoad(b *testing.B, sessions int) (l load) {
	b.Helper()
	g, err := traffic.New(traffic.Config{Seed: 1, Sessions: sessions})
	if err != nil {
		b.Fatal(err)
	}
	for {
		t, ok := g.Next()
		if !ok {
			return l
		}
		for t.Turn >= len(l.turns) {
			l.turns = append(l.turns, nil)
		}
		trace := Trace{ID: t.ID, Start: t.Start, End: t.End, SpansN: t.Spans.SpanCount(), Parts: []Part{{[]byte("otlp"), traffic.Encode(t.Spans)}}}
		for _, rs := range t.Spans.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					if id, ok := span.Attributes().Get("gen_ai.response.id"); ok {
						trace.Names = append(trace.Names, Name{ResponseName, id.Str()})
					}
				}
			}
		}
		id := SessionID{"tenant", "gen_ai.conversation.id", t.Session}
		l.turns[t.Turn] = append(l.turns[t.Turn], stored{id, t.End.Add(72 * time.Hour), []Trace{trace}})
		l.spans += trace.SpansN
		l.bytes += len(trace.Parts[0].Body)
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

func diskVault(b *testing.B, change ...func(*Config)) *Vault {
	b.Helper()
	return diskVaultAt(b, b.TempDir(), change...)
}

func diskVaultAt(b *testing.B, dir string, change ...func(*Config)) *Vault {
	b.Helper()
	bucket, err := OpenDirectory(durable.OS(), dir)
	if err != nil {
		b.Fatal(err)
	}
	cfg := Config{Bucket: bucket, Now: clock(noon), Random: randomBytes{rand.New(rand.NewPCG(1, 1))}}
	for _, c := range change {
		c(&cfg)
	}
	v, err := Open(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

func held(v *Vault) (bytes int64) {
	for _, b := range v.Blocks() {
		bytes += b.Bytes
	}
	return bytes
}

// BenchmarkSettleAndMerge settles the turns of 100 sessions apart, a block for each turn, and merges the blocks: what each
// costs a span, and what the OLTP bytes come to on disk, index included, before and after. Whole sessions at once are the
// reference.
func BenchmarkSettleAndMerge(b *testing.B) {
	l := agentLoad(b, 100)
	for name, c := range map[string]struct{ settled, merged Compression }{
		"FastThenFast": {Fast, Fast}, "SmallThenSmall": {Small, Small}, "BareThenFast": {Bare, Fast}, "BareThenSmall": {Bare, Small},
	} {
		b.Run(name, func(b *testing.B) {
			var settle, merge, read time.Duration
			var apart, together int64
			for b.Loop() {
				v := diskVault(b, func(cfg *Config) { cfg.Settled, cfg.Merged = c.settled, c.merged })
				start := cpuTime(b)
				for _, turn := range l.turns {
					write(b, v, "hold", turn...)
				}
				settled := cpuTime(b)
				apart = held(v)
				var all []BlockID
				for _, block := range v.Blocks() {
					all = append(all, block.ID)
				}
				must(b, v.Merge(ctx, all, nil))
				merged := cpuTime(b)
				together = held(v)
				for _, s := range l.turns[0] {
					found, err := v.FindSession(ctx, s.id)
					must(b, err)
					must(b, v.Read(ctx, found, func(SessionID, *Trace) error { return nil }))
				}
				settle, merge, read = settle+settled-start, merge+merged-settled, read+cpuTime(b)-merged
			}
			perSpan := func(d time.Duration, unit string) {
				b.ReportMetric(float64(d.Nanoseconds())/1000/float64(b.N)/float64(l.spans), unit)
			}
			perSpan(settle, "settle-cpu-us/span")
			perSpan(merge, "merge-cpu-us/span")
			perSpan(read, "read-cpu-us/span")
			b.ReportMetric(float64(l.bytes)/float64(apart), "ratio-apart")
			b.ReportMetric(float64(l.bytes)/float64(together), "ratio-merged")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkPack is the compression alone, of sessions and of single turns.
func BenchmarkPack(b *testing.B) {
	l := agentLoad(b, 60)
	sessions := map[SessionID][]Trace{}
	for _, turn := range l.turns {
		for _, s := range turn {
			sessions[s.id] = append(sessions[s.id], s.traces...)
		}
	}
	for _, unit := range []string{"session", "turn"} {
		for name, compression := range map[string]Compression{"Fast": Fast, "Small": Small, "Bare": Bare} {
			b.Run(unit+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				p := &packer{compression: compression, limit: DefaultChunkBytes}
				total := 0
				before := cpuTime(b)
				for b.Loop() {
					total = 0
					for id, traces := range sessions {
						p.begin(id, 0)
						for i := range traces {
							p.add(&traces[i])
							if unit == "turn" || i == len(traces)-1 {
								total += len(p.finish(BlockID{}, 0))
								p.again()
							}
						}
					}
				}
				b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1000/float64(b.N)/float64(l.spans), "cpu-us/span")
				b.ReportMetric(float64(l.bytes)/float64(total), "ratio")
			})
		}
	}
}

// BenchmarkFindAndRead looks for one session of 200 agent-sized spans among 200,000 sessions of a million traces with five
// response ids each, in 140 blocks, and reads it: with nothing in the cache and with the filters in it. The other
// sessions are small, which changes nothing for a look-up.
func BenchmarkFindAndRead(b *testing.B) {
	const blocks, sessions, traces = 140, 1430, 5
	dir := b.TempDir()
	v := diskVaultAt(b, dir)
	l := agentLoad(b, 12)
	var wanted stored
	for n := range blocks {
		w, err := v.Create(ctx, "hold")
		must(b, err)
		for i := range sessions {
			must(b, w.Session(sid(n*sessions+i), noon))
			for j := range traces {
				number := (n*sessions+i)*traces + j
				t := Trace{ID: tid(number), Start: noon, SpansN: 1, Parts: []Part{{Body: binary.AppendUvarint(nil, uint64(number))}}}
				for k := range 5 {
					t.Names = append(t.Names, Name{ResponseName, fmt.Sprintf("resp_%d_%d", number, k)})
				}
				must(b, w.Trace(&t))
			}
		}
		if n == blocks/2 {
			wanted = l.session(200)
			must(b, w.Session(wanted.id, noon))
			for i := range wanted.traces {
				must(b, w.Trace(&wanted.traces[i]))
			}
		}
		_, err = w.Finish()
		must(b, err)
	}
	find := map[string]func(v *Vault) ([]Found, error){
		"session":  func(v *Vault) ([]Found, error) { return v.FindSession(ctx, wanted.id) },
		"trace":    func(v *Vault) ([]Found, error) { return v.FindTrace(ctx, wanted.traces[0].ID) },
		"response": func(v *Vault) ([]Found, error) { return v.FindName(ctx, "tenant", wanted.traces[0].Names[0]) },
	}
	read := func(b *testing.B, v *Vault, find func(v *Vault) ([]Found, error)) {
		found, err := find(v)
		if err != nil || len(found) != 1 {
			b.Fatalf("find: got %v, %v, want one", found, err)
		}
		must(b, v.Read(ctx, found, func(SessionID, *Trace) error { return nil }))
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			diskVaultAt(b, dir)
		}
	})
	for name, f := range find {
		b.Run(name+"/cold", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				v := diskVaultAt(b, dir)
				b.StartTimer()
				read(b, v, f)
			}
		})
		b.Run(name+"/warm", func(b *testing.B) {
			v := diskVaultAt(b, dir)
			read(b, v, f)
			for b.Loop() {
				read(b, v, f)
			}
		})
	}
	b.Run("expire", func(b *testing.B) {
		for b.Loop() {
			v := diskVaultAt(b, dir)
			before := cpuTime(b)
			asked := 0
			// Every window was prolonged, so that everything is looked at and nothing goes.
			_, err := v.Expire(ctx, noon.Add(time.Hour), func(string, SessionID, time.Time) time.Time { asked++; return time.Time{} })
			must(b, err)
			if asked < blocks*sessions {
				b.Fatalf("asked: got %d sessions, want %d", asked, blocks*sessions)
			}
			b.ReportMetric(float64((cpuTime(b) - before).Milliseconds()), "cpu-ms/200k-sessions")
		}
	})
}

// session gathers a session of at least n spans.
func (l load) session(n int) stored {
	bySession := map[SessionID]*stored{}
	for _, turn := range l.turns {
		for _, s := range turn {
			if bySession[s.id] == nil {
				bySession[s.id] = &stored{id: s.id}
			}
			all := bySession[s.id]
			all.traces = append(all.traces, s.traces...)
			spans := 0
			for _, t := range all.traces {
				spans += t.SpansN
			}
			if spans >= n {
				return *all
			}
		}
	}
	panic("no session is as large")
}
