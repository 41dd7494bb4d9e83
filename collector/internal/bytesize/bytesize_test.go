package bytesize

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]Size{
		"512MiB": 512 << 20, "50GiB": 50 << 30, "3500KiB": 3500 << 10, "1.5GiB": 3 << 29, "4096": 4096, "0": 0,
		"10 MB": 10_000_000, "10mb": 10_000_000, "2TB": 2e12, "1TiB": 1 << 40, "7B": 7, " 8 B ": 8,
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("parse %q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, text := range []string{"", "MiB", "90%", "-1MiB", "1e3", "0x10", "12 parsecs", "NaN", "Inf", "9000000TiB", "1_000"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("parse %q: got %d, want an error", text, got)
		}
	}
}

func TestString_RoundTrip(t *testing.T) {
	for _, s := range []Size{0, 1, 1000, 1024, 512 << 20, 50 << 30, 3 << 29, 1 << 40, 12345678} {
		if got, err := Parse(s.String()); err != nil || got != s {
			t.Errorf("parse %q: got %d, %v, want %d", s, got, err, s)
		}
	}
	if got := Size(512 << 20).String(); got != "512MiB" {
		t.Errorf("string: got %q, want 512MiB", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"512MiB", "1.5 gb", "7B", "", "90%", "1e300", "-0", ".5KiB", "9223372036854775807"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		size, err := Parse(text)
		if err != nil {
			return
		}
		if size < 0 {
			t.Fatalf("parse %q: got %d, want no negative size", text, size)
		}
		if again, err := Parse(size.String()); err != nil || again != size {
			t.Fatalf("parse %q: got %d, and of its text %q %d, %v", text, size, size, again, err)
		}
	})
}
