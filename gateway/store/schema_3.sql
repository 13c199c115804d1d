-- SPDX-License-Identifier: Apache-2.0
-- What version 3 adds: the values that official stations have given for an hour or a part of one.

-- The newest revision of each. A value is NULL where the agency says that there is none.
CREATE TABLE official (
  stream INTEGER NOT NULL,        -- "ref/hk-epd/mong-kok"
  start_ts INTEGER NOT NULL,      -- UTC, milliseconds
  quantity TEXT NOT NULL,
  end_ts INTEGER NOT NULL,
  document TEXT NOT NULL,         -- which of the feed's documents says so
  value REAL,
  flag INTEGER NOT NULL,
  gas_reference_k REAL,           -- of gases in ug/m3
  revision INTEGER NOT NULL,
  hash INTEGER NOT NULL,          -- of the content that the value came in
  PRIMARY KEY (stream, start_ts, quantity, end_ts, document)
) WITHOUT ROWID;
