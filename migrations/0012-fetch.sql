-- Bytes an app exchanged with other servers on the day it did so last (days since 1970).
CREATE TABLE egress (
	app_id TEXT NOT NULL PRIMARY KEY,
	day    INTEGER NOT NULL,
	bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A value that is for one host goes into a header of requests to it, and never to the app's code. Part of what is sealed.
ALTER TABLE env ADD COLUMN host TEXT NOT NULL DEFAULT '';
