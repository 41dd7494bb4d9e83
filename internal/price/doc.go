// Package price says what a model call costs.
//
// A Table knows prices by provider, model and time: for input, cached input, cache writes, output, reasoning and requests,
// with the prices of long contexts, batches and service tiers. The built-in one is prices.json, which generate/generate.py
// makes from the genai-prices data; With lays a user's prices.yaml on top. A call that no price is known for is unpriced,
// and says so: no price is guessed from a similar name, and none from a provider that the call did not go to.
//
// Money is counted in integers, femtodollars, and becomes a float only when it leaves, so that equal calls cost exactly
// the same wherever and in whatever order they are summed in nanodollars.
package price
