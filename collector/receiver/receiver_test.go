package receiver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func TestReceiver_AttachesOnceAndDetaches(t *testing.T) {
	r := open(t)
	for range 2 { // the Collector starts the receiver for each signal
		if err := r.Start(t.Context(), fakeHost{}); err != nil {
			t.Fatalf("start again: %v", err)
		}
	}
	for range 3 {
		if err := r.Shutdown(t.Context()); err != nil {
			t.Fatalf("shutdown: %v", err)
		}
	}
	if got := strings.Join(r.engine.attached, ","); !strings.HasPrefix(got, typeName) || strings.Contains(got, ",") {
		t.Errorf("attached: got %q, want the receiver's id once", got)
	}
	if got, want := strings.Join(r.engine.metricsTo, ","), r.engine.attached[0]+",detached"; got != want {
		t.Errorf("metrics: got %q, want %q", got, want)
	}
	if r.engine.detached != 1 {
		t.Errorf("detached: got %d times, want 1", r.engine.detached)
	}
}

func TestReceiver_MissingEngine(t *testing.T) {
	other := component.MustNewID("other")
	for _, tc := range []struct {
		name string
		host fakeHost
		want string
	}{
		{"none", fakeHost{}, "list it under service: extensions:"},
		{"wrong name", fakeHost{component.MustNewIDWithName(typeName, "b"): new(fakeEngine)}, "engines running: tailwise/b"},
		{"wrong type", fakeHost{component.MustNewID(typeName): struct {
			component.StartFunc
			component.ShutdownFunc
		}{}, other: new(fakeEngine)}, "is not a tailwise engine"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := create(t, testConfig(), signals{traces: consumertest.NewNop()})
			err := r.Start(t.Context(), tc.host)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("start: got error %v, want one with %q", err, tc.want)
			}
			if err := r.Shutdown(t.Context()); err != nil {
				t.Errorf("shutdown: %v", err)
			}
		})
	}
}

func TestReceiver_BusyPortLeavesNothingBehind(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	cfg := testConfig()
	cfg.Protocols.HTTP.Get().ServerConfig.NetAddr.Endpoint = busy.Addr().String()
	fake := new(fakeEngine)
	r := create(t, cfg, signals{traces: consumertest.NewNop()})
	if err := r.Start(t.Context(), fakeHost{component.MustNewID(typeName): fake}); err == nil {
		t.Fatal("start on a busy port: got no error")
	}
	if fake.detached != 1 {
		t.Errorf("detached: got %d times, want 1", fake.detached)
	}
	if conn, err := net.Dial("tcp", r.grpcAddr); err == nil {
		conn.Close()
		t.Error("gRPC still listens after the start failed")
	}
}

func TestReceiver_SameConfigurationAgainAfterShutdown(t *testing.T) {
	factory, cfg := NewFactory(), testConfig()
	set := newSettings()
	first := createWith(t, factory, set, cfg, signals{traces: consumertest.NewNop()})
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second := createWith(t, factory, set, cfg, signals{traces: consumertest.NewNop()}); second == first {
		t.Error("create after shutdown: got the receiver that was shut down")
	}
}

func TestConfig_Validate(t *testing.T) {
	cfg := defaultConfig().(*Config)
	cfg.Engine = component.ID{}
	cfg.MetadataKeys = []string{"X-Tenant", "", "x-tenant"}
	err := cfg.Validate()
	for _, want := range []string{"protocols:", "engine:", "metadata_keys[1]:", "metadata_keys[2]:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("validate: got %v, want a fault of %s", err, want)
		}
	}
}

