package vault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Writer makes one block. Sessions come one behind the other, each with all its traces; in their Order where that is
// cheap to have, which makes merging a sequential read. It holds a chunk (Config.ChunkBytes, or one part, if that is
// larger) and the index in memory, some 60 bytes a trace and 8 a name. Not safe for concurrent use.
//
// A block that is not finished leaves nothing behind, whatever happens to the process.
type Writer struct {
	vault *Vault
	w     *writer
	id    SessionID
	err   error // the first one; everything fails from there on
}

// Create begins a block of a retention class. Ctx is good for the whole of it.
func (v *Vault) Create(ctx context.Context, class string) (*Writer, error) {
	return v.create(ctx, class, v.cfg.Settled)
}

func (v *Vault) create(ctx context.Context, class string, c Compression) (*Writer, error) {
	id, created, err := v.newID()
	if err != nil {
		return nil, err
	}
	w, err := newWriter(ctx, v.cfg.Bucket, id, BlockID{}, created, class, v.newPacker(c))
	if err != nil {
		return nil, err
	}
	return &Writer{vault: v, w: w}, nil
}

// Session begins a session, to which the traces belong that follow. It expires at the given time; the zero time is never.
func (w *Writer) Session(id SessionID, expires time.Time) error {
	if w.err == nil {
		w.id = id
		w.err = w.w.session(id, expiryNanos(expires))
	}
	return w.err
}

// Trace adds a trace, or a fragment of one, to the session that was begun. Nothing of t is kept.
func (w *Writer) Trace(t *Trace) error {
	if w.err == nil && !w.w.open {
		w.err = errors.New("write block: a trace before its session")
	}
	if w.err == nil {
		w.err = w.w.trace(w.id.Tenant, t)
	}
	return w.err
}

// Bytes is how large the block has become, as stored; what is gathered for the next chunk does not count yet.
func (w *Writer) Bytes() int64 { return w.w.off }

// Full tells that the block has reached its size and should be finished. It takes more all the same.
func (w *Writer) Full() bool { return w.w.full(w.vault.cfg.BlockBytes) }

// Finish writes the index and makes the block visible, durably: from now on its traces are found. The block of no
// session is none, and its description is zero. After an error the block is not there, unless the bucket made it so
// and then neither said it nor took it back; the next Open may find it whole, and the same traces written again are handed
// out once.
func (w *Writer) Finish() (Block, error) {
	if w.err != nil {
		w.w.abort()
		return Block{}, w.err
	}
	w.err = errors.New("write block: it is finished")
	r, err := w.vault.finish(w.w)
	if r == nil || err != nil {
		return Block{}, err
	}
	v := w.vault
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changeLocked([]*reader{r}, nil)
	return r.describe(), nil
}

// Abort gives the block up. After Finish it does nothing, so it may be deferred.
func (w *Writer) Abort() {
	w.w.abort()
	if w.err == nil {
		w.err = errors.New("write block: it was given up")
	}
}

// finish commits a block and gives its reader; nil if it has no sessions.
func (v *Vault) finish(w *writer) (*reader, error) {
	f, size, err := w.finish()
	if err != nil {
		w.abort()
		// The bucket may have made it visible and failed afterwards. Nobody knows of the block, so a deletion would
		// overlook it: it goes now, or as garbage before the next deletion is done.
		object := w.footer.id.object()
		if left := v.cfg.Bucket.Delete(context.WithoutCancel(w.ctx), object); left != nil {
			v.mu.Lock()
			v.garbage[object] = true
			v.mu.Unlock()
		}
		return nil, fmt.Errorf("finish block %v: %w", w.footer.id, err)
	}
	if f == nil {
		return nil, nil
	}
	return &reader{f, v.cfg.Bucket, v.cache, size}, nil
}
