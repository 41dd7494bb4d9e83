// Package vault keeps held and kept traces in immutable blocks on a bucket: the spans of one session together, their
// original bytes, compressed over the session; found by session, by trace and by names such as response ids; merged,
// expired and deleted by writing new blocks in the place of old ones. It knows neither agents nor the log.
package vault
