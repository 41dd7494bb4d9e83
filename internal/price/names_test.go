package price_test

import (
	"testing"
	"time"

	"github.com/tailwise/tailwise/internal/price"
)

// TestMatch_NamesInSpans says which prices a span's names lead to. An empty want is an unpriced call.
func TestMatch_NamesInSpans(t *testing.T) {
	for _, c := range []struct{ provider, model, want string }{
		// As the conventions name providers, old and new.
		{"openai", "gpt-4o", "openai/gpt-4o"},
		{"OpenAI", " GPT-4o ", "openai/gpt-4o"},
		{"anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"},
		{"gcp.gemini", "gemini-2.5-pro", "google/gemini-2.5-pro"},
		{"gcp.gen_ai", "gemini-2.5-pro", "google/gemini-2.5-pro"},
		{"vertex_ai", "gemini-2.5-pro", "google/gemini-2.5-pro"},
		{"x_ai", "grok-4.5", "x-ai/grok-4.5"},
		{"mistral_ai", "mistral-large-latest", "mistral/mistral-large"},
		{"moonshot_ai", "kimi-k2-0905-preview", "moonshotai/kimi-k2-0905-preview"},
		{"ibm.watsonx.ai", "granite-3", ""},
		// Azure sells OpenAI's models at OpenAI's prices; some it prices itself.
		{"azure.ai.openai", "gpt-4o", "openai/gpt-4o"},
		{"az.ai.openai", "o3-mini", "azure/o3-mini"},
		{"azure_openai", "gpt-35-turbo", "openai/gpt-3.5-turbo"},
		{"azure.ai.openai", "my-deployment", ""},
		// What libraries write.
		{"openai.chat", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"},
		{"groq.chat", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"},
		{"google.generative-ai", "models/gemini-2.5-flash", "google/gemini-2.5-flash"},
		{"google.vertex.chat", "publishers/google/models/gemini-2.5-flash", "google/gemini-2.5-flash"},
		{"amazon-bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"xai.chat", "grok-4.5", "x-ai/grok-4.5"},
		// Bedrock: regions that differ in price, regions that do not, and ARNs.
		{"aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"aws.bedrock", "apac.anthropic.claude-opus-4-8-v1:0", "aws/regional.anthropic.claude-opus-4-8-v1:0"},
		{"aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0", "aws/amazon.nova-lite-v1:0"},
		{"aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3", ""},
		{"", "us.amazon.nova-pro-v1:0", "aws/amazon.nova-pro-v1:0"},
		// Days and revisions that the data does not list.
		{"openai", "gpt-4o-2031-01-31", "openai/gpt-4o"},
		{"openai", "gpt-4o-20310131", "openai/gpt-4o"},
		{"openai", "gpt-4o-2031-13-31", ""},
		{"google", "claude-sonnet-4@20250514", "google/claude-4-sonnet"},
		{"google", "gemini-2.5-pro@default", "google/gemini-2.5-pro"},
		// Without a provider, and behind frameworks and gateways, the model's name tells.
		{"", "gpt-4o", "openai/gpt-4o"},
		{"langchain", "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"},
		{"gcp.vertex.agent", "gemini-2.5-pro", "google/gemini-2.5-pro"},
		{"litellm", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"},
		{"litellm", "vertex_ai/gemini-2.5-pro", "google/gemini-2.5-pro"},
		{"litellm", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"litellm", "sagemaker/gpt-4o", ""},
		{"gateway", "openai/gpt-4o", "openai/gpt-4o"},
		{"", "litellm/openai/gpt-4o", "openai/gpt-4o"},
		{"", "openrouter/openai/gpt-4o", "openrouter/openai/gpt-4o"},
		// What must not be guessed: others' models behind a vendor's protocol, and what runs at home.
		{"openai", "claude-sonnet-4-5", ""},
		{"", "openai/deepseek-r1", ""},
		{"ollama", "gpt-4o", ""},
		{"vllm", "deepseek-chat", ""},
		{"", "ollama/deepseek-chat", ""},
		{"", "my-own-model", ""},
		{"", "", ""},
		{"openai", "", ""},
		{"openai", "/", ""},
	} {
		got, ok := price.BuiltIn().Match(c.provider, c.model)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("provider %q, model %q: got %q, want %q", c.provider, c.model, got, c.want)
		}
	}
}

func TestCost_ResponseModelBeforeRequestModel(t *testing.T) {
	usage := price.Usage{Input: 1_000_000}
	for _, c := range []struct {
		model, request string
		want           float64
		ok             bool
	}{
		{"gpt-4o", "gpt-4o-mini", 2.5, true},
		{"my-deployment", "gpt-4o-mini", 0.15, true},
		{"", "gpt-4o-mini", 0.15, true},
		{"my-deployment", "", 0, false},
		{"", "", 0, false},
	} {
		got, ok := price.BuiltIn().Cost(price.Call{Provider: "openai", Model: c.model, RequestModel: c.request, Usage: usage})
		if got != c.want || ok != c.ok {
			t.Errorf("model %q, request model %q: got $%v, %v, want $%v, %v", c.model, c.request, got, ok, c.want, c.ok)
		}
	}
}

func TestCost_WithoutATimeIsTheNewest(t *testing.T) {
	call := price.Call{Provider: "deepseek", Model: "deepseek-chat", Usage: price.Usage{Input: 1_000_000, Output: 1_000_000}}
	newest, ok := price.BuiltIn().Cost(call)
	call.At = time.Date(2099, 1, 1, 20, 0, 0, 0, time.UTC)
	later, _ := price.BuiltIn().Cost(call)
	if !ok || newest != later || newest == 0 {
		t.Errorf("got $%v, %v, want what it costs in 2099 outside of hours with other prices, $%v", newest, ok, later)
	}
}
