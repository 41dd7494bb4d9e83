package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// ErrDamaged is matched by errors that say which part of a block could not be read. All that could be was handed out.
var ErrDamaged = errors.New("damaged")

// Damage is a part of a block that is not what it was when it was written.
type Damage struct {
	Block   BlockID
	Session SessionID // zero where it is not known
	Offset  int64     // in the block, in bytes
	Bytes   int64     // 0: not known
	Reason  error
}

func (d Damage) String() string {
	s := fmt.Sprintf("block %v: offset %d", d.Block, d.Offset)
	if d.Session != (SessionID{}) {
		s = fmt.Sprintf("block %v: session %v: offset %d", d.Block, d.Session, d.Offset)
	}
	return fmt.Sprintf("%s: %v", s, d.Reason)
}

// DamagedError lists damage that was met on the way. It matches ErrDamaged.
type DamagedError struct{ Found []Damage }

func (e *DamagedError) Error() string {
	parts := make([]string, 0, 4)
	for i, d := range e.Found {
		if i == 3 {
			parts = append(parts, fmt.Sprintf("and %d more", len(e.Found)-i))
			break
		}
		parts = append(parts, d.String())
	}
	return "damaged: " + strings.Join(parts, "; ")
}

// Is makes errors.Is(err, ErrDamaged) hold.
func (e *DamagedError) Is(target error) bool { return target == ErrDamaged }

// Unwrap gives the reasons.
func (e *DamagedError) Unwrap() []error {
	reasons := make([]error, len(e.Found))
	for i, d := range e.Found {
		reasons[i] = d.Reason
	}
	return reasons
}

// damages gathers damage; its error is nil without any.
type damages []Damage

func (d damages) err() error {
	if len(d) == 0 {
		return nil
	}
	return &DamagedError{d}
}

// damage tells apart what is wrong with the bytes, true, and what may pass: a bucket that does not answer, a caller
// that has given up. A newer version is neither: the block is left alone.
func isDamage(err error) bool {
	var read *readError
	if errors.As(err, &read) {
		return errors.Is(err, io.ErrUnexpectedEOF) // the object is shorter than its footer says
	}
	return err != nil && !errors.Is(err, ErrVersion) && !errors.Is(err, context.Canceled) &&
		!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, fs.ErrNotExist)
}

// readError is what a bucket said.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }
