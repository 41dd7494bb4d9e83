// Package wal keeps an append-only log of records on disk and delivers every record, in order, to one consumer.
//
// Live traffic and recovery are the same road. A record takes effect when the log delivers it, after it is durable;
// what was in the log at Open is delivered first, then what is appended, by the same goroutine and through the same
// interface. The consumer's speed never holds up an Append: what waits for delivery is held in memory up to a
// bound, and read back from disk beyond it.
//
//	Append --> gather --> writer: one pwritev, one fdatasync, acks --> queue --> deliver --> Consumer
//	                                         |                                     ^
//	                                         +---------> segment files ------------+  when the queue is full,
//	                                                                                  and at the start
//
// A log is a directory of segment files, which are cut, sealed and removed whole. The page docs/formats/wal.md draws
// the bytes; docs/durability.md lists the assumptions, every point at which a crash can come, and what follows.
package wal
