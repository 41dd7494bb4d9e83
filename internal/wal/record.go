package wal

import "fmt"

// SegmentID numbers segments from 1 on. Numbers grow and are never used again, though some may be skipped.
type SegmentID uint32

// Position is the place of a record: the segment in the upper 32 bits, the offset of its frame in the lower.
// Positions grow in log order and are never used again. 0 is before every record.
type Position uint64

func position(id SegmentID, off int64) Position { return Position(id)<<32 | Position(uint32(off)) }

// Segment is the segment that holds the record.
func (p Position) Segment() SegmentID { return SegmentID(p >> 32) }

// Offset is where the record's frame begins in its segment, in bytes.
func (p Position) Offset() uint32 { return uint32(p) }

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Segment(), p.Offset()) }

// Kind says what a record is. Its meaning belongs to the caller; 0 is invalid.
type Kind uint8

// Record is what Append takes.
type Record struct {
	Kind Kind
	// Meta is small; it is written before Body. Meta and Body together are at most 1 GiB.
	Meta []byte
	// Body is written from this very slice.
	Body []byte
	// Large names parts of Body, ascending and apart, that may have been said before: the large values of attributes.
	// What of them stands in the segment already is not written again. The log uses it until Append returns, and not at
	// all with Config.Compress. Parts that are out of order or outside are passed over.
	Large []Range
	// Attachment goes to the consumer, unchanged, when the record is delivered from memory. It is never written.
	Attachment any
	// Done, if set, is called exactly once when the log lets Meta, Body and Attachment go without handing them to the
	// consumer: the record was written and will be delivered from disk, or it failed. It is not called for a record
	// that is delivered from memory, whose slices are the consumer's from then on. It may run before or after the
	// Commit completes, on the log's goroutines or inside Append; it must be quick and not call the log.
	Done func()
}

// Delivery is a record on its way to the consumer.
type Delivery struct {
	Position Position
	Kind     Kind
	// Meta and Body are the slices given to Append when the record comes from memory, and the consumer's from then
	// on. Read from disk they are valid until Consumer.Record returns; from ReadRecord they are the caller's.
	Meta, Body []byte
	// Attachment is nil when read from disk.
	Attachment any
	FromDisk   bool
}

// Damage is a hole: bytes of a segment from which no record can be read. In the newest segment after a power cut it may
// be a torn write of records that were never acknowledged, with whole ones of the same group behind it.
type Damage struct {
	Segment SegmentID
	File    string // the name in the log's directory
	Offset  int64
	Length  int64
	Reason  string
}

// Consumer takes what the log delivers. All methods are called from one goroutine, in log order; while one runs,
// delivery waits, but nothing else does. They may call every method of Log but Close, and wait for commits. A record may
// be delivered before its Commit completes. A segment can be removed from its Sealed on.
type Consumer interface {
	// Record takes a durable record: each one once per Open.
	Record(Delivery)
	// Sealed says that the last record of a segment was delivered, and that no more will be written to it.
	Sealed(SegmentID)
	// CaughtUp is called once, when all that was in the log at Open has been delivered.
	CaughtUp()
	// Damaged reports a hole. All that is readable behind it is still delivered.
	Damaged(Damage)
}
