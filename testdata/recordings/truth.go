package recordings

// Truth is what really happened while a recording was made. The provider counted the calls and their tokens, the
// program its tools and turns.
type Truth struct {
	Calls   int `json:"calls"`   // calls of a model, however many attempts each took
	Retries int `json:"retries"` // attempts beyond the first of each call
	Errors  int `json:"errors"`  // calls of which no attempt succeeded

	Tokens Tokens `json:"tokens"`
	Tools  Tools  `json:"tools"`

	FinishReasons  []string `json:"finish_reasons"` // of the calls that succeeded, in the API's own words, in order
	Refusals       int      `json:"refusals"`
	Models         []string `json:"models"`          // as asked for
	ResponseModels []string `json:"response_models"` // as the provider named them

	Sessions    []string `json:"sessions"`     // that the program told the library; none where there is no way to
	User        string   `json:"user"`         // that the program told the library, or empty
	Turns       int      `json:"turns"`        // turns of the conversation
	FailedTurns int      `json:"failed_turns"` // turns that ended in an error the program saw

	Served     []Served   `json:"served"`
	Embeddings Embeddings `json:"embeddings"`
	Untold     []string   `json:"untold"` // facts that nothing in the recording tells: a key of Truth, "tokens.cached", "response_ids", ...
	Note       string     `json:"note"`
}

// Tokens are sums over the calls that succeeded. Input includes Cached and CacheWrite, Output includes Reasoning.
type Tokens struct {
	Input      int `json:"input"`
	Cached     int `json:"cached"`
	CacheWrite int `json:"cache_write"`
	Output     int `json:"output"`
	Reasoning  int `json:"reasoning"`
}

// Tools counts tool calls.
type Tools struct {
	Asked  int `json:"asked"`  // by the model
	Run    int `json:"run"`    // by the program, which refuses calls whose arguments are broken
	Errors int `json:"errors"` // runs that failed
}

// Served is one attempt at a call: a request that the provider got. Where Status is not 200 the counts are absent.
type Served struct {
	API        string   `json:"api"` // chat, responses, anthropic or gemini
	Model      string   `json:"model"`
	Status     int      `json:"status"`
	Streamed   bool     `json:"streamed"`
	ID         string   `json:"id"` // the response's
	Finish     string   `json:"finish"`
	Input      int      `json:"input"`
	Cached     int      `json:"cached"`
	CacheWrite int      `json:"cache_write"`
	Output     int      `json:"output"`
	Reasoning  int      `json:"reasoning"`
	Tools      []string `json:"tools"` // the names of the tools asked for
}

// Embeddings counts embedding requests.
type Embeddings struct {
	Calls  int `json:"calls"`
	Tokens int `json:"tokens"`
}
