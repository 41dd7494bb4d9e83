// Package policy reads the rules that say which traces are kept, and applies them to the facts of traces. It is
// pure: time comes in, randomness is the traces' own, and it starts nothing and touches no file.
package policy
