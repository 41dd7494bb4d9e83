package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tailwise/tailwise/bench/internal/corpus"
)

// A sender sends one body and waits for the answer; used by one goroutine at a time. It returns errBusy where the
// receiver asks to come again later.
type sender interface {
	Send(ctx context.Context, body []byte) error
	Close() error
}

var errBusy = errors.New("receiver is busy")

// busyWait is how long a refused request waits; short, as a benchmark's refusal should cost little.
const busyWait = 20 * time.Millisecond

type job struct {
	request *corpus.Request
	replay  int
}

// play sends the corpus so many times, through all senders at once.
func play(ctx context.Context, c *corpus.Corpus, replays int, senders []sender) (Sent, error) {
	jobs := make(chan job)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(jobs)
		return plan(ctx, c, replays, jobs)
	})
	var mu sync.Mutex
	var total Sent
	for _, s := range senders {
		group.Go(func() error {
			var mine Sent
			for j := range jobs {
				if err := mine.send(ctx, s, j); err != nil {
					return err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total.add(mine)
			return nil
		})
	}
	err := group.Wait()
	return total, err
}

// plan hands out whole replays: a part of one would leave traces without their roots.
func plan(ctx context.Context, c *corpus.Corpus, replays int, jobs chan<- job) error {
	for replay := range replays {
		for _, r := range c.Requests {
			select {
			case jobs <- job{r, replay}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

func (s *Sent) send(ctx context.Context, to sender, j job) error {
	return j.request.Play(j.replay, func(body []byte) error {
		err := to.Send(ctx, body)
		for ; errors.Is(err, errBusy); err = to.Send(ctx, body) {
			s.Retries++
			select {
			case <-time.After(busyWait):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err != nil {
			return err
		}
		s.Requests++
		s.Spans += j.request.SpansN
		s.Bytes += int64(len(body))
		return nil
	})
}

func (s *Sent) add(more Sent) {
	s.Requests += more.Requests
	s.Spans += more.Spans
	s.Bytes += more.Bytes
	s.Retries += more.Retries
}
