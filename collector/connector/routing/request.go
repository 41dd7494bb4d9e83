package routing

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/client"
	"google.golang.org/grpc/metadata"
)

var (
	comparators  = regexp.MustCompile(`==|!=`)
	requestKey   = regexp.MustCompile(`^request\["([^"]+)"\]$`)
	requestValue = regexp.MustCompile(`^"(.*)"$`)
)

// comparison is a condition on one key of the metadata that came with a request.
type comparison struct {
	key     string
	value   string
	unequal bool
}

// parseComparison reads request["key"] == "value", or the same with !=. There are no escapes: the value is what stands
// between its outer quotes, and neither it nor the key may hold a comparator.
func parseComparison(text string) (comparison, error) {
	found := comparators.FindAllStringIndex(text, -1)
	switch {
	case len(found) == 0:
		return comparison{}, errors.New("has no comparator: the form is request[\"key\"] == \"value\", or with !=")
	case len(found) > 1:
		return comparison{}, errors.New("has more than one comparator: context request compares one key once")
	}
	at, end := found[0][0], found[0][1]
	key := requestKey.FindStringSubmatch(strings.TrimSpace(text[:at]))
	if key == nil {
		return comparison{}, errors.New("left of the comparator: the form is request[\"key\"]")
	}
	value := requestValue.FindStringSubmatch(strings.TrimSpace(text[end:]))
	if value == nil {
		return comparison{}, errors.New("right of the comparator: the form is \"value\"")
	}
	return comparison{key: key[1], value: value[1], unequal: text[at:end] == "!="}, nil
}

// holds reports whether any value of the key compares, in the metadata of the gRPC request or that of the client. A key
// that did not come holds for neither comparator.
func (c comparison) holds(ctx context.Context) bool {
	compares := func(value string) bool { return (value == c.value) != c.unequal }
	incoming, _ := metadata.FromIncomingContext(ctx)
	return slices.ContainsFunc(incoming.Get(c.key), compares) ||
		slices.ContainsFunc(client.FromContext(ctx).Metadata.Get(c.key), compares)
}
