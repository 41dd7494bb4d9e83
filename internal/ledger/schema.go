package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// applicationID marks the file as a ledger of ours, in the four bytes that SQLite keeps for this: "TWlg".
const applicationID = 0x54576c67

// schemaVersion is the version that this code writes and reads.
//
//	1: state, counts, policies, and two tables a day
const schemaVersion = 1

// pageBytes suits rows of 0.5 to 1.5 KB: measured against 4096, a row costs a quarter less to insert, as fewer of
// them sit on interior pages.
const pageBytes = 8192

// bucketRows is how many rows, in order of their arrival, share a bucket. Trace ids are random, so an index over all
// of them would touch, and write, one page a row. Both indexes lead with the bucket instead: inserts stay in a part
// of 16,384 entries that fits a few dozen pages, and a look-up asks every bucket, of which 4 GiB hold about 300.
const bucketRows = 1 << 14

// migrations[v] leads from version v to v+1. What is here has been released: append, never edit.
var migrations = []string{
	0: `
CREATE TABLE state (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	applied INTEGER NOT NULL,
	rows    INTEGER NOT NULL
);
INSERT INTO state VALUES (1, 0, 0);
CREATE TABLE counts (
	hour    INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	rules   TEXT    NOT NULL,
	n       INTEGER NOT NULL,
	PRIMARY KEY (hour, verdict, rules)
) WITHOUT ROWID;
CREATE TABLE policies (
	version TEXT NOT NULL PRIMARY KEY,
	text    BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE policy_uses (
	since     INTEGER NOT NULL,
	version   TEXT    NOT NULL REFERENCES policies,
	calibrate INTEGER NOT NULL,
	PRIMARY KEY (since, version)
) WITHOUT ROWID;`,
}

// daySchema makes the two tables of a day, DAY being 20261120. Rows are stored in the order that they are read in,
// facts last, so that a scan over the small columns does not walk their bytes.
const daySchema = `
CREATE TABLE traces_DAY (
	decided_at  INTEGER NOT NULL,
	trace       BLOB    NOT NULL,
	verdict     INTEGER NOT NULL,
	bucket      INTEGER NOT NULL,
	rules       TEXT    NOT NULL,
	session     TEXT,
	start       INTEGER NOT NULL,
	duration    INTEGER NOT NULL,
	spans       INTEGER NOT NULL,
	retention   TEXT    NOT NULL,
	probability REAL    NOT NULL,
	policy      TEXT    NOT NULL,
	facts       TEXT,
	PRIMARY KEY (decided_at, trace)
) WITHOUT ROWID;
CREATE INDEX traces_DAY_trace ON traces_DAY (bucket, trace);
CREATE INDEX traces_DAY_session ON traces_DAY (bucket, session) WHERE session IS NOT NULL;
CREATE TABLE exports_DAY (
	decided_at INTEGER NOT NULL,
	trace      BLOB    NOT NULL,
	at         INTEGER NOT NULL,
	through    INTEGER NOT NULL,
	refused    TEXT    NOT NULL,
	PRIMARY KEY (decided_at, trace)
) WITHOUT ROWID;`

// dayAt is the inverse of suffix. Midnight of the first day of all is out of reach of nanos.
func dayAt(midnight time.Time) day { return day(midnight.Unix() / 86400) }

const dayForm = "20060102"

// suffix is the day's part of its tables' names.
func (d day) suffix() string { return time.Unix(int64(d)*86400, 0).UTC().Format(dayForm) }

// onDay puts the day into a statement that says DAY.
func onDay(d day, statement string) string { return strings.ReplaceAll(statement, "DAY", d.suffix()) }

// querier is what *sql.Conn, *sql.Tx and *sql.DB have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// daysIn lists the days that have tables, newest first.
func daysIn(ctx context.Context, db querier) ([]day, error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB
		'traces_[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]' ORDER BY name DESC`)
	if err != nil {
		return nil, fmt.Errorf("list days: %w", err)
	}
	defer rows.Close()
	var days []day
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list days: %w", misread(ctx, err))
		}
		t, err := time.Parse(dayForm, strings.TrimPrefix(name, "traces_"))
		if err != nil {
			return nil, fmt.Errorf("list days: table %q: %w", name, ErrDamaged)
		}
		days = append(days, dayAt(t))
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list days: %w", err)
	}
	return days, nil
}
