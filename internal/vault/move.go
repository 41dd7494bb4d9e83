package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Move puts sessions into blocks of another class: they are copied, and the copies that they leave behind are released.
// Until says when they expire there; nil is never. What is in the class already stays as it is. A crash in between leaves
// some sessions in both classes, which reading hands out once; moving them again tidies up. A deletion that comes in
// between makes it give up without harm, as Overtaken tells. What is damaged stays where it is.
func (v *Vault) Move(ctx context.Context, ids []SessionID, class string, until Until) error {
	release, err := acquire(ctx, v.working)
	if err != nil {
		return err
	}
	defer release()
	m := &move{vault: v, class: class, until: until}
	defer m.abort()
	for _, id := range ids {
		if err := m.add(ctx, id); err != nil {
			return fmt.Errorf("move to class %q: %w", class, err)
		}
	}
	if err := m.finish(ctx); err != nil {
		return fmt.Errorf("move to class %q: %w", class, err)
	}
	return m.broken.err()
}

type move struct {
	vault  *Vault
	class  string
	until  Until
	w      *Writer
	moved  []Found
	broken damages
}

func (m *move) abort() {
	if m.w != nil {
		m.w.Abort()
	}
}

// add copies a session.
func (m *move) add(ctx context.Context, id SessionID) error {
	found, err := m.vault.FindSession(ctx, id)
	if err = m.note(err); err != nil {
		return err
	}
	elsewhere := slices.DeleteFunc(found, func(f Found) bool { return f.Class == m.class })
	if len(elsewhere) == 0 {
		return nil
	}
	if m.w == nil {
		if m.w, err = m.vault.create(ctx, m.class, m.vault.cfg.Merged); err != nil {
			return err
		}
	}
	var expires time.Time
	if m.until != nil {
		written := int64(noTime)
		for _, f := range elsewhere {
			written = max(written, expiryNanos(f.Expires))
		}
		expires = m.until(m.class, id, fromNanos(written))
	}
	if err := m.w.Session(id, expires); err != nil {
		return err
	}
	before := len(m.broken)
	err = m.note(m.vault.Read(ctx, elsewhere, func(_ SessionID, t *Trace) error { return m.w.Trace(t) }))
	if err != nil {
		return err
	}
	if len(m.broken) == before {
		m.moved = append(m.moved, elsewhere...)
	}
	if m.w.Full() {
		return m.finish(ctx)
	}
	return nil
}

// note keeps damage for the end and gives other errors back.
func (m *move) note(err error) error {
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		m.broken = append(m.broken, damaged.Found...)
		return nil
	}
	return err
}

// finish commits what was copied, unless a deletion has come in between, and releases what it was copied from.
func (m *move) finish(ctx context.Context) error {
	if m.w == nil {
		return nil
	}
	if err := m.commit(ctx); err != nil {
		return err
	}
	m.w = nil
	moved := m.moved
	m.moved = nil
	return m.vault.Release(ctx, moved)
}

func (m *move) commit(ctx context.Context) error {
	release, err := acquire(ctx, m.vault.committing)
	if err != nil {
		return err
	}
	defer release()
	now := m.vault.state.Load()
	for _, f := range m.moved {
		if now.block(f.Block) == nil || len(now.graves[f.Block]) != f.gravesN {
			return errOvertaken
		}
	}
	_, err = m.w.Finish()
	return err
}
