-- SPDX-License-Identifier: Apache-2.0
-- What subscriber.py keeps: every record once, and which numbers are known to be nowhere any more.
CREATE TABLE IF NOT EXISTS obs (
  gateway text NOT NULL,
  stream  text NOT NULL,          -- the topic below twinsky/v1/<gateway>/, without /obs
  epoch   text NOT NULL,
  seq     bigint NOT NULL,
  time    timestamptz NOT NULL,   -- when it was measured
  record  jsonb NOT NULL,
  PRIMARY KEY (gateway, stream, epoch, seq));
CREATE INDEX IF NOT EXISTS obs_by_time ON obs (gateway, stream, time);

-- The gateway was asked for these and has them no more: its ledger says why.
CREATE TABLE IF NOT EXISTS absent (
  gateway text NOT NULL,
  stream  text NOT NULL,
  epoch   text NOT NULL,
  first   bigint NOT NULL,
  last    bigint NOT NULL,
  PRIMARY KEY (gateway, stream, epoch, first, last));

-- With TimescaleDB, before the first record:
--   SELECT create_hypertable('obs', 'time');
-- which wants `time` in the key: PRIMARY KEY (gateway, stream, epoch, seq, time).
