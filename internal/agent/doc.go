// Package agent says what the spans of an AI agent mean: it folds indexed spans into Facts, one per trace,
// under the names that rules, ledger rows and people use. It keeps no span and knows no storage.
package agent
