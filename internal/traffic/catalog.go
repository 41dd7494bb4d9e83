package traffic

// An agent of the imagined company: the service it runs in, its model and its tools.
type agent struct {
	service  service
	name, id string
	provider string
	host     string // of the model's API
	model    string
	response string // the model's name as it answers
	feature  string
	source   string // what retrieval searches
	tools    []tool
}

// A service is what a Resource describes; services are compared by value.
type service struct {
	name, version, host string
}

// A tool calls either another service by HTTP or a database; where is its host or its system.
type tool struct {
	name     string
	argument string
	database bool
	where    string
	path     string // of the HTTP call, or the table
}

var searchService = service{name: "knowledge-search", version: "2.11.0", host: "search-6b9f8d7c45-qx2lm"}

var agents = []agent{
	{
		service: service{"support-assistant", "4.2.1", "support-7d6c9b5f84-k8xzp"},
		name:    "support_agent", id: "asst_support_v4", provider: "openai", host: "api.openai.com",
		model: "gpt-5", response: "gpt-5-2026-05-14", feature: "support_chat", source: "help-center",
		tools: []tool{
			{"lookup_order", "order_id", true, "postgresql", "orders"},
			{"get_customer", "customer_id", true, "postgresql", "customers"},
			{"refund_payment", "payment_id", false, "payments.internal", "/v2/refunds"},
			{"track_parcel", "tracking_number", false, "shipping.internal", "/v1/parcels"},
		},
	},
	{
		service: service{"research-agent", "1.9.0", "research-5f7b6d9c8-2vmtw"},
		name:    "research_agent", id: "asst_research_v1", provider: "anthropic", host: "api.anthropic.com",
		model: "claude-sonnet-4-5", response: "claude-sonnet-4-5-20250929", feature: "deep_research", source: "papers",
		tools: []tool{
			{"web_search", "query", false, "search.internal", "/search"},
			{"fetch_page", "url", false, "crawler.internal", "/fetch"},
			{"save_note", "text", true, "mongodb", "notes"},
		},
	},
	{
		service: service{"code-assistant", "0.31.4", "coder-84c7d5b6f9-hn5rj"},
		name:    "coding_agent", id: "asst_code_v7", provider: "aws.bedrock", host: "bedrock-runtime.us-east-1.amazonaws.com",
		model: "anthropic.claude-opus-4", response: "anthropic.claude-opus-4-v1", feature: "code_review", source: "repository",
		tools: []tool{
			{"read_file", "path", false, "workspace.internal", "/files"},
			{"run_tests", "target", false, "ci.internal", "/runs"},
			{"apply_patch", "patch", false, "workspace.internal", "/patches"},
			{"grep", "pattern", false, "workspace.internal", "/grep"},
		},
	},
	{
		service: service{"sales-copilot", "2.0.8", "sales-66f58c7d9b-7wqcd"},
		name:    "sales_agent", id: "asst_sales_v2", provider: "gcp.vertex_ai", host: "aiplatform.googleapis.com",
		model: "gemini-3-pro", response: "gemini-3-pro-001", feature: "account_brief", source: "crm-notes",
		tools: []tool{
			{"query_crm", "account", true, "postgresql", "accounts"},
			{"list_invoices", "account", true, "postgresql", "invoices"},
			{"send_email", "recipient", false, "mail.internal", "/v1/messages"},
		},
	},
}

var tenants = []string{"acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "tyrell"}

// Routes of the services in Small traffic, and what their spans do.
var (
	shops  = []service{{"checkout", "3.4.0", "checkout-5d8f-4kx"}, {"catalog", "7.0.2", "catalog-9b7c-zz8"}, {"payments", "1.18.3", "payments-c66d-p2q"}}
	routes = []string{"GET /cart", "POST /orders", "GET /items/{id}", "PUT /profile", "GET /search"}
	works  = []string{"SELECT orders", "GET redis", "validate", "render", "POST /charge", "INSERT events", "authorize"}
)

// words are what texts are made of. None needs escaping in JSON.
var words = []string{
	"the", "of", "and", "to", "a", "in", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on", "not", "this",
	"are", "or", "from", "at", "which", "have", "an", "order", "customer", "account", "invoice", "delivery", "please",
	"address", "payment", "refund", "shipped", "received", "status", "number", "because", "before", "after", "their",
	"would", "could", "should", "service", "request", "response", "function", "returns", "value", "error", "result",
	"policy", "within", "thirty", "days", "business", "contact", "support", "team", "subscription", "renewal", "price",
	"changed", "updated", "summary", "section", "document", "according", "following", "details", "available", "warehouse",
	"carrier", "tracking", "estimated", "arrival", "confirmed", "cancelled", "partial", "balance", "credit", "debit",
	"transfer", "monthly", "annual", "contract", "terms", "condition", "requires", "approval", "manager", "region",
	"europe", "american", "standard", "express", "weight", "package", "returned", "damaged", "replacement", "warranty",
	"module", "package", "import", "struct", "pointer", "context", "deadline", "timeout", "retry", "backoff", "buffer",
	"stream", "channel", "database", "index", "query", "column", "schema", "migration", "transaction", "rollback",
	"benchmark", "latency", "throughput", "memory", "allocation", "garbage", "collector", "goroutine", "scheduler",
	"experiment", "hypothesis", "observed", "significant", "measured", "sample", "population", "variance", "increase",
	"decrease", "figure", "table", "appendix", "reference", "author", "journal", "published", "therefore", "however",
	"although", "between", "during", "several", "another", "without", "through", "against", "perhaps", "likely",
	"2024", "2025", "2026", "17", "42", "1,250", "99.95", "3.14", "12%", "50%", "A-1043", "B-7781", "v2.3", "Q3", "Q4",
}
