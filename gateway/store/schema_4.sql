-- SPDX-License-Identifier: Apache-2.0
-- What version 4 adds: how many rows those tables have that grow beside the samples. Counting them
-- each time would mean to read them. (The ledger's entries are numbered.)
CREATE TABLE holdings (
  name TEXT PRIMARY KEY,          -- of the table
  rows INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO holdings SELECT 'hours', count(*) FROM hours;
INSERT INTO holdings SELECT 'official', count(*) FROM official;
INSERT INTO holdings SELECT 'reference', count(*) FROM reference;
