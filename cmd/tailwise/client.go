package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/tailwise/tailwise/collector/extension"
)

// instance names a running program: by its data directory, in which its socket is, or by the address of its API.
type instance struct{ dataDir, addr string }

func (i *instance) register(flags *pflag.FlagSet) {
	flags.StringVar(&i.dataDir, "data-dir", extension.DefaultDataDir, "data directory of the running instance")
	flags.StringVar(&i.addr, "addr", "", "address of its API instead, such as http://localhost:4319")
}

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 256 << 20

// get asks path and decodes the answer into v.
func (i *instance) get(ctx context.Context, path string, query url.Values, v any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return i.do(ctx, http.MethodGet, path, nil, v)
}

// post sends body as JSON to path and decodes the answer into v.
func (i *instance) post(ctx context.Context, path string, body, v any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return i.do(ctx, http.MethodPost, path, bytes.NewReader(encoded), v)
}

func (i *instance) do(ctx context.Context, method, path string, body io.Reader, v any) error {
	base, transport, err := i.reach()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, method, base+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return i.explain(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return apiError(response.Status, answer)
	}
	if err := json.Unmarshal(answer, v); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// reach returns the base URL and the transport that leads there.
func (i *instance) reach() (base string, transport *http.Transport, err error) {
	if i.addr != "" {
		base = strings.TrimRight(i.addr, "/")
		if !strings.Contains(base, "://") {
			base = "http://" + base
		}
		return base, new(http.Transport), nil
	}
	socket := filepath.Join(i.dataDir, extension.SocketName)
	if _, err := os.Stat(socket); err != nil {
		return "", nil, i.explain(err)
	}
	return "http://tailwise", &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}, nil
}

// explain says what to do about an instance that cannot be reached.
func (i *instance) explain(err error) error {
	if i.addr != "" {
		return &hintError{fmt.Errorf("reach %s: %w", i.addr, err), "is this the API's address of a running tailwise?"}
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		err = errors.New("there is none")
	}
	return &hintError{fmt.Errorf("find a running tailwise in %s: %w", i.dataDir, err),
		"start it with tailwise, or name its data directory with --data-dir or its API with --addr"}
}

// apiError is what the API says of a failure.
func apiError(status string, answer []byte) error {
	var failure struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &failure) == nil && failure.Error != "" {
		return errors.New(failure.Error)
	}
	return fmt.Errorf("the API answered %s", status)
}
