package agent

import (
	"bytes"
	"math"
)

// Usage is tokens, counted the same way whoever wrote them: Input has those read from a cache and written to it in
// it, Output those spent on reasoning.
type Usage struct{ Input, CacheRead, CacheWrite, Output, Reasoning int64 }

// Total is Input and Output together.
func (u Usage) Total() int64 { return addCount(u.Input, u.Output) }

func (u *Usage) add(o *compactUsage) {
	u.Input = addCount(u.Input, int64(o.input))
	u.CacheRead = addCount(u.CacheRead, int64(o.read))
	u.CacheWrite = addCount(u.CacheWrite, int64(o.write))
	u.Output = addCount(u.Output, int64(o.output))
	u.Reasoning = addCount(u.Reasoning, int64(o.reasoning))
}

func (u *compactUsage) whole() (w Usage) {
	w.add(u)
	return w
}

// usage returns what the span says it used, in canonical counts, and false if it says nothing.
func (r *reading) usage() (u compactUsage, said bool) {
	input, hasInput := r.number(roleInput)
	output, hasOutput := r.number(roleOutput)
	if !hasInput && !hasOutput {
		return u, false
	}
	read, _ := r.number(roleRead)
	write, hasWrite := r.number(roleWrite)
	if more, has := r.number(roleWriteMore); has && (!hasWrite || r.apart()) {
		write += more
	}
	reasoning, _ := r.number(roleReasoning)
	inputMore, apart := r.number(roleInputMore)
	outputMore, _ := r.number(roleOutputMore)
	switch {
	case apart:
		input += inputMore
	case hasInput && r.excludesCache(input, output, read, write):
		input += read + write
	}
	input = max(input, read+write)
	output += outputMore
	if reasoning > output {
		output += reasoning // which it can only exceed if it is not in it
	}
	return compactUsage{small(input), small(read), small(write), small(output), small(reasoning)}, true
}

// apart tells whether the parts of what was written to a cache stand beside the rest of it, not in it.
func (r *reading) apart() bool { return r.dialects.has(Langfuse) }

// excludesCache tells whether the input does not have in it what was read from a cache and written to it: by the numbers
// where they prove it, else by what is known of the library.
func (r *reading) excludesCache(input, output, read, write float64) bool {
	cached := read + write
	if cached == 0 {
		return false
	}
	if cached > input {
		return true
	}
	total, hasTotal := r.number(roleTotal)
	if hasTotal && total == input+output+cached {
		return true
	}
	byLibrary := r.libraryExcludes()
	if hasTotal && total == input+output && !byLibrary {
		return false
	}
	return byLibrary
}

// libraryExcludes is what is known of libraries that count cached tokens apart from the input.
func (r *reading) libraryExcludes() bool {
	switch {
	case r.dialects.has(ClaudeCode):
		return true
	case r.dialects.has(OpenInference), r.dialects.has(LangSmith):
		return false
	case r.dialects.has(OpenLIT):
		return r.ofAnthropic()
	case r.dialects.has(Strands):
		return r.ofAnthropic() || bytes.Contains(r.text(roleProvider), []byte("bedrock")) || r.frameworkOnly()
	case r.dialects.has(Vercel): // until version 5; from 6 on the details tell what is in the input
		return r.ofAnthropic() && !r.hasDetails()
	case r.dialects.has(Traceloop):
		scope := r.x.Scopes[r.span.Scope].Name.In(r.body)
		return r.ofAnthropic() && bytes.HasPrefix(scope, []byte("@traceloop/"))
	}
	return false
}

// frameworkOnly tells whether the provider is not said, as by Strands, which most run with Bedrock.
func (r *reading) frameworkOnly() bool {
	return len(r.provider()) == 0 && !bytes.HasPrefix(r.text(roleAsked), []byte("gpt"))
}

// hasDetails tells whether the AI SDK wrote the details of version 6, or is version 7 and writes no keys of its own.
func (r *reading) hasDetails() bool {
	for i := r.span.Attrs.From; i < r.span.OwnTo; i++ {
		switch r.plan.keys.Name(r.x.Attrs[i].Key) {
		case "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.inputTokenDetails.cacheWriteTokens", "ai.usage.outputTokenDetails.reasoningTokens":
			return true
		}
	}
	return string(r.x.Scopes[r.span.Scope].Name.In(r.body)) == "gen_ai"
}

// ofAnthropic tells whether the model is one of Anthropic's.
func (r *reading) ofAnthropic() bool {
	word := lower(cut(r.text(roleProvider), len(r.word)), r.word[:], 0, 0)
	if bytes.Contains(word, []byte("anthropic")) {
		return true
	}
	return bytes.Contains(r.text(roleAsked), []byte("claude")) || bytes.Contains(r.text(roleAnswered), []byte("claude"))
}

// small is a number of tokens as a compactUsage has it.
func small(v float64) uint32 { return uint32(min(v, math.MaxUint32)) }
