package ledger

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVerdict_Names(t *testing.T) {
	for v, name := range map[Verdict]string{Keep: "keep", Drop: "drop", Hold: "hold"} {
		if got := v.String(); got != name {
			t.Errorf("verdict %d: got %q, want %q", v, got, name)
		}
		if got, err := ParseVerdict(name); got != v || err != nil {
			t.Errorf("parse %q: got %v, %v, want %v, nil", name, got, err, v)
		}
	}
	for _, name := range []string{"", "Keep", "verdict(0)"} {
		if got, err := ParseVerdict(name); err == nil || got != 0 {
			t.Errorf("parse %q: got %v, %v, want 0 and an error", name, got, err)
		}
	}
	if got, want := Verdict(7).String(), "verdict(7)"; got != want {
		t.Errorf("unknown verdict: got %q, want %q", got, want)
	}
}

func TestInstant_OutOfRange(t *testing.T) {
	for in, want := range map[time.Time]int64{
		{}: math.MinInt64, time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC): math.MinInt64,
		time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC): math.MaxInt64, time.Unix(0, -1).UTC(): -1,
	} {
		if got := nanos(in); got != want {
			t.Errorf("nanos of %v: got %d, want %d", in, got, want)
		}
	}
	if got := instant(math.MinInt64); !got.IsZero() {
		t.Errorf("instant of the smallest: got %v, want the zero time", got)
	}
}

func FuzzDay(f *testing.F) {
	for _, n := range []int64{0, 1, -1, dayNanos, -dayNanos, math.MinInt64, math.MaxInt64, 1795176000e9} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		d := dayOf(n)
		if n < d.start() || n > d.end() || n == d.end() && n != math.MaxInt64 {
			t.Errorf("day of %d: got %v from %d to %d, want it within", n, d, d.start(), d.end())
		}
		midnight, err := time.Parse(dayForm, d.suffix())
		if err != nil || dayAt(midnight) != d {
			t.Errorf("suffix %q: got day %v, %v, want %v", d.suffix(), dayAt(midnight), err, d)
		}
		if h := hourOf(n); h < hourOf(d.start()) || h > hourOf(d.end()) {
			t.Errorf("hour of %d: got %d, want it within day %v", n, h, d)
		}
	})
}

func FuzzRules(f *testing.F) {
	for _, text := range []string{"", "errors", "errors,slow", ",", "a\x1fb,c", "\xff,ä"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names := strings.Split(text, ",")
		packed := packRules(names)
		got := unpackRules(packed)
		if len(got) != len(names) {
			t.Fatalf("rules %q: got %q, want %d names", names, got, len(names))
		}
		for i, name := range names {
			if got[i] != cleanName(name) {
				t.Errorf("rule %d: got %q, want %q", i, got[i], cleanName(name))
			}
			if !strings.Contains(packed, ruleMark+cleanName(name)+ruleMark) {
				t.Errorf("search for %q: got nothing in %q, want it found", name, packed)
			}
		}
		if again := unpackRules(packRules(got)); !slices.Equal(again, got) {
			t.Errorf("second round: got %q, want %q", again, got)
		}
	})
}

func FuzzUnpackRules(f *testing.F) {
	for _, text := range []string{"", "\x1f", "\x1f\x1f", "ab", "\x1ferrors\x1fslow\x1f"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n := len(unpackRules(text)); n > strings.Count(text, ruleMark)+1 {
			t.Errorf("names in %q: got %d, want at most one more than marks", text, n)
		}
	})
}
