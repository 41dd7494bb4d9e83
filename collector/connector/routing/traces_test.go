package routing

import (
	"testing"

	"go.opentelemetry.io/collector/pipeline"
)

const byTenant = `
default_pipelines: [rest]
table:
  - condition: attributes["name"] == "acme"
    pipelines: [a]
  - statement: route() where attributes["name"] == "globex"
    pipelines: [b]`

const bySpan = `
default_pipelines: [rest]
table:
  - context: span
    condition: name == "get"
    pipelines: [a]
  - context: span
    condition: attributes["n"] > 1000
    pipelines: [b]`

func TestTraces_Resource(t *testing.T) {
	play(t, pipeline.SignalTraces, []scene{
		{
			name: "EachToItsRow", config: byTenant,
			batch: "acme(http(get put)) globex(http(get)) other(db(query)) acme(db(query))",
			want: `a: acme(http(get put)) acme(db(query))
			       b: globex(http(get))
			       rest: other(db(query))`,
		},
		{name: "NothingIsLeftForTheDefault", config: byTenant, batch: "acme(http(get))", want: `a: acme(http(get))`},
		{name: "NothingMatches", config: byTenant, batch: "x(http(get)) y(http(put))", want: `rest: x(http(get)) y(http(put))`},
		{name: "EmptyBatchGoesNowhere", config: byTenant, batch: "", want: ``},
		{name: "EmptyResourceIsRoutedLikeAnother", config: byTenant, batch: "acme other(http)", want: `
			a: acme()
			rest: other(http())`},
		{
			name: "WithoutDefaultTheRestIsDropped", config: `
table:
  - condition: attributes["name"] == "acme"
    pipelines: [a]`,
			batch: "acme(http(get)) other(http(get))", want: `a: acme(http(get))`,
		},
		{
			name: "FirstMatchWins", config: `
table:
  - context: resource
    condition: IsMatch(attributes["name"], "^a")
    pipelines: [a]
  - condition: IsMatch(attributes["name"], "e$")
    pipelines: [b]`,
			batch: "acme(http(get)) globe(http(get)) amber(http(get))",
			want: `a: acme(http(get)) amber(http(get))
			       b: globe(http(get))`,
		},
		{
			name: "SeveralPipelinesEachGetAll", config: `
table:
  - condition: attributes["name"] == "acme"
    pipelines: [a, b]`,
			batch: "acme(http(get))",
			want: `a: acme(http(get))
			       b: acme(http(get))`,
		},
		{
			name: "StatementWithoutWhereMatchesAll", config: `
table:
  - statement: route()
    pipelines: [a]`,
			batch: "acme(http(get))", want: `a: acme(http(get))`,
		},
		{
			name: "RoutingKeyIsDeleted", config: `
table:
  - statement: delete_key(attributes, "name") where attributes["name"] == "acme"
    pipelines: [a]`,
			batch: "acme(http(get))", want: `a: !schema/acme(http(get))`,
		},
		{
			name: "RoutingKeysAreDeletedByPattern", config: `
table:
  - statement: delete_matching_keys(attributes, "^na") where attributes["name"] == "acme"
    pipelines: [a]`,
			batch: "acme(http(get))", want: `a: !schema/acme(http(get))`,
		},
		{
			name: "EqualListsOfPipelinesGetOneBatch", config: `
default_pipelines: [a]
table:
  - condition: attributes["name"] == "acme"
    pipelines: [a]
  - condition: attributes["name"] == "globex"
    pipelines: [b]
  - condition: attributes["name"] == "hooli"
    pipelines: [a]`,
			batch: "x(http(get)) hooli(http(get)) globex(http(get)) acme(http(get))",
			want: `a: acme(http(get)) hooli(http(get)) x(http(get))
			       b: globex(http(get))`,
		},
	})
}

