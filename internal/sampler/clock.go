package sampler

import (
	"context"
	"time"
)

// Clock is the engine's time. Tests bring their own.
type Clock interface {
	Now() time.Time
	// Ticker sends the time every d until stop is called; ticks that nobody takes are dropped.
	Ticker(d time.Duration) (tick <-chan time.Time, stop func())
	// Sleep waits for d and reports whether it did; false: ctx ended first.
	Sleep(ctx context.Context, d time.Duration) bool
}

// SystemClock is the machine's time.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// Ticker implements Clock.
func (SystemClock) Ticker(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(d)
	return t.C, t.Stop
}

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
