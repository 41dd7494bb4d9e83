package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// target is where kept traces go: an exporter's id and its section of the configuration.
type target struct {
	exporter string
	config   map[string]any
	name     string // for people
}

const (
	tracesPath      = "/v1/traces"
	defaultGRPCPort = "4317"
)

// parseTarget turns the URL of a backend into an exporter. http and https speak OTLP/HTTP, where the path of the trace
// endpoint is added unless it is there; grpc and grpcs speak OTLP/gRPC. Headers are KEY=VALUE.
func parseTarget(raw string, headers []string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return target{}, &hintError{errors.New("--export: the address is no URL"),
			"write it as http://host:4318, https://host/path, grpc://host:4317 or grpcs://host"}
	}
	if u.User != nil {
		return target{}, &hintError{errors.New("--export: the URL holds a user name or password"),
			"give credentials by --export-header or TAILWISE_EXPORT_HEADER, such as Authorization=Basic ..."}
	}
	t := target{name: u.Redacted()}
	switch u.Scheme {
	case "http", "https":
		t.exporter, t.config = "otlp_http", map[string]any{"traces_endpoint": tracesURL(u)}
	case "grpc", "grpcs":
		if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return target{}, fmt.Errorf("--export: %s://%s takes no path", u.Scheme, u.Host)
		}
		t.exporter, t.config = "otlp_grpc", map[string]any{
			"endpoint": hostPort(u), "tls": map[string]any{"insecure": u.Scheme == "grpc"},
		}
	default:
		return target{}, &hintError{fmt.Errorf("--export: scheme %q is unknown", u.Scheme),
			"http and https speak OTLP/HTTP, grpc and grpcs speak OTLP/gRPC"}
	}
	if len(headers) > 0 {
		if t.config["headers"], err = parseHeaders(headers); err != nil {
			return target{}, err
		}
	}
	// The engine keeps what the backend has not answered for; a queue between the two could only lose it.
	t.config["sending_queue"] = map[string]any{"enabled": false}
	t.config["retry_on_failure"] = map[string]any{"enabled": true}
	return t, nil
}

func tracesURL(u *url.URL) string {
	full := *u
	full.Fragment = ""
	if full.Path = strings.TrimRight(full.Path, "/"); !strings.HasSuffix(full.Path, tracesPath) {
		full.Path += tracesPath
	}
	full.RawPath = ""
	return full.String()
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), defaultGRPCPort)
}

// parseHeaders does not say a value in its errors: it may be a credential.
func parseHeaders(headers []string) (map[string]any, error) {
	parsed := make(map[string]any, len(headers))
	for i, header := range headers {
		key, value, ok := strings.Cut(header, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return nil, &usageError{&hintError{fmt.Errorf("--export-header: number %d has no key and value", i+1),
				"write it as KEY=VALUE, such as x-honeycomb-team=..."}}
		}
		parsed[key] = strings.TrimSpace(value)
	}
	return parsed, nil
}
