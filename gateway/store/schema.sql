-- SPDX-License-Identifier: Apache-2.0
-- The store's tables, version 1 (schema_2.sql and so on add to it). What is written with every sample goes to the end of one table
-- without an index, so that a commit touches as few pages as possible. The rest is small, keyed,
-- and written seldom.

-- Every sample, in the order of acceptance. Rows are numbered without holes and deleted from the
-- oldest on. body is the JSON of the record less what is constant for its stream.
CREATE TABLE samples (
  row INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  seq INTEGER NOT NULL,           -- 1, 2, 3 ... within stream and epoch
  ts INTEGER NOT NULL,            -- UTC, milliseconds
  body TEXT NOT NULL
);

-- last_seq and last_ts hold as of mark.last_row; what came later is read from the rows themselves.
CREATE TABLE streams (
  stream INTEGER PRIMARY KEY,
  name TEXT NOT NULL,             -- "sensor/roof-pm"
  last_seq INTEGER NOT NULL,
  last_ts INTEGER,
  meta_revision INTEGER NOT NULL,
  meta_hash INTEGER NOT NULL
);

-- Up to which row streams and the number of rows are saved. One row.
CREATE TABLE mark (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  last_row INTEGER NOT NULL,
  rows INTEGER NOT NULL
);

-- An epoch holds from its first row to the next epoch's.
CREATE TABLE epochs (
  first_row INTEGER PRIMARY KEY,
  epoch TEXT NOT NULL,
  machine TEXT NOT NULL,          -- another machine must not go on counting
  started_ts INTEGER NOT NULL,
  reason TEXT NOT NULL
);

-- Outboxes: everything up to row is acknowledged.
CREATE TABLE cursors (
  sink TEXT PRIMARY KEY,
  row INTEGER NOT NULL
) WITHOUT ROWID;

-- The audited list of gaps.
CREATE TABLE ledger (
  entry INTEGER PRIMARY KEY,
  cause TEXT NOT NULL,
  stream TEXT NOT NULL,           -- "*": all
  start_ts INTEGER NOT NULL,
  end_ts INTEGER NOT NULL,
  count INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  sink TEXT NOT NULL,             -- gone for this sink only; '': gone from the store
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  epoch TEXT NOT NULL,            -- of these numbers
  announced INTEGER NOT NULL      -- stands on the stream `ledger` as well
);
CREATE TABLE ledger_sums (
  cause TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) WITHOUT ROWID;

-- Official values known so far. Begins with the time, so that new ones come last.
CREATE TABLE reference (
  start_ts INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  document TEXT NOT NULL,
  end_ts INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  PRIMARY KEY (start_ts, stream, document, end_ts)
) WITHOUT ROWID;

-- Retained topics that a sink's broker holds.
CREATE TABLE retained (
  sink TEXT NOT NULL,
  topic TEXT NOT NULL,
  PRIMARY KEY (sink, topic)
) WITHOUT ROWID;

CREATE TABLE remembered (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Runs of rows that were stamped by a clock that was not set. Within a block UTC less monotonic
-- time was offset_ms, which tells the right time once the right offset is known, in the same boot.
CREATE TABLE clock_blocks (
  first_row INTEGER PRIMARY KEY,
  last_row INTEGER NOT NULL,
  boot TEXT NOT NULL,
  offset_ms INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,      -- monotonic time of the first
  released INTEGER NOT NULL       -- may be sent, marked; amended once the clock is set
);

-- Ranges of rows still to be brought back from a damaged file, or lost with it (`file` is '').
-- Between the oldest row and the newest no other row is missing.
CREATE TABLE salvages (
  first_row INTEGER PRIMARY KEY,
  last_row INTEGER NOT NULL,
  file TEXT NOT NULL,
  hold INTEGER NOT NULL           -- not acknowledged everywhere: later rows wait until these are back
);
