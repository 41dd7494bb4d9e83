package agent

// role is what an attribute says about its span, whatever the key it was written under. Those before roleInput are
// texts, the others numbers. Those before roleAgent say what the span did; from there to roleInput who did it for whom,
// which may also stand on the resource or the scope.
type role uint8

const (
	roleNone         role = iota
	roleKind              // what the span is: a word of the row's dictionary
	roleMark              // nothing but the dialect that it belongs to
	roleEntity            // name of the tool or agent, by the span's kind
	roleAsked             // the model that was asked for
	roleAnswered          // the model that answered
	roleProvider          // whose model it is
	roleResponse          // id of the model's response
	roleFinish            // why the model stopped: one word or a list
	roleTool              // name of the tool
	roleArguments         // what the tool was given
	roleShape             // names of a tool's arguments, without their values
	roleResult            // what the tool said
	roleError             // the type of an error
	roleException         // the type of an exception, on an event
	roleFailure           // a word of the row's that says the span failed, whatever its status
	roleStream            // whether the answer was streamed
	roleBlocked           // a word of the row's that says a guardrail tripped
	roleApproval          // a word of the row's, or any, that says a person was asked
	roleTier              // batch, priority and the like
	roleHidden            // a word of the row's that says the span is none
	roleSystem            // the system's instructions; content
	roleToolset           // the tools that a model may ask for; content
	roleFirstRole         // whose the first message of the input is
	roleFirstContent      // what it says; content
	rolePrompt            // name of the prompt
	rolePromptVersion
	roleIncident

	roleAgent
	roleSession
	roleUser
	roleTenant
	roleFeature
	roleService
	roleEnvironment
	roleVersion // of what is deployed

	roleInput        // tokens that went into a model
	roleInputMore    // to be added to it
	roleOutput       // tokens that came out of it
	roleOutputMore   // to be added to it
	roleTotal        // both
	roleRead         // tokens read from a cache
	roleWrite        // tokens written to a cache
	roleWriteMore    // to be added to it
	roleReasoning    // tokens spent on thinking
	roleCost         // USD
	roleCostInput    // USD, of the input
	roleCostOutput   // USD, of the output
	roleTTFT         // seconds to the first token
	roleTTFTMillis   // milliseconds to the first token
	roleTopScore     // the best score of a retrieval
	roleScore        // the score of a document; higher is better
	roleDistance     // the distance of a document; lower is better
	roleAttempt      // which attempt the span is, from 1
	roleResend       // how often the request had been sent before
	roleHTTPStatus   // of the response
	roleGuardsFailed // guardrails that tripped
	rolesN
)

const numbersN = rolesN - roleInput

// isNumber tells whether the role is read as a number.
func (r role) isNumber() bool { return r >= roleInput }

// adds tells whether all values of the role on a span count together, where of others the first alone does.
func (r role) adds() bool {
	return r == roleInputMore || r == roleOutputMore || r == roleWriteMore
}

// most is the largest value of a number that can be meant. What is larger is counted as invalid.
func (r role) most() float64 {
	switch r {
	case roleCost, roleCostInput, roleCostOutput:
		return maxCost
	case roleTTFT:
		return maxTTFT
	case roleTTFTMillis:
		return maxTTFT * 1000
	case roleTopScore, roleScore, roleDistance:
		return 1e18
	case roleAttempt, roleResend:
		return 1000
	}
	return maxTokens
}

// Bounds of what one span can say.
const (
	maxTokens = 1e9 // of one call
	maxCost   = 1e6 // USD of one call
	maxTTFT   = 24 * 3600
)

// least is the smallest value that can be meant.
func (r role) least() float64 {
	switch r {
	case roleTopScore, roleScore, roleDistance:
		return -1e18
	}
	return 0
}

// noSession lists what instrumentations write when they know no session. Compared without regard to case.
var noSession = []string{"", "0", "1", "null", "none", "undefined", "default", "unknown"}
