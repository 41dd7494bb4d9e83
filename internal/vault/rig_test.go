package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/durable"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

const vaultRoot = "data/vault"

// randomBytes is deterministic randomness for block ids.
type randomBytes struct{ *rand.Rand }

func (r randomBytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return len(p), nil
}

// clock counts up a nanosecond a look, so that ids have an order.
func clock(at time.Time) func() time.Time {
	return func() time.Time {
		at = at.Add(time.Nanosecond)
		return at
	}
}

func newMem() *durable.Mem {
	m := durable.NewMem()
	if err := m.MkdirAll(vaultRoot); err != nil {
		panic(err) // it cannot fail in an empty memory
	}
	return m
}

func memConfig(fsys durable.FS, seed uint64) (Config, error) {
	b, err := OpenDirectory(fsys, vaultRoot)
	return Config{Bucket: b, Now: clock(noon), Random: randomBytes{rand.New(rand.NewPCG(seed, 1))}}, err
}

// openVault opens the vault on fsys, or fails the test.
func openVault(t testing.TB, fsys durable.FS, change ...func(*Config)) *Vault {
	t.Helper()
	cfg, err := memConfig(fsys, rand.Uint64())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(&cfg)
	}
	v, err := Open(ctx, cfg)
	if err != nil {
		t.Fatalf("open: got %v, want nil", err)
	}
	return v
}

// stored is a session as a test knows it.
type stored struct {
	id      SessionID
	expires time.Time
	traces  []Trace
}

// write settles sessions into one block.
func write(t testing.TB, v *Vault, class string, sessions ...stored) Block {
	t.Helper()
	b, err := tryWrite(v, class, sessions...)
	if err != nil {
		t.Fatalf("write: got %v, want nil", err)
	}
	return b
}

func tryWrite(v *Vault, class string, sessions ...stored) (Block, error) {
	w, err := v.Create(ctx, class)
	if err != nil {
		return Block{}, err
	}
	defer w.Abort()
	for _, s := range sessions {
		if err := w.Session(s.id, s.expires); err != nil {
			return Block{}, err
		}
		for i := range s.traces {
			if err := w.Trace(&s.traces[i]); err != nil {
				return Block{}, err
			}
		}
	}
	return w.Finish()
}

func sid(n int) SessionID {
	return SessionID{"tenant", "session.id", fmt.Sprintf("conversation-%d", n)}
}

func tid(n int) (id TraceID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)*0x9E3779B97F4A7C15+1)
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// field encodes a protobuf message field.
func field(n int, value []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(n<<3|2))
	return append(binary.AppendUvarint(b, uint64(len(value))), value...)
}

// request makes an ExportTraceServiceRequest of one span with the given values as attributes.
func request(values ...[]byte) []byte {
	var span []byte
	for _, v := range values {
		attribute := append(field(1, []byte("gen_ai.input.messages")), field(2, field(1, v))...)
		span = append(span, field(9, attribute)...)
	}
	return field(1, field(2, field(2, span)))
}

func letters(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(rng.IntN(26))
	}
	return b
}

// conversation makes n traces of a session, numbered from first on, each of which repeats what was said before.
func conversation(rng *rand.Rand, first, n int) (traces []Trace) {
	history := letters(rng, 600)
	for i := range n {
		history = append(history, letters(rng, rng.IntN(2000))...)
		id := tid(first + i)
		traces = append(traces, Trace{
			ID: id, Start: noon.Add(time.Duration(first+i) * time.Minute), End: noon.Add(time.Duration(first+i)*time.Minute + time.Second),
			SpansN: 2, Meta: fmt.Appendf(nil, "meta %d", first+i),
			Names: []Name{{ResponseName, fmt.Sprintf("resp-%d", first+i)}, {UserName, "ann"}},
			Parts: []Part{
				{[]byte("http"), request(history, letters(rng, 40))},
				{[]byte("grpc"), request(history)},
			},
		})
	}
	return traces
}

// simple makes one session of n traces.
func simple(rng *rand.Rand, number, n int) stored {
	return stored{sid(number), noon.Add(72 * time.Hour), conversation(rng, number*1000, n)}
}

// wantSession loads a session and holds it against traces.
func wantSession(t testing.TB, v *Vault, id SessionID, want []Trace) {
	t.Helper()
	got, err := v.Load(ctx, id)
	if err != nil {
		t.Errorf("load %v: got %v, want nil", id, err)
	}
	sameTraces(t, id.String(), got, want)
}

func sameTraces(t testing.TB, what string, got, want []Trace) {
	t.Helper()
	if diff := tracesDiffer(got, want); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func tracesDiffer(got, want []Trace) string {
	want = slices.Clone(want)
	slices.SortStableFunc(want, func(a, b Trace) int { return a.Start.Compare(b.Start) })
	if len(got) != len(want) {
		return fmt.Sprintf("got %d traces, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.ID != w.ID || !g.Start.Equal(w.Start) || !g.End.Equal(w.End) || g.SpansN != w.SpansN || !bytes.Equal(g.Meta, w.Meta) ||
			!slices.Equal(g.Names, w.Names) {
			return fmt.Sprintf("trace %d: got %x %v %v, %d spans, meta %q, names %v, want %x %v %v, %d, %q, %v",
				i, g.ID, g.Start, g.End, g.SpansN, g.Meta, g.Names, w.ID, w.Start, w.End, w.SpansN, w.Meta, w.Names)
		}
		if !slices.EqualFunc(g.Parts, w.Parts, func(a, b Part) bool { return bytes.Equal(a.Route, b.Route) && bytes.Equal(a.Body, b.Body) }) {
			return fmt.Sprintf("trace %d: got %d parts, want %d, or other bytes", i, len(g.Parts), len(w.Parts))
		}
	}
	return ""
}

func wantSound(t testing.TB, v *Vault) Verified {
	t.Helper()
	sum, err := v.Verify(ctx, func(d Damage) { t.Errorf("verify: got %v, want no damage", d) })
	if err != nil {
		t.Errorf("verify: got %v, want nil", err)
	}
	return sum
}

// objects lists a bucket's objects below prefix.
func objects(t testing.TB, v *Vault, prefix string) (names []string) {
	t.Helper()
	all, err := listAll(ctx, v.cfg.Bucket, prefix)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		names = append(names, o.Name)
	}
	return names
}

func ids(blocks ...Block) (ids []BlockID) {
	for _, b := range blocks {
		ids = append(ids, b.ID)
	}
	return ids
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got %v, want nil", err)
	}
}

var errBoom = errors.New("boom")

func (randomBytes) with(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 9)) }
