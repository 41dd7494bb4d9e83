package ledger_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/ledger/ledgertest"
)

// childPath names the environment variable that makes the test binary a child, and holds the ledger's path.
const childPath = "LEDGER_TEST_CHILD_PATH"

// history makes the batches that every process of a crash test knows: the n-th ends at position n.
type history struct {
	traffic *ledgertest.Traffic
	through uint64
	last    []ledger.Row
}

func newHistory() *history {
	return &history{traffic: ledgertest.NewTraffic(99, ledgertest.Now().Add(-100*time.Hour))}
}

// next returns the next batch: rows over some hours, and answers for those of the batch before.
func (h *history) next() ledger.Batch {
	h.through++
	b := ledger.Batch{Through: h.through, Exports: ledgertest.ExportsOf(h.last, h.through)}
	b.Rows = h.traffic.Rows(60, 2*time.Minute)
	b.Policies = []ledger.PolicyUse{{Version: fmt.Sprint(h.through % 3), From: b.Rows[0].DecidedAt}}
	h.last = b.Rows
	return b
}

// longAfter is a clock for which every day of the history may expire.
func longAfter() time.Time { return ledgertest.Now().AddDate(9, 0, 0) }

// horizon is before when the child expires after a batch, two days behind its rows.
func horizon(b ledger.Batch) time.Time { return b.Rows[0].DecidedAt.Add(-48 * time.Hour) }

// runChild applies the history from its start and says so, until it is killed.
func runChild(path string) {
	ctx := context.Background()
	s, err := ledger.OpenSQLite(ctx, path, ledger.Options{Now: longAfter})
	if err != nil {
		fmt.Println("fault", err)
		return
	}
	applied, _ := s.Applied(ctx)
	for h := newHistory(); ; {
		b := h.next()
		if b.Through > applied {
			fmt.Println("begin", b.Through)
		}
		err := s.Apply(ctx, b)
		if err == nil && b.Through%5 == 0 {
			_, err = s.Checkpoint(ctx)
		}
		if err == nil && b.Through%17 == 0 && b.Through > applied {
			_, err = s.Expire(ctx, horizon(b), 0)
		}
		if err != nil {
			fmt.Println("fault", err)
			return
		}
		if b.Through > applied {
			fmt.Println("done", b.Through)
		}
	}
}

// killAfter runs a child on the ledger, kills it when it has said n lines, and returns the last batch that it
// called done.
func killAfter(t *testing.T, path string, n int) (done uint64) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for said := 0; lines.Scan(); said++ {
		if said == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		word, number, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "fault":
			t.Fatalf("child: got %s, want no fault", number)
		case "done":
			if done, err = strconv.ParseUint(number, 10, 64); err != nil {
				t.Fatalf("child said %q: %v", lines.Text(), err)
			}
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("child: got a clean end, want it killed")
	}
	return done
}

// checkPrefix fails unless s holds the first Applied batches of the history and nothing else. Rows that the child
// may have expired, or not, are expired first.
func checkPrefix(t *testing.T, s ledger.Store, atLeast, atMost uint64) {
	t.Helper()
	ctx := context.Background()
	applied, err := s.Applied(ctx)
	if err != nil || applied < atLeast || applied > atMost {
		t.Fatalf("applied: got %d, %v, want %d to %d", applied, err, atLeast, atMost)
	}
	model := ledger.NewMemoryAt(longAfter)
	var last ledger.Batch
	for h := newHistory(); h.through < applied; {
		last = h.next()
		if err := model.Apply(ctx, last); err != nil {
			t.Fatal(err)
		}
	}
	if applied == 0 {
		return
	}
	for _, store := range []ledger.Store{s, model} {
		if _, err := store.Expire(ctx, horizon(last), 0); err != nil {
			t.Fatalf("expire: got %v, want nil", err)
		}
	}
	for _, ask := range []func(ledger.Store) string{allRows, counts, policies} {
		got, want := strings.Split(ask(s), "\n"), strings.Split(ask(model), "\n")
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("after %d batches: got %d lines, want %d; from line %d on\n got %q\nwant %q", applied,
					len(got), len(want), i, got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))])
			}
		}
	}
}