func TestConfig_TakesTheOTLPReceiversSection(t *testing.T) {
	cfg := defaultConfig().(*Config)
	conf := confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{
			"grpc": nil,
			"http": map[string]any{"endpoint": "0.0.0.0:1234", "traces_url_path": "traces"},
		},
	})
	if err := conf.Unmarshal(cfg); err != nil {
		t.Fatalf("unmarshal: %v", err)
	}
	if err := confmap.Validate(cfg); err != nil {
		t.Fatalf("validate: %v", err)
	}
	grpc, http := cfg.Protocols.GRPC.Get(), cfg.Protocols.HTTP.Get()
	if grpc.NetAddr.Endpoint != "localhost:4317" || grpc.MaxRecvMsgSizeMiB != 64 {
		t.Errorf("grpc: got %s, %d MiB, want the defaults", grpc.NetAddr.Endpoint, grpc.MaxRecvMsgSizeMiB)
	}
	if http.ServerConfig.NetAddr.Endpoint != "0.0.0.0:1234" || http.TracesURLPath != "/traces" ||
		http.ServerConfig.MaxRequestBodySize != 64<<20 {
		t.Errorf("http: got %+v", http)
	}
}

// password is an authentication extension that knows one sender.
func password(want string) component.Component {
	return struct {
		component.StartFunc
		component.ShutdownFunc
		extensionauth.Server
	}{Server: authFunc(func(ctx context.Context, sources map[string][]string) (context.Context, error) {
		for key, values := range sources {
			if strings.EqualFold(key, "authorization") && values[0] == want {
				return ctx, nil
			}
		}
		return ctx, errors.New("who are you")
	})}
}

type authFunc func(context.Context, map[string][]string) (context.Context, error)

func (f authFunc) Authenticate(ctx context.Context, sources map[string][]string) (context.Context, error) {
	return f(ctx, sources)
}

func TestReceiver_Authentication(t *testing.T) {
	auth := component.MustNewID("password")
	r := openWith(t, fakeHost{auth: password("letmein")}, func(cfg *Config) {
		cfg.Protocols.GRPC.Get().Auth = configoptional.Some(configauth.Config{AuthenticatorID: auth})
		cfg.Protocols.HTTP.Get().ServerConfig.Auth = configoptional.Some(
			confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: auth}})
	})
	request := ptraceotlp.NewExportRequestFromTraces(someTraces(1))
	asProto, _ := encoded(t, request)
	client := ptraceotlp.NewGRPCClient(dial(t, r))
	_, err := client.Export(t.Context(), request)
	if got := status.Code(err); got != codes.Unauthenticated {
		t.Errorf("grpc without password: got %v, want %v", got, codes.Unauthenticated)
	}
	answer := r.post(t, asProto)
	if answer.code != http.StatusUnauthorized {
		t.Errorf("http without password: got %d, want 401", answer.code)
	}
	if got := statusIn(t, answer); codes.Code(got.GetCode()) != codes.Unauthenticated {
		t.Errorf("http without password: status in the body: got %v, want %v", got, codes.Unauthenticated)
	}
	if got, _ := r.engine.taken(); len(got) != 0 {
		t.Fatalf("requests that reached the engine without password: got %d, want 0", len(got))
	}
	if _, err := client.Export(metadata.AppendToOutgoingContext(t.Context(), "authorization", "letmein"), request); err != nil {
		t.Errorf("grpc with password: %v", err)
	}
	if answer := r.post(t, asProto, "Authorization", "letmein"); answer.code != http.StatusOK {
		t.Errorf("http with password: got %d, want 200", answer.code)
	}
}

func TestReceiver_TLS(t *testing.T) {
	cert, key, pool := selfSigned(t)
	tls := configtls.ServerConfig{Config: configtls.Config{CertFile: cert, KeyFile: key}}
	r := open(t, grpcOnly, func(cfg *Config) { cfg.Protocols.GRPC.Get().TLS = configoptional.Some(tls) })
	request := ptraceotlp.NewExportRequestFromTraces(someTraces(1))
	secure := dial(t, r, grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, "127.0.0.1")))
	if _, err := ptraceotlp.NewGRPCClient(secure).Export(t.Context(), request); err != nil {
		t.Errorf("export with TLS: %v", err)
	}
	if _, err := ptraceotlp.NewGRPCClient(dial(t, r)).Export(t.Context(), request); err == nil {
		t.Error("export without TLS: got no error")
	}
}

// selfSigned writes a certificate for 127.0.0.1 and its key.
func selfSigned(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyBytes, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyBytes})
	if err := errors.Join(os.WriteFile(certFile, certPEM, 0o600), os.WriteFile(keyFile, keyPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, pool
}
