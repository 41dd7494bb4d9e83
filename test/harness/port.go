//go:build e2e

package harness

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Ports that a system hands to outgoing connections start at 32768 on Linux. FreeAddr stays below, so that no
// connection takes an address while the program that listens on it is being restarted.
const firstPort, lastPort = 15000, 32000

// FreeAddr returns a local address that nothing listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort)))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatalf("free %s: %v", addr, err)
		}
		return addr
	}
	t.Fatal("find a free port: none among 1000 tried")
	return ""
}
