package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

type httpSender struct {
	client http.Client
	url    string
	gzip   bool
}

// dialHTTP makes senders with a connection each, which open when they are first used.
func dialHTTP(addr string, connections int, gzip bool) ([]sender, error) {
	var senders []sender
	for range connections {
		senders = append(senders, &httpSender{
			client: http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}},
			url:    "http://" + addr + "/v1/traces",
			gzip:   gzip,
		})
	}
	return senders, nil
}

func (s *httpSender) Send(ctx context.Context, body []byte) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	if s.gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return errBusy
	default:
		return fmt.Errorf("send: %s", response.Status)
	}
}

func (s *httpSender) Close() error {
	s.client.CloseIdleConnections()
	return nil
}
