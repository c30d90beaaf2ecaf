-- Everything that waits for the owner's word, one row each: questions of apps, and packages that may become a version.

-- pending → approved → applied | denied | expired | stale, once. What a package is stays in candidates, under the same id.
CREATE TABLE decisions (
	id      TEXT NOT NULL PRIMARY KEY,
	kind    TEXT NOT NULL CHECK (kind IN ('halt', 'package')),
	app_id  TEXT NOT NULL,      -- the app that asks; '' a package that the owner fetched, or brought over
	version INTEGER NOT NULL,   -- the code that asks, or 0
	run_id  TEXT NOT NULL,      -- the first run that asked, or ''
	about   TEXT NOT NULL,      -- the app that gets another version, or ''
	base    INTEGER NOT NULL,   -- the version of it that was looked at; once another serves, this is stale
	reason  TEXT NOT NULL,
	data    TEXT NOT NULL,      -- JSON
	what    TEXT NOT NULL,      -- hash of app, version, reason and data; of a package, its own
	asked   INTEGER NOT NULL,
	expires INTEGER NOT NULL,   -- 0: never
	state   TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'applied', 'denied', 'expired', 'stale')),
	by      TEXT NOT NULL,
	note    TEXT NOT NULL,
	answer  TEXT NOT NULL,      -- JSON: data as the owner wants it; of a package, the version it became
	decided INTEGER NOT NULL
) STRICT;
CREATE INDEX decisions_app ON decisions (app_id, state, what);
CREATE INDEX decisions_about ON decisions (about, state) WHERE about <> '';
CREATE INDEX decisions_state ON decisions (state, id);

INSERT INTO decisions (id, kind, app_id, version, run_id, about, base, reason, data, what, asked, expires, state, by, note, answer, decided)
	SELECT id, 'halt', app_id, version, run_id, '', 0, reason, data, what, asked, ifnull(expires, 0),
	       CASE state WHEN 'void' THEN 'stale' ELSE state END, by, note, answer, decided FROM halts;
INSERT INTO decisions (id, kind, app_id, version, run_id, about, base, reason, data, what, asked, expires, state, by, note, answer, decided)
	SELECT c.id, 'package', '', 0, '', c.for_app, ifnull((SELECT version FROM apps a WHERE a.id = c.for_app), 0), c.reason, 'null', c.package,
	       c.changed, 0, 'pending', '', '', 'null', 0 FROM candidates c WHERE c.state = 'ready';
DROP TABLE halts;

-- A package that an app proposes: which app and run, for which version of the app it is to replace, and what it says about it.
ALTER TABLE candidates ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE candidates ADD COLUMN run_id TEXT NOT NULL DEFAULT '';
ALTER TABLE candidates ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE candidates ADD COLUMN words TEXT NOT NULL DEFAULT '';
ALTER TABLE candidates ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
