package routing

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
)

// rule is a row at work: it moves or copies what the row matches from one batch to the end of another. What could not
// be evaluated stays where it is.
type rule[D any] func(ctx context.Context, from, to D) failures

// ruleMaker makes the rule of a row in one context.
type ruleMaker[D any] func(Row) (rule[D], error)

// evaluated is what an OTTL statement is evaluated for: a view of telemetry, from a pool to which Close returns it.
type evaluated interface{ Close() }

// taking makes rules that are evaluated for each K in the batch; take walks the batch, and moves or copies each K that
// matches.
func taking[K evaluated, D any](
	parse func(text string) (*ottl.Statement[K], error),
	take func(from, to D, moves bool, matches func(K) bool),
) ruleMaker[D] {
	return func(row Row) (rule[D], error) {
		statement, err := parse(row.text())
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, from, to D) (failed failures) {
			take(from, to, row.moves(), func(k K) bool {
				defer k.Close()
				_, matched, err := statement.Execute(ctx, k)
				if err != nil {
					failed.add(err)
					return false
				}
				return matched
			})
			return failed
		}, nil
	}
}

// takingAll makes rules of context request, which concern the batch as a whole.
func takingAll[D any](moveAll, copyAll func(from, to D)) ruleMaker[D] {
	return func(row Row) (rule[D], error) {
		condition, err := parseComparison(row.text())
		if err != nil {
			return nil, err
		}
		take := copyAll
		if row.moves() {
			take = moveAll
		}
		return func(ctx context.Context, from, to D) failures {
			if condition.holds(ctx) {
				take(from, to)
			}
			return failures{}
		}, nil
	}
}

// never is the rule of a row whose context has no place in the signal.
func never[D any](context.Context, D, D) failures { return failures{} }
