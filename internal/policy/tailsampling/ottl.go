package tailsampling

import (
	"context"
	"strings"
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspanevent"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

type (
	spanContext  = *ottlspan.TransformContext
	eventContext = *ottlspanevent.TransformContext
)

// silence is the telemetry of OTTL, which would log what conditions fail on.
var silence = component.TelemetrySettings{Logger: zap.NewNop()}

// The languages of conditions take milliseconds to set up and are safe for concurrent use, so there is one of each.
// Paths may name their context; those that do not are of the span, or of its event.
var (
	spanLanguage = sync.OnceValues(func() (*ottl.ParserCollection[[]*ottl.Condition[spanContext]], error) {
		functions := ottlfuncs.StandardConverters[spanContext]()
		isRoot := ottlfuncs.NewIsRootSpanFactory()
		functions[isRoot.Name()] = isRoot
		p, err := ottlspan.NewParser(functions, silence, ottlspan.EnablePathContextNames())
		if err != nil {
			return nil, err
		}
		return newLanguage(ottlspan.ContextName, &p)
	})
	eventLanguage = sync.OnceValues(func() (*ottl.ParserCollection[[]*ottl.Condition[eventContext]], error) {
		p, err := ottlspanevent.NewParser(ottlfuncs.StandardConverters[eventContext](), silence, ottlspanevent.EnablePathContextNames())
		if err != nil {
			return nil, err
		}
		return newLanguage(ottlspanevent.ContextName, &p)
	})
)

func newLanguage[K any](name string, p *ottl.Parser[K]) (*ottl.ParserCollection[[]*ottl.Condition[K]], error) {
	plain := func(_ *ottl.ParserCollection[[]*ottl.Condition[K]], _ ottl.ConditionsGetter, c []*ottl.Condition[K]) ([]*ottl.Condition[K], error) {
		return c, nil
	}
	return ottl.NewParserCollection(silence, ottl.WithParserCollectionContext(name, p, ottl.WithConditionConverter(plain)))
}

// parseOTTL reads one condition.
func parseOTTL[K any](language func() (*ottl.ParserCollection[[]*ottl.Condition[K]], error), name, text string) ([]*ottl.Condition[K], error) {
	l, err := language()
	if err != nil {
		return nil, err
	}
	return l.ParseConditionsWithContext(name, ottl.NewConditionsGetter([]string{text}), true)
}

// ottlNode samples traces with a span or an event of which a condition holds.
type ottlNode struct {
	observed []told // of the conditions that are told while spans arrive
	untold   bool   // there are others
	strict   bool   // what fails counts, so that what came before it has to be known

	// What OTTL is asked where that is needed: the conditions that are not told or may be unclear, and all if strict.
	spans  *ottl.ConditionSequence[spanContext]  // nil without
	events *ottl.ConditionSequence[eventContext] // nil without
}

// decodes tells whether the node may have to ask for the spans.
func (n *ottlNode) decodes() bool { return n.spans != nil || n.events != nil }

// told tells from a Fold whether a condition holds; false where the spans have to be asked.
func (n *ottlNode) told(f *Fold) (sampled, ok bool) {
	ok = !n.untold
	for i := range n.observed {
		at := &n.observed[i]
		sampled = sampled || f.has(at.bit)
		ok = ok && !(at.doubts && f.has(at.doubt))
	}
	return sampled, ok || sampled && !n.strict
}

func (n *ottlNode) eval(t *trial) vote {
	if sampled, ok := n.told(t.fold); ok {
		return sure(sampledIf(sampled))
	}
	traces, err := t.spans()
	if err != nil {
		return sure(Failed)
	}
	holds, err := n.hold(traces)
	if err != nil {
		return sure(Failed)
	}
	return sure(sampledIf(holds))
}

// hold asks for each span its conditions, then for each of its events theirs. The first that holds, or fails where
// that counts, decides.
func (n *ottlNode) hold(traces ptrace.Traces) (bool, error) {
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				if holds, err := n.holdFor(resource, scope, span); holds || err != nil {
					return holds, err
				}
			}
		}
	}
	return false, nil
}

