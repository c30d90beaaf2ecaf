-- What the owner allows one app where that is not what the settings say: rows of kernel/budget.def.
CREATE TABLE limits (
	app_id TEXT NOT NULL,
	name   TEXT NOT NULL,
	value  INTEGER NOT NULL,
	PRIMARY KEY (app_id, name)
) STRICT, WITHOUT ROWID;

-- An app that was ended again and again: until when it is let alone, and how long that pause is.
ALTER TABLE apps ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN suspension INTEGER NOT NULL DEFAULT 0;

-- What the owner should know. The same again is the same row.
CREATE TABLE notices (
	id      TEXT NOT NULL PRIMARY KEY,
	kind    TEXT NOT NULL,
	app_id  TEXT NOT NULL,      -- '' about none
	topic   TEXT NOT NULL,      -- what tells two of a kind apart
	title   TEXT NOT NULL,
	body    TEXT NOT NULL,
	times   INTEGER NOT NULL,
	created INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	seen    INTEGER NOT NULL    -- 0: not yet
) STRICT;
CREATE UNIQUE INDEX notices_topic ON notices (kind, app_id, topic);
