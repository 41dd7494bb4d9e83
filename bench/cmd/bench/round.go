package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// A result is what one run of one server showed.
type result struct {
	Load        string  `json:"load"`
	Policies    string  `json:"policies"`
	Server      string  `json:"server"`
	Round       int     `json:"round"`
	Spans       int     `json:"spans"`
	Traces      int     `json:"traces"`
	Seconds     float64 `json:"seconds"`      // until the last answer
	Retries     int     `json:"retries"`      // answers that asked to come again
	CPUSeconds  float64 `json:"cpu_seconds"`  // from ready until all is exported
	IdleBytes   int64   `json:"idle_bytes"`   // resident when ready
	WindowBytes int64   `json:"window_bytes"` // highest until the last answer
	PeakBytes   int64   `json:"peak_bytes"`   // highest until all is exported
	KeptSpans   int64   `json:"kept_spans"`   // at the backend
}

// runOnce starts the backend and the server with nothing on disk, sends the load, waits until all that follows is
// done, and reads the figures.
func runOnce(ctx context.Context, o options, base string, s server, l playedLoad) (r result, err error) {
	dir, err := os.MkdirTemp(base, "server-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	at, err := freeAddresses()
	if err != nil {
		return r, err
	}
	sink, err := start(otherCore, filepath.Join(dir, "sink.log"), filepath.Join(o.bin, "sink"), "-grpc", at.SinkGRPC, "-http", at.SinkHTTP)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, sink.stop()) }()
	args, err := s.configure(o, dir, at)
	if err != nil {
		return r, err
	}
	p, err := start(serverCore, filepath.Join(dir, "server.log"), s.binary(o), args...)
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, p.tail())
		}
		err = errors.Join(err, p.stop())
	}()
	if err := errors.Join(ready(ctx, sink, at.SinkGRPC, at.SinkHTTP), ready(ctx, p, at.GRPC, at.HTTP)); err != nil {
		return r, err
	}
	return observe(ctx, o, s, l, p, at)
}

// observe sends the load to the running server and reads the figures before and after.
func observe(ctx context.Context, o options, s server, l playedLoad, p *process, at addresses) (result, error) {
	r := result{Load: l.String(), Policies: s.policies.name, Server: s.name, Traces: l.traces()}
	before, err := p.cpu()
	if err != nil {
		return r, err
	}
	if r.IdleBytes, _, err = p.memory(); err != nil {
		return r, err
	}
	if err := send(ctx, o, l, at, &r); err != nil {
		return r, err
	}
	if _, r.WindowBytes, err = p.memory(); err != nil {
		return r, err
	}
	if err := settle(ctx, o, s, l.traces(), at); err != nil {
		return r, err
	}
	after, err := p.cpu()
	if err != nil {
		return r, err
	}
	r.CPUSeconds = (after - before).Seconds()
	if _, r.PeakBytes, err = p.memory(); err != nil {
		return r, err
	}
	r.KeptSpans, err = keptSpans(ctx, at)
	return r, err
}

// send runs the load generator to its end.
func send(ctx context.Context, o options, l playedLoad, at addresses, r *result) error {
	addr := at.GRPC
	if l.protocol == "http" {
		addr = at.HTTP
	}
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(o.bin, "load"), "-corpus", l.path, "-protocol", l.protocol,
		"-addr", addr, "-replays", strconv.Itoa(l.replays))
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := onCore(otherCore, cmd.Start); err != nil {
		return fmt.Errorf("start the load generator: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("send the load: %w\n%s", err, errOut.String())
	}
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		return fmt.Errorf("read what the load generator printed: %w", err)
	}
	if r.Spans != l.spans() {
		return fmt.Errorf("the load generator sent %d spans, want %d", r.Spans, l.spans())
	}
	return nil
}

// freeAddresses finds ports that were free a moment ago.
func freeAddresses() (addresses, error) {
	var at addresses
	for _, addr := range []*string{&at.GRPC, &at.HTTP, &at.API, &at.SinkGRPC, &at.SinkHTTP} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return at, fmt.Errorf("find a free port: %w", err)
		}
		// Closed only at the end, so that no port is found twice.
		defer listener.Close()
		*addr = listener.Addr().String()
	}
	return at, nil
}

// poll asks every half second, so that asking weighs little in what is measured, until ask says that it is done; what names the wait in the error.
func poll(ctx context.Context, what string, most time.Duration, ask func() (bool, error)) error {
	deadline := time.Now().Add(most)
	for {
		done, err := ask()
		if err != nil || done {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %v", what, most)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// ready waits until the process accepts connections at all addresses.
func ready(ctx context.Context, p *process, addrs ...string) error {
	for _, addr := range addrs {
		err := poll(ctx, "wait for "+p.cmd.Path, 30*time.Second, func() (bool, error) {
			select {
			case <-p.done:
				return false, fmt.Errorf("%s ended: %w\n%s", p.cmd.Path, p.err, p.tail())
			default:
			}
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				return false, nil
			}
			return true, conn.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func getJSON(ctx context.Context, addr, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
