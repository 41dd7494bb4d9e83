package ledger

import (
	"context"
	"errors"
	"time"
)

// Options are those of a SQLite ledger. The zero value is good for production.
type Options struct {
	// Now tells which day is today, which Expire spares. Default time.Now.
	Now func() time.Time
	// Readers is how many queries run at once; more wait. Default DefaultReaders.
	Readers int
}

// OpenSQLite opens the ledger at path, and creates it if nothing is there. It returns ErrDamaged for a file that is
// no sound ledger and ErrNewer for one that a newer version wrote; both leave the file as it is.
func OpenSQLite(ctx context.Context, path string, opts Options) (*SQLite, error) {
	return nil, errors.New("open ledger: not there yet")
}

// SQLite is a Store in one SQLite file.
type SQLite struct{ Store }
