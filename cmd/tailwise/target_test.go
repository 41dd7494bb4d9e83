package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for _, tc := range []struct{ url, exporter, endpoint string }{
		{"https://api.honeycomb.io", "otlp_http", "https://api.honeycomb.io/v1/traces"},
		{"https://api.braintrust.dev/otel", "otlp_http", "https://api.braintrust.dev/otel/v1/traces"},
		{"https://api.braintrust.dev/otel/", "otlp_http", "https://api.braintrust.dev/otel/v1/traces"},
		{"https://cloud.langfuse.com/api/public/otel", "otlp_http", "https://cloud.langfuse.com/api/public/otel/v1/traces"},
		{"http://tempo:4318", "otlp_http", "http://tempo:4318/v1/traces"},
		{"http://jaeger:4318/v1/traces", "otlp_http", "http://jaeger:4318/v1/traces"},
		{"http://localhost:6006/v1/traces/", "otlp_http", "http://localhost:6006/v1/traces"},
		{"https://host/otlp?project=x", "otlp_http", "https://host/otlp/v1/traces?project=x"},
		{"grpc://tempo:4317", "otlp_grpc", "tempo:4317 insecure=true"},
		{"grpc://jaeger", "otlp_grpc", "jaeger:4317 insecure=true"},
		{"grpcs://api.honeycomb.io:443/", "otlp_grpc", "api.honeycomb.io:443 insecure=false"},
		{"grpc://[::1]", "otlp_grpc", "[::1]:4317 insecure=true"},
	} {
		got, err := parseTarget(tc.url, nil)
		if err != nil {
			t.Errorf("%s: %v", tc.url, err)
			continue
		}
		endpoint := fmt.Sprint(got.config["traces_endpoint"])
		if tls, ok := got.config["tls"].(map[string]any); ok {
			endpoint = fmt.Sprintf("%s insecure=%v", got.config["endpoint"], tls["insecure"])
		}
		if got.exporter != tc.exporter || endpoint != tc.endpoint {
			t.Errorf("%s: got %s %s, want %s %s", tc.url, got.exporter, endpoint, tc.exporter, tc.endpoint)
		}
		if queue := fmt.Sprint(got.config["sending_queue"]); queue != "map[enabled:false]" {
			t.Errorf("%s: sending_queue: got %s, want it off", tc.url, queue)
		}
	}
}

func TestParseTarget_Refuses(t *testing.T) {
	for _, tc := range []struct{ url, want string }{
		{"", "no URL"},
		{"localhost:4317", "no URL"},
		{"http://", "no URL"},
		{"ftp://host", `scheme "ftp" is unknown`},
		{"grpc://host/path", "takes no path"},
		{"https://user:secret@host", "user name or password"},
	} {
		_, err := parseTarget(tc.url, nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want an error with %q and no secret", tc.url, err, tc.want)
		}
	}
}

func TestParseTarget_Headers(t *testing.T) {
	got, err := parseTarget("https://api.braintrust.dev/otel",
		[]string{"Authorization=Bearer a=b", " x-bt-parent = project_id:1"})
	want := "map[Authorization:Bearer a=b x-bt-parent:project_id:1]"
	if err != nil || fmt.Sprint(got.config["headers"]) != want {
		t.Errorf("headers: got %v, %v, want %s", got.config["headers"], err, want)
	}
	for _, header := range []string{"secret-without-key", "=secret"} {
		if _, err := parseTarget("http://h", []string{header}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("header without a key: got %v, want an error without its text", err)
		}
	}
}
