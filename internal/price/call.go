package price

import "time"

// Usage is the tokens of one call. Input includes CacheRead and CacheWrite, and Output includes Reasoning.
type Usage struct {
	Input, CacheRead, CacheWrite, Output, Reasoning int64
}

// Valid tells whether the counts can be true together: none is negative, and no part exceeds its whole.
func (u Usage) Valid() bool {
	return u.Input >= 0 && u.CacheRead >= 0 && u.CacheWrite >= 0 && u.Output >= 0 && u.Reasoning >= 0 &&
		u.CacheRead <= u.Input && u.CacheWrite <= u.Input-u.CacheRead && u.Reasoning <= u.Output
}

// Call is one model call. Its texts are not kept, so they may point into memory that is used again.
type Call struct {
	// Provider is who was called, as spans name it ("openai", "aws.bedrock", "azure.ai.openai"). If it is empty, or
	// names a framework or gateway that resells others, the model's name tells.
	Provider string
	// Model is the model's name as the response gives it. If it is empty or has no price, RequestModel is looked up.
	Model string
	// RequestModel is the model's name as the request gave it. May be empty.
	RequestModel string
	// At is when the call was made. The zero time means the newest price, whatever the time of day.
	At    time.Time
	Usage Usage
	// Batch says that the call was part of a batch. A model without a batch price costs the same in one.
	Batch bool
	// ServiceTier is the tier as the response names it ("flex", "priority", "fast"). If it is empty or has no price of
	// its own, the call costs the standard price.
	ServiceTier string
}
