-- Which message a receipt is about. Read by sqlite3 before every start of bearerbox.
CREATE TABLE IF NOT EXISTS dlr (
  smsc TEXT, ts TEXT, destination TEXT, source TEXT, service TEXT,
  url TEXT, mask INTEGER, status INTEGER, boxc TEXT,
  added TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX IF NOT EXISTS dlr_by_message ON dlr (smsc, ts);
-- Some messages never get a receipt; after a week none comes any more.
DELETE FROM dlr WHERE added < datetime('now', '-7 days');
