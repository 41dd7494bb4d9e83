package ledger_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/ledger/ledgertest"
)

// sound makes a closed ledger of some batches and returns its path.
func sound(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path)
	for h := newHistory(); h.through < 8; {
		applyNext(t, s, h)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// execute runs a statement on the file behind the ledger's back.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestOpenSQLite_Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, path string)
		want   error
	}{
		"half": {func(t *testing.T, path string) { resize(t, path, 0.5) }, ledger.ErrDamaged},
		"a few bytes": {func(t *testing.T, path string) { writeFile(t, path, []byte("SQLite format 3\x00 and")) },
			ledger.ErrDamaged},
		"a text": {func(t *testing.T, path string) { writeFile(t, path, []byte(strings.Repeat("notes\n", 500))) },
			ledger.ErrDamaged},
		"schema overwritten": {func(t *testing.T, path string) {
			overwrite(t, path, 100, bytes.Repeat([]byte{0xa5}, 8092))
		}, ledger.ErrDamaged},
		"another's file": {func(t *testing.T, path string) {
			writeFile(t, path, nil)
			execute(t, path, "CREATE TABLE notes (text)")
		}, ledger.ErrDamaged},
		"another application": {func(t *testing.T, path string) { execute(t, path, "PRAGMA application_id = 77") },
			ledger.ErrDamaged},
		"no state":      {func(t *testing.T, path string) { execute(t, path, "DELETE FROM state") }, ledger.ErrDamaged},
		"no table":      {func(t *testing.T, path string) { execute(t, path, "DROP TABLE state") }, ledger.ErrDamaged},
		"newer version": {func(t *testing.T, path string) { execute(t, path, "PRAGMA user_version = 1000") }, ledger.ErrNewer},
	} {
		t.Run(name, func(t *testing.T) {
			path := sound(t)
			c.change(t, path)
			before := readFile(t, path)
			s, err := ledger.OpenSQLite(context.Background(), path, ledger.Options{})
			if !errors.Is(err, c.want) {
				t.Errorf("open: got %v, want %v", err, c.want)
			}
			if s != nil {
				t.Errorf("open: got a store beside the error")
			}
			if after := readFile(t, path); !bytes.Equal(after, before) {
				t.Errorf("open changed the file: got %d other bytes, want the same %d", len(after), len(before))
			}
		})
	}
}

// resize cuts the file to a part of its length.
func resize(t *testing.T, path string, part float64) {
	t.Helper()
	if err := os.Truncate(path, int64(float64(len(readFile(t, path)))*part)); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int, with []byte) {
	t.Helper()
	data := readFile(t, path)
	copy(data[at:], with)
	writeFile(t, path, data)
}

func TestOpenSQLite_NoDirectory(t *testing.T) {
	_, err := ledger.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "none", "ledger.db"), ledger.Options{})
	if err == nil || errors.Is(err, ledger.ErrDamaged) || errors.Is(err, ledger.ErrNewer) {
		t.Errorf("open: got %v, want an error that is neither damage nor a newer version", err)
	}
}

// TestOpenSQLite_CreationCutShort opens what a process leaves that dies while it makes the file.
func TestOpenSQLite_CreationCutShort(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, path string){
		"empty file":  func(t *testing.T, path string) { writeFile(t, path, nil) },
		"header only": func(t *testing.T, path string) { execute(t, path, "PRAGMA journal_mode = WAL") },
		"log of an older file": func(t *testing.T, path string) {
			old := sound(t)
			s := open(t, old)
			defer s.Close()
			applyNext(t, s, &history{traffic: ledgertest.NewTraffic(1, ledgertest.Now()), through: 8})
			writeFile(t, path+"-wal", readFile(t, old+"-wal"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "odd ? name # 100%.db")
			make(t, path)
			s := open(t, path)
			defer s.Close()
			if got := allRows(s); got != "" {
				t.Errorf("rows: got %.300s, want none", got)
			}
			applyNext(t, s, newHistory())
			checkPrefix(t, s, 1, 1)
		})
	}
}

// TestSQLite_FlippedBytes flips bytes anywhere in the file: whatever is called afterwards works or says damage.
func TestSQLite_FlippedBytes(t *testing.T) {
	rng := seeded(t)
	path := sound(t)
	data := readFile(t, path)
	damaged := 0
	for range 30 {
		flipped := bytes.Clone(data)
		for range 1 + rng.IntN(40) {
			flipped[rng.IntN(len(flipped))] ^= byte(1 + rng.IntN(255))
		}
		copied := filepath.Join(t.TempDir(), "flipped.db")
		writeFile(t, copied, flipped)
		if err := exercise(copied); err != nil {
			damaged++
			if !errors.Is(err, ledger.ErrDamaged) && !errors.Is(err, ledger.ErrNewer) {
				t.Errorf("flipped file: got %v, want ErrDamaged or nil", err)
			}
		}
	}
	if damaged == 0 {
		t.Error("damaged files: got none of 30, want some")
	}
}

// exercise opens a ledger, reads and writes all over it, and returns the first error.
func exercise(path string) error {
	ctx := context.Background()
	s, err := ledger.OpenSQLite(ctx, path, ledger.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	b := (&history{traffic: ledgertest.NewTraffic(2, ledgertest.Now()), through: 8}).next()
	_, uses := s.PolicyUses(ctx)
	_, traces := s.Traces(ctx, ledger.Query{Limit: ledger.MaxLimit})
	_, session := s.Traces(ctx, ledger.Query{Session: b.Rows[0].Session})
	_, counts := s.Counts(ctx, time.Time{})
	_, trace := s.Trace(ctx, b.Rows[0].Trace)
	if errors.Is(trace, ledger.ErrNotFound) {
		trace = nil
	}
	verdicts := s.Verdicts(ctx, time.Time{}, func(ledger.TraceID, ledger.Verdict) bool { return true })
	apply := s.Apply(ctx, b)
	_, checkpoint := s.Checkpoint(ctx)
	_, expire := s.Expire(ctx, ledgertest.Now(), 0)
	for _, err := range []error{uses, traces, session, counts, trace, verdicts, apply, checkpoint, expire, s.Verify(ctx)} {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestSetAside(t *testing.T) {
	path := sound(t)
	for _, suffix := range []string{".damaged-1", ".damaged-2"} {
		resize(t, path, 0.5)
		writeFile(t, path+"-wal", []byte("log"))
		got, err := ledger.SetAside(path)
		if want := path + suffix; got != want || err != nil {
			t.Fatalf("set aside: got %s, %v, want %s, nil", got, err, want)
		}
		for _, name := range []string{got, got + "-wal"} {
			if len(readFile(t, name)) == 0 {
				t.Errorf("%s: got an empty file, want what was there", name)
			}
		}
		s := open(t, path)
		if n, _ := s.Applied(context.Background()); n != 0 {
			t.Errorf("applied: got %d, want 0", n)
		}
		applyNext(t, s, newHistory())
		if err := s.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	}
}
