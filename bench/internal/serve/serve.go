// Package serve runs the benchmarks' own servers: one for gRPC and one for HTTP, until the context ends.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// Run listens on both addresses and serves until ctx ends, or until one of the servers fails. It stops both at once:
// calls in flight are not waited for.
func Run(ctx context.Context, rpc *grpc.Server, rpcAddr string, handler http.Handler, httpAddr string) error {
	rpcListener, err := net.Listen("tcp", rpcAddr)
	if err != nil {
		return fmt.Errorf("listen for gRPC: %w", err)
	}
	httpListener, err := net.Listen("tcp", httpAddr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for HTTP: %w", err), rpcListener.Close())
	}
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return rpc.Serve(rpcListener) })
	group.Go(func() error {
		if err := web.Serve(httpListener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve HTTP: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		rpc.Stop()
		return web.Close()
	})
	return group.Wait()
}
