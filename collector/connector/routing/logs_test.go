package routing

import (
	"context"
	"testing"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pipeline"
	"google.golang.org/grpc/metadata"
)

const bySeverity = `
default_pipelines: [rest]
table:
  - context: log
    condition: severity_number < SEVERITY_NUMBER_ERROR
    pipelines: [a]
  - context: resource
    condition: attributes["name"] == "billing"
    pipelines: [b]`

const byRequest = `
default_pipelines: [rest]
table:
  - context: request
    condition: request["X-Tenant"] == "acme"
    pipelines: [a]
  - context: request
    condition: request["X-Tenant"] != "ecorp"
    pipelines: [b]`

func TestLogs_Record(t *testing.T) {
	play(t, pipeline.SignalLogs, []scene{
		{
			name: "LowSeverityThenService", config: bySeverity,
			batch: "billing(http(started:9 failed:17)) mail(smtp(started:9) imap(failed:18))",
			want: `a: billing(http(started:9)) mail(smtp(started:9))
			       b: billing(http(failed:17))
			       rest: mail(imap(failed:18))`,
		},
		{name: "AllMove", config: bySeverity, batch: "billing(http(x:1 y:2))", want: `a: billing(http(x:1 y:2))`},
		{
			name: "ByBodyScopeAndResource", config: `
table:
  - context: log
    condition: body == "x" and instrumentation_scope.name == "http" and resource.attributes["name"] == "mail"
    pipelines: [a]`,
			batch: "billing(http(x)) mail(http(x y) smtp(x))", want: `a: mail(http(x))`,
		},
		{
			name: "ArchiveTakesACopyOfAll", config: `
default_pipelines: [rest]
table:
  - context: resource
    condition: "true"
    action: copy
    pipelines: [c]
  - context: log
    condition: severity_number >= SEVERITY_NUMBER_ERROR
    pipelines: [a]`,
			batch: "billing(http(started:9 failed:17))",
			want: `a: billing(http(failed:17))
			       c: billing(http(started:9 failed:17))
			       rest: billing(http(started:9))`,
		},
		{
			name: "CopiedRecordsStay", config: `
default_pipelines: [rest]
table:
  - context: log
    condition: body == "x"
    action: copy
    pipelines: [a]`,
			batch: "mail(smtp(x y x) empty) bare",
			want: `a: mail(smtp(x x))
			       rest: mail(smtp(x y x) empty()) bare()`,
		},
	})
}

func overGRPC(ctx context.Context, pairs ...string) context.Context {
	return metadata.NewIncomingContext(ctx, metadata.Pairs(pairs...))
}

func fromClient(ctx context.Context, values map[string][]string) context.Context {
	return client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(values)})
}

func TestLogs_Request(t *testing.T) {
	ctx := t.Context()
	const batch = "billing(http(x)) mail(smtp(y))"
	play(t, pipeline.SignalLogs, []scene{
		{name: "EqualOverGRPC", config: byRequest, ctx: overGRPC(ctx, "x-tenant", "acme"), batch: batch, want: "a: " + batch},
		{name: "EqualInClientMetadata", config: byRequest, ctx: fromClient(ctx, map[string][]string{"X-Tenant": {"acme"}}), batch: batch, want: "a: " + batch},
		{name: "Unequal", config: byRequest, ctx: overGRPC(ctx, "x-tenant", "hooli"), batch: batch, want: "b: " + batch},
		{name: "NeitherEqualNorUnequal", config: byRequest, ctx: overGRPC(ctx, "x-tenant", "ecorp"), batch: batch, want: "rest: " + batch},
		{name: "KeyDidNotCome", config: byRequest, batch: batch, want: "rest: " + batch},
		{
			name: "RecordsLeaveFirst", config: `
table:
  - context: log
    condition: body == "x"
    pipelines: [c]
  - context: request
    condition: request["X-Tenant"] == "acme"
    pipelines: [a]`,
			ctx: overGRPC(ctx, "X-Tenant", "acme"), batch: batch,
			want: `a: mail(smtp(y))
			       c: billing(http(x))`,
		},
		{
			name: "CopyOfTheBatch", config: `
default_pipelines: [rest]
table:
  - context: request
    condition: request["X-Tenant"] == "acme"
    action: copy
    pipelines: [a]
  - context: resource
    condition: attributes["name"] == "mail"
    pipelines: [b]`,
			ctx: overGRPC(ctx, "X-Tenant", "acme"), batch: batch,
			want: `a: billing(http(x)) mail(smtp(y))
			       b: mail(smtp(y))
			       rest: billing(http(x))`,
		},
	})
}
