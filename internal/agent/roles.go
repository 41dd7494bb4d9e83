package agent

// role is what an attribute says about its span, whatever the key it was written under. Those before roleAgent say
// what the span did; from there on who did it for whom, which may also stand on the resource or the scope.
type role uint8

const (
	roleNone      role = iota
	roleOperation      // what kind of step the span is
	roleInput          // tokens that went into a model
	roleOutput         // tokens that came out of it
	roleAsked          // the model that was asked for
	roleAnswered       // the model that answered
	roleAgent
	roleSession
	roleUser
	roleTenant
	roleFeature
	roleService
	roleEnvironment
	rolesN
)

// keys is everything that the built-in facts read. Of several keys with one role on one span the first in this
// table that has a usable value counts; they are never added, as instrumentations write old and new names of the
// same number side by side.
var keys = []struct {
	key  string
	role role
}{
	{"gen_ai.operation.name", roleOperation},

	{"gen_ai.usage.input_tokens", roleInput},
	{"gen_ai.usage.prompt_tokens", roleInput}, // until semantic conventions 1.26
	{"gen_ai.usage.output_tokens", roleOutput},
	{"gen_ai.usage.completion_tokens", roleOutput}, // until semantic conventions 1.26

	{"gen_ai.response.model", roleAnswered},
	{"gen_ai.request.model", roleAsked},

	{"gen_ai.agent.name", roleAgent},

	{"gen_ai.conversation.id", roleSession},
	{"session.id", roleSession},
	{"user.id", roleUser},
	{"enduser.id", roleUser},
	{"tenant.id", roleTenant},
	{"feature.name", roleFeature},

	{"service.name", roleService},
	{"deployment.environment.name", roleEnvironment},
	{"deployment.environment", roleEnvironment}, // until semantic conventions 1.27
}

// operation is what kind of step a span is, as far as counting goes.
type operation uint8

const (
	// opOther is an operation around model calls, or one that this build does not know. Its tokens may repeat those
	// of the spans below it, so they count only where no call to a model says any.
	opOther operation = iota
	opCall            // a call to a language model
	opTool            // a tool at work
	opEmbed           // a call to an embedding model: names a model, but is not an LLM call
	opPoll            // asks for a response that another span has paid for: tells nothing
)

// operations reads gen_ai.operation.name. What is not here is opOther, as invoke_agent, invoke_workflow,
// create_agent, plan and retrieval are.
var operations = map[string]operation{
	"chat":             opCall,
	"generate_content": opCall,
	"text_completion":  opCall,
	"execute_tool":     opTool,
	"embeddings":       opEmbed,
	"fetch_response":   opPoll,
}

// noSession lists what instrumentations write when they know no session. Compared without regard to case.
var noSession = []string{"", "0", "1", "null", "none", "undefined", "default", "unknown"}
