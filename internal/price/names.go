package price

import (
	"regexp"
	"slices"
	"strings"
)

// anyVendor stands for "the span does not say who was called": the model's name has to tell.
const anyVendor = "*"

// vendorNames are names of providers in spans that the price data does not know, or takes for another's: semantic
// conventions old and new, and what libraries write instead.
var vendorNames = map[string]string{
	"amazon": "aws", "aws.bedrock": "aws", "aws_bedrock": "aws", "bedrock": "aws", "bedrock_converse": "aws",
	"gcp": "google", "gcp.gen_ai": "google", "gcp.gemini": "google", "gcp.vertex_ai": "google", "genai": "google",
	"vertex": "google", "vertex_ai": "google", "vertexai": "google", "gemini": "google", "cohere_chat": "cohere",
	"x_ai": "x-ai", "x.ai": "x-ai", "xai": "x-ai",
	"moonshot": "moonshotai", "moonshot_ai": "moonshotai",
	"together.ai": "together", "togetherai": "together", "together_ai": "together", "together-ai": "together",
	"fireworks_ai": "fireworks", "fireworks-ai": "fireworks", "fireworks.ai": "fireworks",
	"z.ai": "zai", "z_ai": "zai", "z-ai": "zai",
	"novita_ai": "novita", "novita-ai": "novita", "zhipu": "zhipuai", "zhipu_ai": "zhipuai",
	"perplexity_ai": "perplexity", "perplexityai": "perplexity", "deep_seek": "deepseek",
	// What runs there has no price by the token.
	"aws.sagemaker": "", "amazon.sagemaker": "", "sagemaker": "",

	// Frameworks and gateways call others.
	"": anyVendor, "unknown": anyVendor,
	"litellm": anyVendor, "litellm_proxy": anyVendor, "gateway": anyVendor, "vercel": anyVendor, "ai-gateway": anyVendor,
	"langchain": anyVendor, "langgraph": anyVendor, "crewai": anyVendor, "crew_ai": anyVendor,
	"llama_index": anyVendor, "llamaindex": anyVendor, "llama-index": anyVendor, "autogen": anyVendor, "ag2": anyVendor,
	"agno": anyVendor, "dspy": anyVendor, "haystack": anyVendor, "smolagents": anyVendor, "mastra": anyVendor,
	"strands": anyVendor, "strands-agents": anyVendor, "gcp.vertex.agent": anyVendor, "google_adk": anyVendor,
	"google-adk": anyVendor, "microsoft.agent_framework": anyVendor, "agent_framework": anyVendor,
	"semantic_kernel": anyVendor, "microsoft.semantic_kernel": anyVendor, "openai_agents": anyVendor,
	"openai-agents": anyVendor, "pydantic-ai": anyVendor, "pydantic_ai": anyVendor,
}

// azureNames start the many names of Azure, which the price data would take for OpenAI or nobody.
var azureNames = []string{"azure", "az.ai."}

// vendorOf returns the vendor that a span's name of a provider means, or anyone: the model's name has to tell. Both are
// unset if the name means nothing here.
func (t *Table) vendorOf(name string) (v *vendor, anyone bool) {
	if id, ok := t.aliasOf(name); ok {
		return t.byID[id], id == anyVendor
	}
	for _, v := range t.vendors {
		if v.named != nil && v.named.match(name) {
			return v, false
		}
	}
	// Names such as "groq.chat" say what of the provider was called.
	if i := strings.IndexAny(name, "./"); i > 0 {
		if id, ok := t.aliasOf(name[:i]); ok && id != anyVendor {
			return t.byID[id], false
		}
	}
	return nil, false
}

// aliasOf returns the id of the vendor that is always meant by name, or anyVendor.
func (t *Table) aliasOf(name string) (id string, ok bool) {
	if id, ok := t.aliases[name]; ok {
		return id, true
	}
	if _, ok := t.byID[name]; ok {
		return name, true
	}
	if id, ok := vendorNames[name]; ok {
		return id, true
	}
	if slices.ContainsFunc(azureNames, func(start string) bool { return strings.HasPrefix(name, start) }) {
		return "azure", true
	}
	return "", false
}

// Parts of models' names that say where and when, not what.
var (
	region   = regexp.MustCompile(`^(?:us|us-gov|eu|apac|global|jp|au|ca|sa|me|af|in)\.`)
	maker    = regexp.MustCompile(`^(?:ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshotai|moonshot|nvidia|openai|qwen|stability|writer|zai)\.`)
	revision = regexp.MustCompile(`(?:@.*|-v\d+(?::\d+)?(?::\d+k)?|:\d+(?::\d+k)?)$`)
	day      = regexp.MustCompile(`[-@]20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$`)
	// packed is a day without dashes, somewhere in a name.
	packed = regexp.MustCompile(`-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(-|:|$)`)
)

// forms returns a model's name as it is, and then with ever more taken off that does not say which model it is: paths,
// the vendor's name, the region, the maker's name; revisions and days.
func (t *Table) forms(model string) []string {
	var all []string
	add := func(name string) {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, name := range t.bare(model) {
		add(name)
		name = revision.ReplaceAllString(name, "")
		add(name)
		add(day.ReplaceAllString(name, ""))
	}
	return all
}

// bare returns a model's name with ever more taken off its front.
func (t *Table) bare(model string) []string {
	all := []string{model}
	if i := strings.LastIndex(model, "models/"); i == 0 || i > 0 && model[i-1] == '/' {
		model = model[i+len("models/"):]
		all = append(all, model)
	}
	if strings.HasPrefix(model, "arn:") {
		model = model[strings.LastIndexByte(model, '/')+1:]
		all = append(all, model)
	}
	for {
		front, rest, ok := strings.Cut(model, "/")
		if id, _ := t.aliasOf(front); !ok || id == "" {
			break
		}
		model = rest
		all = append(all, model)
	}
	for _, front := range []*regexp.Regexp{region, maker} {
		if rest := front.ReplaceAllString(model, ""); rest != model {
			model = rest
			all = append(all, model)
		}
	}
	return all
}

// dashed writes days without dashes with them, as some resellers leave them out.
func dashed(model string) string { return packed.ReplaceAllString(model, "-$1-$2-$3$4") }
