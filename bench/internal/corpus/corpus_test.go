package corpus

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tailwise/tailwise/internal/traffic"
)

func write(t *testing.T, spec Spec) (string, Summary) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "corpus")
	sum, err := Write(path, spec)
	if err != nil {
		t.Fatalf("Write(%+v): %v", spec, err)
	}
	return path, sum
}

func read(t *testing.T, path string) *Corpus {
	t.Helper()
	c, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// play returns the ids of the spans' traces and of the conversations of one replay, and checks that it still decodes.
func play(t *testing.T, c *Corpus, replay int) (traces map[pcommon.TraceID]int, sessions map[string]int, spans int) {
	t.Helper()
	traces, sessions = map[pcommon.TraceID]int{}, map[string]int{}
	for _, r := range c.Requests {
		err := r.Play(replay, func(body []byte) error {
			var u ptrace.ProtoUnmarshaler
			td, err := u.UnmarshalTraces(bytes.Clone(body))
			if err != nil {
				return err
			}
			spans += td.SpanCount()
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						traces[span.TraceID()]++
						if v, ok := span.Attributes().Get(sessionKey); ok {
							sessions[v.Str()]++
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("play %d: %v", replay, err)
		}
	}
	return traces, sessions, spans
}

func TestReplay_IsNewTrafficOfTheSameShape(t *testing.T) {
	path, sum := write(t, Spec{Profile: traffic.Agent, Spans: 2000, Seed: 1})
	c := read(t, path)
	seen, seenSessions := map[pcommon.TraceID]bool{}, map[string]bool{}
	firstTraces, firstSessions, _ := play(t, c, 0)
	for replay := range 4 {
		traces, sessions, spans := play(t, c, replay)
		if spans != sum.Spans || len(traces) != sum.Traces || len(sessions) != len(firstSessions) {
			t.Errorf("replay %d: got %d spans, %d traces, %d sessions, want %d, %d, %d", replay, spans, len(traces),
				len(sessions), sum.Spans, sum.Traces, len(firstSessions))
		}
		for id, n := range traces {
			if n != SpansPerTrace || seen[id] {
				t.Errorf("replay %d: trace %s has %d spans, or was sent before", replay, id, n)
			}
			seen[id] = true
		}
		for id := range sessions {
			if seenSessions[id] {
				t.Errorf("replay %d: session %s was sent before", replay, id)
			}
			seenSessions[id] = true
		}
	}
	again, _, _ := play(t, c, 0)
	for id := range firstTraces {
		if again[id] == 0 {
			t.Errorf("replay 0 after the others lacks trace %s", id)
		}
	}
}

func TestWrite_MeanSize(t *testing.T) {
	for profile, want := range map[traffic.Profile]float64{traffic.Agent: 3400, traffic.Small: 280} {
		_, sum := write(t, Spec{Profile: profile, Spans: 20_000, Seed: 2})
		got := float64(sum.Bytes) / float64(sum.Spans)
		if math.Abs(got-want) > want/10 {
			t.Errorf("%s: got %.0f bytes a span, want %.0f within a tenth", profile, got, want)
		}
	}
}

func TestWrite_GzipIsTheSameTraffic(t *testing.T) {
	spec := Spec{Profile: traffic.Agent, Spans: 1000, Seed: 3}
	plain, _ := write(t, spec)
	spec.Gzip = true
	squeezed, sum := write(t, spec)
	if sum.Sent*2 > sum.Bytes {
		t.Errorf("gzip: got %d bytes of %d, want less than half", sum.Sent, sum.Bytes)
	}
	want, got := read(t, plain), read(t, squeezed)
	if !got.Gzip || want.Gzip || len(got.Requests) != len(want.Requests) {
		t.Fatalf("got gzip %v and %v with %d and %d requests", want.Gzip, got.Gzip, len(want.Requests), len(got.Requests))
	}
	for i, r := range got.Requests {
		z, err := gzip.NewReader(bytes.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(body, want.Requests[i].body) {
			t.Errorf("request %d: unpacked it differs from the plain one (error %v)", i, err)
		}
	}
	if err := got.Requests[0].Play(1, func([]byte) error { return nil }); err == nil {
		t.Error("replay 1 of a compressed request: got no error")
	}
}

func TestRead_RefusesWhatIsCut(t *testing.T) {
	path, _ := write(t, Spec{Profile: traffic.Small, Spans: 500})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{headerBytes + 3, headerBytes + 20, len(data) - 1} {
		if _, err := parse(data[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("first %d bytes: got error %v, want %v", n, err, io.ErrUnexpectedEOF)
		}
	}
	if _, err := parse(append([]byte("X"), data...)); err == nil {
		t.Error("wrong magic: got no error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(magic + "p"))
	f.Add([]byte(magic + "p\x00\x00\x00\x00\x02\x00\x00\x00\x0a\x00"))
	f.Add([]byte(magic + "g\x01\x00\x00\x00\x01\x00\x00\x00\x1f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse(data)
		if err != nil {
			return
		}
		size := headerBytes
		for _, r := range c.Requests {
			size += 8 + len(r.body)
		}
		if size != len(data) {
			t.Errorf("requests and frames take %d bytes of %d", size, len(data))
		}
	})
}
