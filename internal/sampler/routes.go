package sampler

import (
	"errors"
	"sync"
)

// routeID stands for a Route within this process. References hold it instead of the strings.
type routeID uint32

// routes numbers the routes that have been seen. There are as many as receivers times combinations of the metadata
// that the configuration asks for. Safe for concurrent use.
type routes struct {
	mu    sync.RWMutex
	byKey map[string]routeID
	all   []Route
}

// maxRoutes bounds them: metadata comes from clients.
const maxRoutes = 1 << 16

var errTooManyRoutes = errors.New("too many different routes")

// intern numbers the route whose encoded form is key.
func (r *routes) intern(key []byte) (routeID, error) {
	r.mu.RLock()
	id, ok := r.byKey[string(key)]
	r.mu.RUnlock()
	if ok {
		return id, nil
	}
	rd := &reader{buf: key}
	route := readRoute(rd)
	if err := rd.done(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= maxRoutes {
		return 0, errTooManyRoutes
	}
	if id, ok := r.byKey[string(key)]; ok {
		return id, nil
	}
	if r.byKey == nil {
		r.byKey = make(map[string]routeID)
	}
	id = routeID(len(r.all))
	r.byKey[string(key)] = id
	r.all = append(r.all, route)
	return id, nil
}

func (r *routes) get(id routeID) Route {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.all[id]
}
