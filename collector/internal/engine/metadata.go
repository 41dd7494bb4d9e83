package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/client"
)

// MetadataKeys are names of request metadata (headers) that travel with a trace, as a configuration lists them.
type MetadataKeys []string

// Faults returns what is wrong with the list, each fault with its key.
func (m MetadataKeys) Faults() (faults []error) {
	seen := make(map[string]bool, len(m))
	for i, key := range m {
		lower := strings.ToLower(strings.TrimSpace(key))
		switch {
		case lower == "":
			faults = append(faults, fmt.Errorf("metadata_keys[%d]: is empty", i))
		case seen[lower]:
			faults = append(faults, fmt.Errorf("metadata_keys[%d]: %q is named twice (case does not count)", i, key))
		}
		seen[lower] = true
	}
	return faults
}

// Ordered returns the keys in the order in which they are stored.
func (m MetadataKeys) Ordered() MetadataKeys {
	keys := make(MetadataKeys, 0, len(m))
	for _, key := range m {
		keys = append(keys, strings.ToLower(strings.TrimSpace(key)))
	}
	slices.Sort(keys)
	return keys
}

// Of takes the metadata of the request that ctx belongs to, in the order of the keys; absent keys are left out.
func (m MetadataKeys) Of(ctx context.Context) []KV {
	if len(m) == 0 {
		return nil
	}
	from := client.FromContext(ctx).Metadata
	var kvs []KV
	for _, key := range m {
		if values := from.Get(key); len(values) > 0 {
			kvs = append(kvs, KV{Key: key, Values: values})
		}
	}
	return kvs
}