func (n *ottlNode) holdFor(resource ptrace.ResourceSpans, scope ptrace.ScopeSpans, span ptrace.Span) (bool, error) {
	if n.spans != nil {
		c := ottlspan.NewTransformContext(resource, scope, span)
		holds, err := n.spans.Eval(context.Background(), c)
		c.Close()
		if holds || err != nil {
			return holds, err
		}
	}
	if n.events == nil {
		return false, nil
	}
	for _, event := range span.Events().All() {
		c := ottlspanevent.NewTransformContext(resource, scope, span, event)
		holds, err := n.events.Eval(context.Background(), c)
		c.Close()
		if holds || err != nil {
			return holds, err
		}
	}
	return false, nil
}

// ottl compiles a policy of OTTL conditions.
func (c *compiler) ottl(p *Policy, path string) node {
	cfg := &p.OTTLCondition
	if len(cfg.SpanConditions)+len(cfg.SpanEventConditions) == 0 {
		c.fault(p.At, "", "%s: ottl_condition has no conditions", path)
		return nil
	}
	var spans []*ottl.Condition[spanContext]
	var events []*ottl.Condition[eventContext]
	for i, text := range cfg.SpanConditions {
		parsed, err := parseOTTL(spanLanguage, ottlspan.ContextName, text)
		c.conditionFault(p, path, "ottl_condition.span", i, err)
		spans = append(spans, parsed...)
	}
	for i, text := range cfg.SpanEventConditions {
		parsed, err := parseOTTL(eventLanguage, ottlspanevent.ContextName, text)
		c.conditionFault(p, path, "ottl_condition.spanevent", i, err)
		events = append(events, parsed...)
	}
	if len(spans)+len(events) != len(cfg.SpanConditions)+len(cfg.SpanEventConditions) {
		return nil
	}
	return c.observe(cfg, spans, events)
}

// observe lets spans be asked while they arrive, where the answer is OTTL's. In the mode that lets failures count a
// condition that fails hides what holds on a later span, so there it is all conditions or none.
func (c *compiler) observe(cfg *OTTLConditionConfig, spans []*ottl.Condition[spanContext], events []*ottl.Condition[eventContext]) node {
	n := &ottlNode{strict: cfg.ErrorMode == PropagateError}
	none := n.strict && !observable(cfg)
	ask := func(text string, events bool) bool {
		told, ok := parseCondition(text, events, c.shape)
		if none || !ok {
			n.untold = true
			return true
		}
		n.observed = append(n.observed, c.shape.condition(text, told, events))
		return told.doubts()
	}
	restOfSpans := restOf(cfg.SpanConditions, spans, func(text string) bool { return ask(text, false) })
	restOfEvents := restOf(cfg.SpanEventConditions, events, func(text string) bool { return ask(text, true) })
	if n.strict && len(restOfSpans)+len(restOfEvents) > 0 {
		restOfSpans, restOfEvents = spans, events
	}
	mode := ottl.ErrorMode(cfg.ErrorMode)
	if len(restOfSpans) > 0 {
		s := ottlspan.NewConditionSequence(restOfSpans, silence, ottlspan.WithConditionSequenceErrorMode(mode))
		n.spans = &s
	}
	if len(restOfEvents) > 0 {
		s := ottlspanevent.NewConditionSequence(restOfEvents, silence, ottlspanevent.WithConditionSequenceErrorMode(mode))
		n.events = &s
	}
	return n
}

// restOf returns the conditions whose text OTTL may have to be asked.
func restOf[K any](texts []string, all []*ottl.Condition[K], ask func(text string) bool) (rest []*ottl.Condition[K]) {
	for i, text := range texts {
		if ask(text) {
			rest = append(rest, all[i])
		}
	}
	return rest
}

// observable tells whether all conditions can be told while spans arrive.
func observable(cfg *OTTLConditionConfig) bool {
	for _, text := range cfg.SpanConditions {
		if _, ok := parseCondition(text, false, newShape()); !ok {
			return false
		}
	}
	for _, text := range cfg.SpanEventConditions {
		if _, ok := parseCondition(text, true, newShape()); !ok {
			return false
		}
	}
	return true
}

// conditionFault notes what OTTL says of a condition.
func (c *compiler) conditionFault(p *Policy, path, list string, i int, err error) {
	if err == nil {
		return
	}
	at := indexed(list, i)
	c.fault(p.place(at), "", "%s.%s: %s", path, at, strings.Join(strings.Fields(err.Error()), " "))
}