// allRows renders every row of a store, following its pages.
func allRows(s ledger.Store) string {
	var b strings.Builder
	for q := (ledger.Query{Limit: 500}); ; {
		rows, err := s.Traces(context.Background(), q)
		if err != nil {
			return err.Error()
		}
		for _, r := range rows {
			if r.Exported != nil {
				fmt.Fprintf(&b, "exported %+v of ", *r.Exported)
				r.Exported = nil
			}
			fmt.Fprintf(&b, "%+v facts %s\n", r, r.Facts)
		}
		if len(rows) < q.Limit {
			return b.String()
		}
		q.After = rows[len(rows)-1].Cursor()
	}
}

func counts(s ledger.Store) string {
	c, err := s.Counts(context.Background(), time.Time{})
	return fmt.Sprint(c, err)
}

func policies(s ledger.Store) string {
	uses, err := s.PolicyUses(context.Background())
	return fmt.Sprint(uses, err)
}

// TestSQLite_Killed kills a writer again and again, somewhere within its work, and checks what it leaves.
func TestSQLite_Killed(t *testing.T) {
	rng := seeded(t)
	path := filepath.Join(t.TempDir(), "ledger.db")
	var before uint64 // a child that is killed at once says nothing of what the ones before it did
	for range 8 {
		lines := rng.IntN(60)
		done := max(before, killAfter(t, path, lines))
		s, err := ledger.OpenSQLite(context.Background(), path, ledger.Options{Now: longAfter})
		if err != nil {
			t.Fatalf("open after kill at line %d: got %v, want nil", lines, err)
		}
		checkPrefix(t, s, done, done+1)
		before, _ = s.Applied(context.Background())
		if err := s.Verify(context.Background()); err != nil {
			t.Errorf("verify after kill at line %d: got %v, want nil", lines, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	}
}

// TestSQLite_PowerLoss gives a store back what a disk is sure to have after loss of power: the file as of the last
// checkpoint, and any beginning of what was written to SQLite's log since, its end torn.
func TestSQLite_PowerLoss(t *testing.T) {
	rng := seeded(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	s := open(t, path)
	defer s.Close()
	h := newHistory()
	for range 6 {
		applyNext(t, s, h)
	}
	synced, err := s.Checkpoint(context.Background())
	if err != nil || synced != 6 {
		t.Fatalf("checkpoint: got %d, %v, want 6, nil", synced, err)
	}
	file := readFile(t, path)
	for range 6 {
		applyNext(t, s, h)
	}
	log := readFile(t, path+"-wal")
	for i := range 20 {
		cut := rng.IntN(len(log) + 1)
		torn := append([]byte(nil), log[:cut]...)
		for j := max(0, cut-rng.IntN(600)); j < cut; j++ {
			torn[j] = byte(rng.Uint32())
		}
		after := filepath.Join(dir, fmt.Sprint("after-", i))
		writeFile(t, after, file)
		writeFile(t, after+"-wal", torn)
		again, err := ledger.OpenSQLite(context.Background(), after, ledger.Options{Now: longAfter})
		if err != nil {
			t.Fatalf("open after loss of power: got %v, want nil", err)
		}
		checkPrefix(t, again, synced, 12)
		if n, err := again.Synced(context.Background()); err != nil || n < synced {
			t.Errorf("synced: got %d, %v, want at least %d", n, err, synced)
		}
		if err := again.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	}
}

func applyNext(t *testing.T, s ledger.Store, h *history) {
	t.Helper()
	b := h.next()
	if err := s.Apply(context.Background(), b); err != nil {
		t.Fatalf("apply %d: got %v, want nil", b.Through, err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
