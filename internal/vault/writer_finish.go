package vault

import (
	"encoding/binary"
	"slices"
)

// full tells that the block is as large as it should be, or cannot take many more records.
func (w *writer) full(limit int64) bool {
	return w.off >= limit || len(w.traces) > maxOrdinals/2 || len(w.sessions) > maxOrdinals/2
}

// finish writes index and footer, and commits the block. A block without sessions is not written: the footer is nil.
func (w *writer) finish() (*footer, int64, error) {
	if err := w.endSession(); err != nil {
		return nil, 0, err
	}
	if len(w.sessions) == 0 {
		w.upload.Abort()
		return nil, 0, nil
	}
	f := &w.footer
	f.unitsEnd = w.off
	f.sessionsN, f.tracesN = uint64(len(w.sessions)), uint64(len(w.traces))
	f.setExpiries(w.sessions)
	if err := w.writeTables(); err != nil {
		return nil, 0, err
	}
	end := appendFooter(nil, f)
	if err := w.write(appendTrailer(end, end)); err != nil {
		return nil, 0, err
	}
	if err := w.flush(); err != nil {
		return nil, 0, err
	}
	if err := w.upload.Commit(); err != nil {
		return nil, 0, err
	}
	return f, w.off, nil
}

// writeTables writes records, indexes, session ids and filters.
func (w *writer) writeTables() error {
	var sessions, traces []byte
	for i := range w.sessions {
		sessions = appendSessionRecord(sessions, &w.sessions[i])
	}
	for i := range w.traces {
		traces = appendTraceRecord(traces, &w.traces[i])
	}
	records := [tablesN][]byte{sessionRecords: sessions, traceRecords: traces}
	for i, entries := range w.index {
		slices.Sort(entries)
		w.index[i] = slices.Compact(entries)
		for _, e := range w.index[i] {
			records[sessionIndex+i] = binary.LittleEndian.AppendUint64(records[sessionIndex+i], e)
		}
	}
	f := &w.footer
	var page []byte
	for i, r := range records {
		f.tables[i] = table{off: w.off, n: len(r) / recordBytes[i], record: recordBytes[i]}
		page = appendPages(page[:0], r, recordBytes[i], f.id, w.off)
		if err := w.write(page); err != nil {
			return err
		}
	}
	f.heap = extent{w.off, int64(len(w.heap))}
	if err := w.write(w.heap); err != nil {
		return err
	}
	for i, entries := range w.index {
		f.filters[i] = filterFor(w.off, len(entries))
		page = appendFilter(page[:0], f.filters[i], entries, f.id)
		if err := w.write(page); err != nil {
			return err
		}
	}
	return nil
}
