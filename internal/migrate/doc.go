// Package migrate moves a Collector configuration from the tail_sampling processor to Tailwise: it takes the processor out
// of the configuration, makes a policy of its policies, in their own form or as rules that decide the same, and of its
// options a section of the extension, and puts the tailwise processor in its place.
//
//	Import      a configuration -> Result: the policy file, the edited configuration, what was done and what is left
//	translate   one policy -> one rule, or why there is none
//
// It is pure: files are read and written by its caller, and variables are resolved by a function that comes in.
package migrate