func TestTraces_Span(t *testing.T) {
	play(t, pipeline.SignalTraces, []scene{
		{
			name: "SpansPartAndKeepResourceAndScope", config: bySpan,
			batch: "acme(http(get put:2000 post) db(get)) globex(http(get get:2000))",
			want: `a: acme(http(get) db(get)) globex(http(get get:2000))
			       b: acme(http(put:2000))
			       rest: acme(http(post))`,
		},
		{name: "MovedEmptyLeavesNothing", config: bySpan, batch: "acme(http(get) db(get))", want: `a: acme(http(get) db(get))`},
		{name: "NothingMatches", config: bySpan, batch: "acme(http(put) db(query))", want: `rest: acme(http(put) db(query))`},
		{
			name: "ByResourceAndScope", config: `
default_pipelines: [rest]
table:
  - context: span
    condition: resource.attributes["name"] == "acme" and instrumentation_scope.name == "db"
    pipelines: [a]`,
			batch: "acme(http(get) db(get)) globex(db(get))",
			want: `a: acme(db(get))
			       rest: acme(http(get)) globex(db(get))`,
		},
		{
			name: "RootSpans", config: `
default_pipelines: [rest]
table:
  - context: span
    condition: IsRootSpan()
    pipelines: [a]`,
			batch: "acme(http(get))", want: `a: acme(http(get))`,
		},
		{
			name: "SpanThenResource", config: `
default_pipelines: [rest]
table:
  - context: span
    condition: name == "get"
    pipelines: [a]
  - context: resource
    condition: attributes["name"] == "acme"
    pipelines: [b]`,
			batch: "acme(http(get put)) globex(http(get put))",
			want: `a: acme(http(get)) globex(http(get))
			       b: acme(http(put))
			       rest: globex(http(put))`,
		},
		{
			name: "ContextOfAnotherSignalNeverMatches", config: `
default_pipelines: [rest]
table:
  - context: log
    condition: "true"
    pipelines: [a]`,
			batch: "acme(http(get))", want: `rest: acme(http(get))`,
		},
	})
}

func TestTraces_Copy(t *testing.T) {
	play(t, pipeline.SignalTraces, []scene{
		{
			name: "ResourceIsCopiedAndSpansMoveOn", config: `
default_pipelines: [rest]
table:
  - condition: attributes["name"] == "prod"
    action: copy
    pipelines: [a]
  - context: span
    condition: attributes["n"] > 1000
    pipelines: [b]`,
			batch: "prod(http(get put:2000)) dev(http(get:3000))",
			want: `a: prod(http(get put:2000))
			       b: prod(http(put:2000)) dev(http(get:3000))
			       rest: prod(http(get))`,
		},
		{
			name: "CopiedSpansStay", config: `
default_pipelines: [rest]
table:
  - context: span
    condition: name == "get"
    action: copy
    pipelines: [a]`,
			batch: "acme(http(get put) db(get) empty) bare",
			want: `a: acme(http(get) db(get))
			       rest: acme(http(get put) db(get) empty()) bare()`,
		},
		{
			name: "TwoCopiesToOnePipeline", config: `
table:
  - condition: "true"
    action: copy
    pipelines: [a]
  - context: span
    condition: "true"
    action: copy
    pipelines: [a]`,
			batch: "acme(http(get))", want: `a: acme(http(get)) acme(http(get))`,
		},
		{
			name: "SameConditionAgainAfterACopy", config: `
default_pipelines: [rest]
table:
  - condition: attributes["name"] == "acme"
    action: copy
    pipelines: [a]
  - condition: attributes["name"] == "acme"
    action: move
    pipelines: [b]`,
			batch: "acme(http(get))",
			want: `a: acme(http(get))
			       b: acme(http(get))`,
		},
		{
			name: "DeletedBeforeTheCopyIsDeletedInBoth", config: `
default_pipelines: [rest]
table:
  - statement: delete_key(attributes, "name") where attributes["name"] == "acme"
    action: copy
    pipelines: [a]`,
			batch: "acme(http(get))",
			want: `a: !schema/acme(http(get))
			       rest: !schema/acme(http(get))`,
		},
	})
}
