package ledger_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/tailwise/tailwise/internal/ledger"
	"github.com/tailwise/tailwise/internal/ledger/ledgertest"
)

func TestMemory_Acceptance(t *testing.T) {
	ledgertest.Run(t, func(*testing.T) ledger.Store { return ledger.NewMemoryAt(ledgertest.Now) })
}

func TestSQLite_Acceptance(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledger.Store {
		return open(t, filepath.Join(t.TempDir(), "ledger.db"))
	})
}

// open opens a store that the test closes.
func open(t testing.TB, path string) *ledger.SQLite {
	t.Helper()
	s, err := ledger.OpenSQLite(context.Background(), path, ledger.Options{Now: ledgertest.Now})
	if err != nil {
		t.Fatalf("open %s: got %v, want nil", path, err)
	}
	return s
}
