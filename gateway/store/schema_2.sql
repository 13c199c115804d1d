-- SPDX-License-Identifier: Apache-2.0
-- What version 2 adds: hourly means.

-- One row per stream, quantity and hour, made of the samples in the rows first_row to last_row
-- (among others); made anew, with the next revision, when a late sample belongs to the hour.
CREATE TABLE hours (
  start_ts INTEGER NOT NULL,      -- UTC, milliseconds
  stream INTEGER NOT NULL,
  quantity TEXT NOT NULL,
  revision INTEGER NOT NULL,
  expected INTEGER NOT NULL,      -- samples, from the sensor's period
  used INTEGER NOT NULL,          -- samples that the numbers are made of
  passed INTEGER NOT NULL,        -- flag 1
  not_evaluated INTEGER NOT NULL, -- flag 2
  suspect INTEGER NOT NULL,       -- flag 3
  failed INTEGER NOT NULL,        -- flag 4
  missing INTEGER NOT NULL,       -- flag 9
  value REAL,                     -- mean, sum, largest or last, as the quantity is averaged
  minimum REAL,
  maximum REAL,
  deviation REAL,                 -- standard deviation; of directions Yamartino's
  u REAL,                         -- wind: the mean vector towards east
  v REAL,                         -- and north
  first_row INTEGER NOT NULL,
  last_row INTEGER NOT NULL,
  PRIMARY KEY (start_ts, stream, quantity)
) WITHOUT ROWID;
CREATE INDEX hours_of_quantity ON hours (stream, quantity, start_ts);

-- Every sample up to this row is in an hour that is kept. One row.
CREATE TABLE hours_done (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  row INTEGER NOT NULL
);
