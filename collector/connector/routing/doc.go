// Package routing is the Collector's connector of type routing: it sends each resource, span, metric, data point or log
// record of a batch to the pipelines of the first row of a table that matches it, and the rest to default pipelines.
package routing
