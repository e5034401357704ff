-- sqlite3 /var/spool/kannel/dlr.sqlite < dlr.sql
-- A receipt is about a message for three days; older rows are of no use to anybody.
CREATE TABLE IF NOT EXISTS dlr (
  smsc TEXT, ts TEXT, destination TEXT, source TEXT, service TEXT,
  url TEXT, mask INTEGER, status INTEGER, boxc TEXT
);
CREATE INDEX IF NOT EXISTS dlr_by_message ON dlr (smsc, ts);
