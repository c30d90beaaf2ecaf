-- Upgrades that change rows, and the way back.

-- Data migrations (migrations/NAME of a package) that an app's rows have been through, or never need.
CREATE TABLE applied (
	app_id TEXT NOT NULL,
	name   TEXT NOT NULL,
	at     INTEGER NOT NULL,
	PRIMARY KEY (app_id, name)
) STRICT, WITHOUT ROWID;

-- An app's rows as they were when a version stopped serving: a portable stream (kernel/portable) in pieces. Only that of
-- the version before the one that serves is kept.
CREATE TABLE snapshots (
	app_id  TEXT NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL,
	taken   INTEGER NOT NULL,
	bytes   INTEGER NOT NULL,
	rows    INTEGER NOT NULL
) STRICT;

CREATE TABLE snapshot_parts (
	app_id TEXT NOT NULL,
	seq    INTEGER NOT NULL,
	bytes  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX snapshot_parts_seq ON snapshot_parts (app_id, seq);

-- What came of the rehearsal of a candidate that is an upgrade: JSON, shown before consent.
ALTER TABLE candidates ADD COLUMN rehearsal TEXT NOT NULL DEFAULT '';

-- Until this moment the app answers 503, because its rows are being migrated. Whoever is killed meanwhile leaves it to pass.
ALTER TABLE apps ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
