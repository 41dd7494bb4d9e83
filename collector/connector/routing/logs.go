package routing

import (
	"sync"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
)

var logs = signal[plog.Logs, consumer.Logs]{
	newBatch:  plog.NewLogs,
	resourceN: func(ld plog.Logs) int { return ld.ResourceLogs().Len() },
	moveAll:   moveLogs,
	consume:   consumer.Logs.ConsumeLogs,
	rules: map[string]ruleMaker[plog.Logs]{
		contextRequest:  takingAll(moveLogs, plog.Logs.CopyTo),
		contextResource: taking(parseResource, takeResourceLogs),
		contextLog:      taking(parseLog, takeRecords),
	},
}

func moveLogs(from, to plog.Logs) { from.ResourceLogs().MoveAndAppendTo(to.ResourceLogs()) }

func takeResourceLogs(from, to plog.Logs, moves bool, matches func(*ottlresource.TransformContext) bool) {
	sift(from.ResourceLogs(), to.ResourceLogs, moves, func(rl plog.ResourceLogs) bool {
		return matches(ottlresource.NewTransformContext(rl.Resource(), rl))
	})
}

// takeRecords gives each resource and scope of a taken record once to the other batch. A move removes the resources and
// scopes in which no record is left.
func takeRecords(from, to plog.Logs, moves bool, matches func(*ottllog.TransformContext) bool) {
	from.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		resource := sync.OnceValue(func() plog.ResourceLogs {
			taken := to.ResourceLogs().AppendEmpty()
			rl.Resource().CopyTo(taken.Resource())
			taken.SetSchemaUrl(rl.SchemaUrl())
			return taken
		})
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			scope := sync.OnceValue(func() plog.ScopeLogs {
				taken := resource().ScopeLogs().AppendEmpty()
				sl.Scope().CopyTo(taken.Scope())
				taken.SetSchemaUrl(sl.SchemaUrl())
				return taken
			})
			records := func() plog.LogRecordSlice { return scope().LogRecords() }
			return sift(sl.LogRecords(), records, moves, func(lr plog.LogRecord) bool {
				return matches(ottllog.NewTransformContext(rl, sl, lr))
			})
		})
		return moves && rl.ScopeLogs().Len() == 0
	})
}
