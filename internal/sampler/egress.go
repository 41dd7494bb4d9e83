package sampler

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
)

// egress takes parcels to the consumers that receivers have brought. Parcels wait in memory as references only; what
// they refer to is in the log.
type egress struct {
	engine *Engine

	mu      sync.Mutex
	outlets map[string]*outlet // by receiver
}

// outlet is the way out of one receiver: a queue of parcels, and workers while the receiver runs. The queue is bounded
// by the traces that the memory limit admits.
type outlet struct {
	source string

	mu       sync.Mutex
	queue    []parcel // from head on
	head     int
	arrived  chan struct{} // holds one token when the queue may be non-empty
	inFlight int
}

func newEgress(e *Engine) *egress { return &egress{engine: e, outlets: make(map[string]*outlet)} }

// submit queues a delivery's parcels by the receivers that they came through.
func (g *egress) submit(parcels []parcel) {
	for _, p := range parcels {
		route := g.engine.routes.get(p.groups[0].route)
		g.outlet(route.Source).push(p)
	}
}

func (g *egress) outlet(source string) *outlet {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.outlets[source]
	if o == nil {
		o = &outlet{source: source, arrived: make(chan struct{}, 1)}
		g.outlets[source] = o
	}
	return o
}

// waiting counts the parcels that no backend has answered for, and names the receivers that some wait for.
func (g *egress) waiting() (n int, sources []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for source, o := range g.outlets {
		if held := o.held(); held > 0 {
			n += held
			sources = append(sources, source)
		}
	}
	return n, sources
}

func (o *outlet) push(ps ...parcel) {
	o.mu.Lock()
	o.queue = append(o.queue, ps...)
	o.mu.Unlock()
	o.wake()
}

func (o *outlet) wake() {
	select {
	case o.arrived <- struct{}{}:
	default:
	}
}

// take removes parcels of one route from the front of the queue, as many as one export may hold.
func (o *outlet) take(limit int64) []parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	var taken []parcel
	var bytes int64
	for o.head < len(o.queue) {
		p := o.queue[o.head]
		if len(taken) > 0 && (bytes+p.bytes > limit || p.groups[0].route != taken[0].groups[0].route) {
			break
		}
		o.queue[o.head] = parcel{}
		o.head++
		taken, bytes = append(taken, p), bytes+p.bytes
	}
	o.compactLocked()
	o.inFlight += len(taken)
	if o.head < len(o.queue) {
		o.wake()
	}
	return taken
}

// putBack returns parcels that were taken and not delivered, to the front.
func (o *outlet) putBack(ps []parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(append([]parcel{}, ps...), o.queue[o.head:]...)
	o.head = 0
	o.inFlight -= len(ps)
}

func (o *outlet) finish(n int) {
	o.mu.Lock()
	o.inFlight -= n
	o.mu.Unlock()
}

func (o *outlet) compactLocked() {
	if o.head > len(o.queue)/2 {
		o.queue = append(o.queue[:0], o.queue[o.head:]...)
		o.head = 0
	}
}

// serve runs the workers that take an outlet's parcels to next, until ctx ends. Each holds one request at a time.
func (g *egress) serve(ctx context.Context, o *outlet, next consumer.Traces) {
	var workers sync.WaitGroup
	for range g.engine.cfg.Export.InFlight {
		workers.Go(func() {
			w := &courier{engine: g.engine, outlet: o, next: next}
			w.run(ctx)
		})
	}
	workers.Wait()
}

// drain waits until nothing waits in o and nothing is in flight, or until ctx ends.
func (g *egress) drain(ctx context.Context, o *outlet, clock Clock) {
	for o.held() > 0 && clock.Sleep(ctx, drainPoll) {
	}
}

const drainPoll = 20 * time.Millisecond

// held counts the parcels that wait or are in flight.
func (o *outlet) held() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue) - o.head + o.inFlight
}
