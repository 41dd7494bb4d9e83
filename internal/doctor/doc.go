// Package doctor says what is wrong with the instrumentation that sends traces: by service and dialect, how much, with an
// example, and how it is mended in that library. It looks at every trace that is decided and at one span in thirty-two, of
// the last hour or two, in bounded memory. It decides nothing, knows no storage, reads no clock and starts nothing.
package doctor
