package inflate

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/tailwise/tailwise/internal/traffic"
)

func TestGunzip_Limit(t *testing.T) {
	for name, p := range contents(t) {
		for level := range 7 {
			src := compress(t, 0, level, p)
			for _, least := range []int{0, 1, len(p) / 2, max(len(p)-1, 0), len(p), len(p) + 1, math.MaxInt} {
				got, err := Gunzip([]byte("before"), src, least)
				switch {
				case least >= len(p):
					if err != nil || !bytes.Equal(got[len("before"):], p) {
						t.Errorf("%s, level %d, limit %d: got %d bytes, error %v, want %d bytes",
							name, level, least, len(got), err, len(p))
					}
				case !errors.Is(err, ErrTooLarge) || string(got) != "before":
					t.Errorf("%s, level %d, limit %d of %d: got %q, error %v, want ErrTooLarge",
						name, level, least, len(p), got, err)
				}
			}
		}
	}
}

func TestGunzip_BombStaysInBounds(t *testing.T) {
	const bound = 1 << 20
	src := compress(t, 0, 9, make([]byte, 50<<20))
	dst := make([]byte, 0, bound)
	if _, err := Gunzip(dst, src, bound); !errors.Is(err, ErrTooLarge) {
		t.Errorf("50 MiB of zeros: got error %v, want ErrTooLarge", err)
	}
	if got := testing.AllocsPerRun(5, func() { _, _ = Gunzip(dst, src, bound) }); got > 0 {
		t.Errorf("50 MiB of zeros: got %v allocations, want 0", got)
	}
}

func TestSizeHint(t *testing.T) {
	p := request(t, traffic.Agent, 50)
	src := compress(t, 0, 6, p)
	lying := append(bytes.Clone(src[:len(src)-4]), 0xff, 0xff, 0xff, 0xff)
	for _, c := range []struct {
		name  string
		src   []byte
		limit int
		want  int
	}{
		{"true", src, limit, len(p)},
		{"above the limit", src, 1000, 1000},
		{"above what it can be", lying, math.MaxInt, len(lying) * maxRatio},
		{"too short", src[:17], limit, 0},
		{"nothing", nil, limit, 0},
	} {
		if got := SizeHint(c.src, c.limit); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWarm_NothingIsAllocated(t *testing.T) {
	p := request(t, traffic.Agent, 50)
	src := compress(t, 0, 6, p)
	dst := make([]byte, 0, SizeHint(src, limit))
	if got := testing.AllocsPerRun(20, func() {
		if _, err := Gunzip(dst, src, limit); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("gunzip: got %v allocations, want 0", got)
	}
	from := bytes.NewReader(src)
	z := NewReader(from)
	if got := testing.AllocsPerRun(20, func() {
		from.Reset(src)
		z.Reset(from)
		if _, err := io.ReadFull(z, dst[:len(p)]); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("reader: got %v allocations, want 0", got)
	}
}
