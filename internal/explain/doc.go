// Package explain tells of one trace what a policy makes of it: what each rule and each of the policies: votes, and by
// what, and the verdict. It reads traces as files hold them, and folds and decides as the engine does.
package explain
