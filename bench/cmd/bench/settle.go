package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settle waits until all traces of the load are decided and the kept ones have arrived at the backend.
func settle(ctx context.Context, o options, s server, traces int, at addresses) error {
	if !s.judges() {
		return nil
	}
	// Nothing can be over before; asking meanwhile would only cost the server time.
	if err := sleep(ctx, o.decisionWait); err != nil {
		return err
	}
	if s.kind == kindTailwise {
		return poll(ctx, "wait for tailwise to decide and export", 2*time.Minute, func() (bool, error) {
			status, err := tailwiseStatus(ctx, at)
			return err == nil && status.settled(traces), err
		})
	}
	// It cannot be asked. Decisions fall up to two ticks of a second after the wait.
	if err := sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	return quiet(ctx, at)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// A status is what is read of tailwise's. The fields are pointers, as an absent counter must not pass for 0.
type status struct {
	TracesOpen     *int64 `json:"traces_open"`
	ExportsPending *int64 `json:"exports_pending"`
	TracesKept     *int64 `json:"traces_kept"`
	TracesDropped  *int64 `json:"traces_dropped"`
}

// settled says whether so many traces are decided and nothing is left to do. Counting the decided matters: spans that
// are acknowledged and not folded yet belong to no open trace.
func (s status) settled(traces int) bool {
	return *s.TracesOpen == 0 && *s.ExportsPending == 0 && *s.TracesKept+*s.TracesDropped >= int64(traces)
}

func tailwiseStatus(ctx context.Context, at addresses) (status, error) {
	var s status
	if err := getJSON(ctx, at.API, "/api/v1/status", &s); err != nil {
		return s, fmt.Errorf("ask tailwise for its status: %w", err)
	}
	if s.TracesOpen == nil || s.ExportsPending == nil || s.TracesKept == nil || s.TracesDropped == nil {
		return s, errors.New("ask tailwise for its status: the answer lacks traces_open, exports_pending, traces_kept or traces_dropped")
	}
	return s, nil
}

// quiet waits until the backend's count has stood still for a second.
func quiet(ctx context.Context, at addresses) error {
	last, since := int64(-1), time.Now()
	return poll(ctx, "wait for the backend to have it all", 2*time.Minute, func() (bool, error) {
		n, err := keptSpans(ctx, at)
		if n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > time.Second, err
	})
}

func keptSpans(ctx context.Context, at addresses) (int64, error) {
	var counts struct {
		Spans int64 `json:"spans"`
	}
	if err := getJSON(ctx, at.SinkHTTP, "/", &counts); err != nil {
		return 0, fmt.Errorf("ask the backend for its counts: %w", err)
	}
	return counts.Spans, nil
}
