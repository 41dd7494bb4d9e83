package main

import (
	"context"
	"fmt"
	"time"
)

// settle waits until all traces are decided and the kept ones have arrived at the backend.
func settle(ctx context.Context, o options, s server, at addresses) error {
	switch s.kind {
	case kindTailSampling:
		// It cannot be asked. Decisions fall up to two ticks of a second after the wait.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(o.decisionWait + 2*time.Second):
		}
		return quiet(ctx, at)
	case kindTailwise:
		return poll(ctx, "wait for tailwise to decide and export", o.decisionWait+2*time.Minute, func() (bool, error) {
			status, err := tailwiseStatus(ctx, at)
			return err == nil && status.TracesOpen == 0 && status.ExportsPending == 0, err
		})
	default:
		return nil
	}
}

// A status is what is read of tailwise's.
type status struct {
	TracesOpen     int64
	ExportsPending int64
}

func tailwiseStatus(ctx context.Context, at addresses) (status, error) {
	var answer struct {
		TracesOpen     *int64 `json:"traces_open"`
		ExportsPending *int64 `json:"exports_pending"`
	}
	if err := getJSON(ctx, at.API, "/api/v1/status", &answer); err != nil {
		return status{}, fmt.Errorf("ask tailwise for its status: %w", err)
	}
	// An absent counter must not pass for nothing left to do.
	if answer.TracesOpen == nil || answer.ExportsPending == nil {
		return status{}, fmt.Errorf("ask tailwise for its status: want traces_open and exports_pending in the answer")
	}
	return status{*answer.TracesOpen, *answer.ExportsPending}, nil
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
